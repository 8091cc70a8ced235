-- memory: 8M
-- seconds: 20
-- prints: false	not enough memory
-- prints: false	handled not enough memory
local function f(n) return 1 + f(n + 1) end
print(pcall(f, 1))
print(xpcall(f, function(e) return "handled " .. tostring(e) end, 1))
