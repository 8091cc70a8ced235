-- Hash tables with string, integer, sparse, float and table keys: insert, look up, delete, traverse.
local n = tonumber(arg and arg[1]) or 150000

local checksum = 0
local function add(value)
  checksum = (checksum + value) % 1000000007
end

local function sparse_integers()
  local map = {}
  for i = 1, n do
    map[(i * 7919) % 10000019] = i
  end
  local hits = 0
  for i = 1, n * 2 do
    if map[(i * 7919) % 10000019] then hits = hits + 1 end
  end
  local sum = 0
  for key, value in pairs(map) do
    sum = (sum + key * 3 + value) % 1000003
  end
  add(hits + sum)
end

local function string_keys()
  local counts = {}
  for i = 1, n do
    local key = "user" .. (i * 17) % 3001
    counts[key] = (counts[key] or 0) + 1
  end
  local total, size = 0, 0
  for key, count in pairs(counts) do
    total = total + count * #key
    size = size + 1
  end
  add(total + size)
end

local function deletions()
  local map = {}
  for i = 1, n do
    map[i * 2.5] = i
    if i > 1000 then map[(i - 1000) * 2.5] = nil end
  end
  local left = 0
  for _ in pairs(map) do left = left + 1 end
  add(left)
end

local function object_keys()
  local objects, rank = {}, {}
  for i = 1, n / 10 do
    local object = { i }
    objects[i] = object
    rank[object] = i
  end
  for round = 1, 5 do
    for i = 1, #objects do
      local object = objects[i]
      rank[object] = rank[object] + round
    end
  end
  local sum = 0
  for object, value in pairs(rank) do
    sum = (sum + value * object[1]) % 1000003
  end
  add(sum)
end

local function fields()
  local point = { x = 1, y = 2, z = 3, name = "p", visible = true }
  local keys = { "x", "y", "z" }
  local sum = 0
  for i = 1, n * 5 do
    local key = keys[i % 3 + 1]
    point[key] = point[key] + 1
    if point.visible then sum = sum + point.x end
  end
  add(sum + point.y + point.z)
end

local function graph()
  local cells = {}
  local side = math.floor(math.sqrt(n))
  for x = 1, side do
    for y = 1, side do
      cells[x * 1000003 + y] = (x * y) % 7
    end
  end
  local sum = 0
  for x = 2, side - 1 do
    for y = 2, side - 1 do
      local base = x * 1000003 + y
      sum = sum + cells[base - 1] + cells[base + 1] + cells[base - 1000003] + cells[base + 1000003]
    end
  end
  add(sum)
end

for _ = 1, 2 do
  sparse_integers()
  string_keys()
  deletions()
  object_keys()
  fields()
  graph()
end
print(string.format("hash map checksum %d", checksum))
