-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
local t = {}
print(pcall(function() for i = 1, 1e9 do local a, b = i, i; t[i] = function() a = a + b return a end end end))
