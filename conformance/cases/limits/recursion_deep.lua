-- memory: 64M
-- seconds: 20
-- prints: false	
local function f(n) return 1 + f(n + 1) end
print(pcall(f, 1))
local function g(...) return 1 + g(1, ...) end
print(pcall(g))
local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end })
print(pcall(function() return t[1] end))
print(pcall(string.gsub, "x", "x", function() return (("x"):gsub("x", f)) end))
