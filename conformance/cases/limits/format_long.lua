-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
print(pcall(string.format, "%99999d", 1))
print(pcall(string.format, "%99.99f", 1e308))
local s = ("\1"):rep(10 << 20)
print(pcall(string.format, "%q", s))
print(pcall(string.format, ("%s"):rep(50), table.unpack((function() local t = {} for i = 1, 50 do t[i] = s end return t end)())))
print(pcall(string.format, ("%99d"):rep(200), table.unpack((function() local t = {} for i = 1, 200 do t[i] = i end return t end)())))
print(pcall(string.format, ("x"):rep(30 << 20) .. "%d", 1))
