-- Coroutines: producer and consumer, a ring that passes a token, recursive generators, many short-lived ones.
local n = tonumber(arg and arg[1]) or 500000

local create, resume, yield, wrap = coroutine.create, coroutine.resume, coroutine.yield, coroutine.wrap

local function producer(count)
  return wrap(function()
    for i = 1, count do
      yield(i)
    end
  end)
end

local function filtered(source, divisor)
  return wrap(function()
    for value in source do
      if value % divisor ~= 0 then yield(value) end
    end
  end)
end

local function ring(members, rounds)
  local nodes, total = {}, 0
  for i = 1, members do
    nodes[i] = create(function(token)
      while true do
        token = yield(token + i)
      end
    end)
  end
  local token = 0
  for _ = 1, rounds do
    for i = 1, members do
      local _, passed = resume(nodes[i], token)
      token = passed % 65521
    end
    total = (total + token) % 1000003
  end
  return total
end

local function tree(low, high)
  if low > high then return nil end
  local middle = math.floor((low + high) / 2)
  return { value = middle, left = tree(low, middle - 1), right = tree(middle + 1, high) }
end

local function walk(node)
  if node then
    walk(node.left)
    yield(node.value)
    walk(node.right)
  end
end

local function permutations(list, size)
  if size == 0 then
    yield(list)
  else
    for i = 1, size do
      list[i], list[size] = list[size], list[i]
      permutations(list, size - 1)
      list[i], list[size] = list[size], list[i]
    end
  end
end

local sum = 0
for value in filtered(filtered(producer(n * 2), 3), 5) do
  sum = (sum + value) % 1000003
end
sum = sum + ring(50, math.floor(n / 20))
local root = tree(1, n)
for value in wrap(function() walk(root) end) do
  sum = (sum * 3 + value) % 1000003
end
local seen = 0
for list in wrap(function() permutations({ 1, 2, 3, 4, 5, 6, 7, 8 }, 8) end) do
  seen = (seen * 7 + list[1] * 10 + list[8]) % 1000003
end
for i = 1, n do
  local short = wrap(function(a) local b = yield(a + 1); return b * 2 end)
  sum = (sum + short(i) + short(3)) % 1000003
end
print(string.format("coroutines %d, permutations %d", sum, seen))
