-- table.sort with and without a comparator, insert and remove at both ends, concat, unpack.
local n = tonumber(arg and arg[1]) or 120000
local unpack = table.unpack or unpack

local seed = 7
local function random(limit)
  seed = (seed * 16807) % 2147483647
  return seed % limit
end

local function fold(list, hash)
  for i = 1, #list do
    hash = (hash * 31 + list[i]) % 1000003
  end
  return hash
end

local hash = 0
for round = 1, 2 do
  local numbers = {}
  for i = 1, n do
    numbers[i] = random(1000000)
  end
  table.sort(numbers)
  hash = fold(numbers, hash)
  table.sort(numbers, function(a, b) return a > b end)
  hash = fold(numbers, hash)

  local records = {}
  for i = 1, n / 2 do
    records[i] = { key = random(500), id = i }
  end
  table.sort(records, function(a, b)
    if a.key ~= b.key then return a.key < b.key end
    return a.id < b.id
  end)
  for i = 1, #records, 5 do
    hash = (hash * 31 + records[i].id) % 1000003
  end

  local words = {}
  for i = 1, n / 3 do
    words[i] = "w" .. random(100000)
  end
  table.sort(words)
  hash = (hash + #table.concat(words, ",")) % 1000003

  local stack = {}
  for i = 1, n * 4 do
    table.insert(stack, i)
    if i % 3 == 0 then hash = (hash + table.remove(stack)) % 1000003 end
  end

  local queue = {}
  for i = 1, 400 do
    table.insert(queue, 1, i * round)
  end
  for _ = 1, n / 30 do
    local head = table.remove(queue, 1)
    table.insert(queue, 200, head + 1)
    hash = (hash + head) % 1000003
  end

  local window = {}
  for i = 1, 20 do window[i] = i end
  for i = 1, n do
    local a, b, c = unpack(window, i % 17 + 1, i % 17 + 3)
    hash = (hash + a * b + c) % 1000003
  end
end
print(string.format("table checksum %d", hash))
