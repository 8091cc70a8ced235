-- memory: 64M
-- seconds: 20
-- prints: nil	not enough memory
local s = "return {" .. string.rep("1,", 2e6) .. "}"
print(load(s))
