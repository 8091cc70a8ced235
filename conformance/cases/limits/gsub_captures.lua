-- memory: 64M
-- seconds: 20
local s = ("x"):rep(8 << 20)
print(pcall(string.match, s, ("(.*)"):rep(30)))
print(pcall(string.find, s, "((((((((.*))))))))"))
local n = 0
for a, b in s:gmatch("(.*)(.*)") do n = n + #a + #b end
print(n)
print(select("#", pcall(string.match, ("x"):rep(1000), ("()"):rep(32))))
