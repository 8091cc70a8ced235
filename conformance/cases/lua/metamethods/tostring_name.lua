-- __name in messages of the library and the core.
local t = setmetatable({}, { __name = "Widget" })
print((tostring(t):gsub("0x%x+", "ADDRESS")))
print(pcall(function() return t + 1 end)) print(pcall(function() return #t < t end)) print(pcall(function() return t .. "x" end))
print(pcall(string.rep, t)) print(pcall(function() t() end)) print(pcall(ipairs)) print(pcall(math.floor, t))
