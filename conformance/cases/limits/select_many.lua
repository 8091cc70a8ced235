-- memory: 64M
-- seconds: 20
-- prints: 1275
local t = {}
for i = 1, 200000 do t[i] = i end
local function sum(...)
  local s = 0
  for i = 1, 50 do s = s + select(i, ...) end
  return s
end
print(sum(table.unpack(t)))
