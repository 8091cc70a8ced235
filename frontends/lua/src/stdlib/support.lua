-- What library functions do to objects with metamethods: the operations of the language, and the slow forms of functions
-- whose fast form works on plain tables. The library compiles this when it first needs it, and calls it like guest code.
-- No function may capture anything, or use globals: each is exported by its name.

local function get(t, k) return t[k] end
local function set(t, k, v) t[k] = v end
local function less(a, b) return a < b end
local function equal(a, b) return a == b end
local function length(t) return #t end

local function insert_at(t, e, pos, v)
  for i = e, pos + 1, -1 do t[i] = t[i - 1] end
  t[pos] = v
end

local function remove_at(t, size, pos)
  local v = t[pos]
  while pos < size do
    t[pos] = t[pos + 1]
    pos = pos + 1
  end
  t[pos] = nil
  return v
end

local function move_up(a, f, n, t, b)
  for i = 0, n - 1 do b[t + i] = a[f + i] end
  return b
end

local function move_down(a, f, n, t, b)
  for i = n - 1, 0, -1 do b[t + i] = a[f + i] end
  return b
end

-- Copies t[from .. to] into a plain table, from 1 on.
local function read_all(t, from, to)
  local plain = {}
  if from <= to then
    local n = to - from
    for i = 0, n do plain[i + 1] = t[from + i] end
  end
  return plain
end

-- As read_all, but not further than to the first nil; the range is not empty.
local function read_to_nil(t, from, to)
  local plain, n = {}, 1
  while true do
    local v = t[from]
    plain[n] = v
    if v == nil or from == to then return plain end
    from = from + 1
    n = n + 1
  end
end

local function write_all(plain, n, t)
  for i = 1, n do t[i] = plain[i] end
end

-- Sorts t[1 .. size], two elements or more, by a quicksort with the pivots and partitions of PUC Lua, so that equal elements
-- end up where they do there. Gives false when the order function contradicts itself, in the same cases.
local function sort_by(t, size, less)
  local lows, highs, salts, waiting = {}, {}, {}, 0
  local low, high, salt = 1, size, 0
  while true do
    local length = high - low
    if less(t[high], t[low]) then t[low], t[high] = t[high], t[low] end
    if length > 1 then
      local middle = low + length // 2
      if length >= 100 and salt ~= 0 then
        -- Partitions have been uneven. The salt stands where PUC takes the time of day.
        local quarter = length // 4
        middle = salt % (quarter * 2) + low + quarter
      end
      if less(t[middle], t[low]) then
        t[middle], t[low] = t[low], t[middle]
      elseif less(t[high], t[middle]) then
        t[middle], t[high] = t[high], t[middle]
      end
      if length > 2 then
        local pivot = t[middle]
        t[middle], t[high - 1] = t[high - 1], t[middle]
        local left, right = low + 1, high - 2
        while true do
          while less(t[left], pivot) do
            if left == high - 1 then return false end
            left = left + 1
          end
          while less(pivot, t[right]) do
            if right < left then return false end
            right = right - 1
          end
          if right < left then break end
          t[left], t[right] = t[right], t[left]
          left, right = left + 1, right - 1
        end
        t[high - 1], t[left] = t[left], t[high - 1]
        -- The larger side waits while the smaller one is sorted, so that few wait.
        local small_low, small_high, large_low, large_high = left + 1, high, low, left - 1
        if left - low < high - left then
          small_low, small_high, large_low, large_high = large_low, large_high, small_low, small_high
        end
        waiting = waiting + 1
        lows[waiting], highs[waiting], salts[waiting] = large_low, large_high, salt
        if (large_high - large_low) // 128 > small_high - small_low + 1 then
          salts[waiting] = (salt + 0x9e3779b9) & 0xffffffff | 1
        end
        if small_high > small_low then
          waiting = waiting + 1
          lows[waiting], highs[waiting], salts[waiting] = small_low, small_high, salt
        end
      end
    end
    if waiting == 0 then return true end
    low, high, salt = lows[waiting], highs[waiting], salts[waiting]
    waiting = waiting - 1
  end
end

local function add(a, b) return a + b end
local function sub(a, b) return a - b end
local function mul(a, b) return a * b end
local function mod(a, b) return a % b end
local function pow(a, b) return a ^ b end
local function div(a, b) return a / b end
local function idiv(a, b) return a // b end
local function unm(a) return -a end

return { get, set, less, equal, length, insert_at, remove_at, move_up, move_down, read_all, read_to_nil, write_all,
  sort_by, add, sub, mul, mod, pow, div, idiv, unm }
