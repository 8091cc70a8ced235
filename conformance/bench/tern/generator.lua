local function count(n)
  return coroutine.wrap(function()
    local i = 0
    while i < n do
      i = i + 1
      coroutine.yield(i)
    end
  end)
end
local sum = 0
for i in count(2000000) do sum = sum + i end
print(sum)
