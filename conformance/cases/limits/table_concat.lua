-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
local t = {}
for i = 1, 1000 do t[i] = ("x"):rep(1000) end
for i = 1, 100 do local s = table.concat(t) end
for i = 1001, 20000 do t[i] = t[1] end
print(pcall(table.concat, t))
for i = 20001, 100000 do t[i] = t[1] end
print(pcall(table.concat, t))
print(pcall(table.concat, t, ("y"):rep(100000)))
