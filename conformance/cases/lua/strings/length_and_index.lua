-- Length, methods on strings, indexing of strings.
local s = "hello"
print(#s, s:len(), ("x"):rep(3), s.len == string.len, s.missing, ("abc"):upper(), #"" == 0)
print(pcall(function() return s.x.y end))
print(pcall(function() s.x = 1 end))
print(pcall(function() return #5 end))
print(s:sub(2, 3), s:sub(-3), s:sub(2), s:sub(0), s:sub(10), s:sub(-100, 2), s:sub(3, 2), s:sub(-3, -2), s:sub(2, -2))
print(s:sub(math.mininteger, math.maxinteger), s:sub(math.maxinteger))
print(getmetatable("").__index == string, getmetatable("").__name)
