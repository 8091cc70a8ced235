-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
print(pcall(function() for i = 1, 1e9 do _G["g" .. i] = i end end))
