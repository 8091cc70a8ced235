-- Heap sort, quick sort and merge sort written in Lua: array reads and writes with computed indices.
local n = tonumber(arg and arg[1]) or 300000

local seed = 99
local function numbers(count)
  local list = {}
  for i = 1, count do
    seed = (seed * 16807) % 2147483647
    list[i] = seed % 1000000 / 8
  end
  return list
end

local function sift(list, start, stop)
  local root = start
  local value = list[root]
  while root * 2 <= stop do
    local child = root * 2
    if child < stop and list[child] < list[child + 1] then child = child + 1 end
    if value >= list[child] then break end
    list[root] = list[child]
    root = child
  end
  list[root] = value
end

local function heap_sort(list)
  local count = #list
  for start = math.floor(count / 2), 1, -1 do
    sift(list, start, count)
  end
  for stop = count, 2, -1 do
    list[1], list[stop] = list[stop], list[1]
    sift(list, 1, stop - 1)
  end
end

local function quick_sort(list, low, high)
  while low < high do
    local pivot = list[math.floor((low + high) / 2)]
    local i, j = low, high
    while i <= j do
      while list[i] < pivot do i = i + 1 end
      while list[j] > pivot do j = j - 1 end
      if i <= j then
        list[i], list[j] = list[j], list[i]
        i = i + 1
        j = j - 1
      end
    end
    if j - low < high - i then
      quick_sort(list, low, j)
      low = i
    else
      quick_sort(list, i, high)
      high = j
    end
  end
end

local function merge_sort(list)
  local source, target, width, count = list, {}, 1, #list
  while width < count do
    for left = 1, count, 2 * width do
      local middle = math.min(left + width, count + 1)
      local stop = math.min(left + 2 * width, count + 1)
      local i, j = left, middle
      for k = left, stop - 1 do
        if i < middle and (j >= stop or source[i] <= source[j]) then
          target[k] = source[i]
          i = i + 1
        else
          target[k] = source[j]
          j = j + 1
        end
      end
    end
    source, target = target, source
    width = width * 2
  end
  return source
end

local function check(list)
  local hash = 0
  for i = 1, #list do
    if i > 1 and list[i - 1] > list[i] then error("not sorted at " .. i) end
    if i % 50 == 0 then hash = (hash * 31 + list[i] * 8) % 1000003 end
  end
  return hash
end

local first, second, third = numbers(n), numbers(n), numbers(n)
heap_sort(first)
quick_sort(second, 1, #second)
third = merge_sort(third)
print(string.format("sorts %d %d %d", check(first), check(second), check(third)))
