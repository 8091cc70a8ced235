-- pcall returns everything, nests, and protects host functions.
print(pcall(function() return 1, nil, 3, nil end)) print(select("#", pcall(function() return nil, nil end))) print(pcall(print, "host")) print(pcall(pcall)) print(pcall(pcall, error, "x"))
print(pcall(pcall, pcall, pcall, error)) print(pcall(nil)) print(pcall(5, 1)) print(pcall({})) print(pcall(setmetatable({}, { __call = function(_, x) return x end }), 7))
print(select(2, pcall(select, 2, "a", "b")), pcall(string.len, "four"), pcall(next, {}))
local function levels(n) if n == 0 then error("bottom", 0) end local ok, m = pcall(levels, n - 1) error(m .. n, 0) end print(pcall(levels, 5))
local t = {} print(pcall(function() t.x = 1 error("after change") end)) print(t.x)
for i = 1, 3 do local ok, m = pcall(function() if i == 2 then error("two", 0) end return i end) io.write(tostring(ok), ":", m, " ") end print()
