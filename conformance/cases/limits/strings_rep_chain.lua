-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
-- prints: done
local s = "x"
print(pcall(function() while true do s = s .. s end end))
s = "x"
print(pcall(function() while true do s = s:rep(3) end end))
print(pcall(string.rep, "x", 1 << 30))
print(pcall(string.rep, "x", 1 << 20, ("y"):rep(1000)))
for i = 1, 200 do local x = ("x"):rep(20 << 20) end
for i = 1, 200 do local x = ("x"):rep(i << 17):upper():lower():reverse() end
print "done"
