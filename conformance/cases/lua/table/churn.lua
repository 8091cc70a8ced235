-- Tables whose entries come and go: what is there stays right, and a border is one.
local function churn(key_of, live, rounds)
  local t = {}
  for i = 1, rounds do
    t[key_of(i)] = i
    if i > live then t[key_of(i - live)] = nil end
  end
  local count, sum = 0, 0
  for key, value in pairs(t) do
    count, sum = count + 1, sum + value
    assert(t[key] == value and key_of(value) == key)
  end
  return count, sum
end
for _, live in ipairs({ 1, 3, 30, 31, 32, 33, 63, 64, 100, 500, 1000 }) do
  print(live, churn(function(i) return i * 2.5 end, live, 3000))
  print(live, churn(function(i) return "key" .. i end, live, 3000))
  print(live, churn(function(i) return -i end, live, 3000))
  print(live, churn(function(i) return i end, live, 3000))
  print(live, churn(function(i) return i % 2 == 0 and i or i + 0.5 end, live, 3000))
end
local queue, first, last = {}, 1, 0
local seen = 0
for i = 1, 5000 do
  last = last + 1
  queue[last] = i
  if i % 3 ~= 0 or last - first > 40 then
    seen = seen + queue[first]
    queue[first] = nil
    first = first + 1
  end
end
local left = 0
for _ in pairs(queue) do left = left + 1 end
print(seen, last - first + 1, left, queue[last], queue[first - 1])
