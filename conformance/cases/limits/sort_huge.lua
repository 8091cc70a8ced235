-- memory: 64M
-- seconds: 60
local t = {}
for i = 1, 1500000 do t[i] = (i * 7919) % 1500007 end
table.sort(t)
table.sort(t, function(a, b) return a > b end)
print(t[1])
