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

local function add(a, b) return a + b end
local function sub(a, b) return a - b end
local function mul(a, b) return a * b end
local function mod(a, b) return a % b end
local function pow(a, b) return a ^ b end
local function div(a, b) return a / b end
local function idiv(a, b) return a // b end
local function unm(a) return -a end

return { get, set, less, equal, length, insert_at, remove_at, move_up, move_down, read_all, read_to_nil, write_all,
  add, sub, mul, mod, pow, div, idiv, unm }
