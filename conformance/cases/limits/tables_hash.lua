-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
local t = {}
print(pcall(function() for i = 1, 1e9 do t[i * 1.5] = i end end))
t = {}
print(pcall(function() for i = 1, 1e9 do t["k" .. i] = i end end))
t = {}
print(pcall(function() for i = 1e9, 1, -1 do t[i] = true end end))
