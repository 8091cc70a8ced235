-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
local s = ("x"):rep(1 << 20)
print(pcall(string.gsub, s, "x", ("y"):rep(1000)))
print(pcall(string.gsub, s, "x", function(c) return ("y"):rep(1000) end))
print(pcall(string.gsub, s, "x", { x = ("y"):rep(1000) }))
print(pcall(string.gsub, s, "()", "%1%1%1%1%1%1%1%1%1"))
print(pcall(string.gsub, ("x"):rep(10 << 20), ".*", "%0%0%0%0%0%0%0%0"))
