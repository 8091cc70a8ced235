local map = {}
local i = 0
while i < 200000 do
  i = i + 1
  map["key" .. i % 1000] = (map["key" .. i % 1000] or 0) + i
end
local sum, round = 0, 0
while round < 1000 do
  round = round + 1
  for key, value in pairs(map) do sum = sum + value % 7 end
end
print(sum)
