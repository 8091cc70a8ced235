-- Closures share captured variables with each other and with the function that declares them.
local function counter()
  local n = 0
  local function up() n = n + 1 return n end
  local function down() n = n - 1 return n end
  local function set(v) n = v end
  return up, down, set, function() return n end
end
local up, down, set, get = counter()
local up2 = counter()
print(up(), up(), down(), up2(), get()) set(100) print(up(), up2())
local x = 1
local function read() return x end
x = 2 print(read())
local function write(v) x = v end
write(3) print(x, read())
local function nested() local a = 1 return function() local b = 10 return function() a = a + 1 b = b + 1 return a, b, x end end end
local mid = nested() local f, g = mid(), mid()
print(f()) print(f()) print(g())
local function param(p) return function() p = p + 1 return p end end
local p1, p2 = param(1), param(10)
print(p1(), p1(), p2())
