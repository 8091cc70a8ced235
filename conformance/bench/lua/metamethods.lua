-- Operators through metatables: vectors, big numbers, proxies with __index and __newindex functions, __call.
local n = tonumber(arg and arg[1]) or 450000

local Vector = {}
Vector.__index = Vector
local function vector(x, y, z) return setmetatable({ x = x, y = y, z = z }, Vector) end
Vector.__add = function(a, b) return vector(a.x + b.x, a.y + b.y, a.z + b.z) end
Vector.__sub = function(a, b) return vector(a.x - b.x, a.y - b.y, a.z - b.z) end
Vector.__mul = function(a, b)
  if type(b) == "number" then return vector(a.x * b, a.y * b, a.z * b) end
  return a.x * b.x + a.y * b.y + a.z * b.z
end
Vector.__unm = function(a) return vector(-a.x, -a.y, -a.z) end
Vector.__eq = function(a, b) return a.x == b.x and a.y == b.y and a.z == b.z end
Vector.__lt = function(a, b) return a.x < b.x end
Vector.__le = function(a, b) return a.x <= b.x end
Vector.__concat = function(a, b) return tostring(a) .. tostring(b) end
Vector.__tostring = function(a) return string.format("(%.0f %.0f %.0f)", a.x, a.y, a.z) end
function Vector:cross(b)
  return vector(self.y * b.z - self.z * b.y, self.z * b.x - self.x * b.z, self.x * b.y - self.y * b.x)
end

local Big = {}
Big.__index = Big
local BASE = 10000
local function big(value)
  local digits = {}
  repeat
    digits[#digits + 1] = value % BASE
    value = math.floor(value / BASE)
  until value == 0
  return setmetatable(digits, Big)
end
Big.__add = function(a, b)
  local result, carry = {}, 0
  for i = 1, math.max(#a, #b) do
    local sum = (a[i] or 0) + (b[i] or 0) + carry
    result[i] = sum % BASE
    carry = sum >= BASE and 1 or 0
  end
  if carry > 0 then result[#result + 1] = carry end
  return setmetatable(result, Big)
end

local function observed(target, log)
  return setmetatable({}, {
    __index = function(_, key) log.reads = log.reads + 1; return target[key] end,
    __newindex = function(_, key, value) log.writes = log.writes + 1; target[key] = value end,
    __call = function(_, a, b) log.calls = log.calls + 1; return a + b end,
  })
end

local origin, sum, smaller, equal = vector(0, 0, 0), vector(0, 0, 0), 0, 0
for i = 1, n do
  local v = vector(i % 10, i % 7, i % 3)
  sum = sum + v * 2 - origin:cross(v)
  if v < sum then smaller = smaller + 1 end
  if v == -(-v) then equal = equal + 1 end
  if v <= origin then smaller = smaller + v * v end
end
local a, b = big(0), big(1)
for _ = 1, math.floor(n / 100) do
  a, b = b, a + b
end
local log = { reads = 0, writes = 0, calls = 0 }
local proxy = observed({ total = 0 }, log)
for i = 1, n do
  proxy.total = proxy.total + proxy(i, 1) % 10
end
print(sum .. origin, string.format("%d %d %d digits %d total %d log %d %d %d", smaller, equal, #a, a[1], proxy.total, log.reads, log.writes, log.calls))
