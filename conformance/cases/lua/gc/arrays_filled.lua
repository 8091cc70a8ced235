-- Filling an array allocates nothing but its larger parts: the collector has to go on meanwhile.
local most = 0
for round = 1, 4 do
  local array = {}
  for i = 1, 600000 do
    array[i] = i
  end
  most = math.max(most, collectgarbage("count"))
end
print(most < 64 * 1024)
