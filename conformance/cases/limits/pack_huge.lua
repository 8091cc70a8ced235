-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
print(pcall(string.pack, ("s4"):rep(100), table.unpack((function() local t = {} for i = 1, 100 do t[i] = ("x"):rep(1 << 20) end return t end)())))
print(pcall(string.pack, "c" .. (1 << 30), "x"))
print(pcall(string.pack, ("c1000000"):rep(1000), table.unpack((function() local t = {} for i = 1, 1000 do t[i] = "x" end return t end)())))
local s = ("x"):rep(20 << 20)
print(#string.unpack("c" .. #s, s))
print(pcall(function() local t = {} for i = 1, 100 do t[i] = string.unpack("z", s .. "\0") end end))
