-- Functions of older versions that usual builds of Lua 5.4 keep.
print(math.pow(2, 10), math.pow(2, 0.5), math.pow("3", 2), math.pow(-8, 1 / 3) ~= math.pow(-8, 1 / 3))
print(math.log10(1000), math.log10(0), math.log10(0.001))
print(math.frexp(8), math.frexp(0.1)) print(math.frexp(0)) print(math.frexp(-3)) print(math.frexp(1 / 0)) print(math.frexp(5e-324))
print(math.ldexp(0.5, 4), math.ldexp(1, -1074), math.ldexp(1, 1024), math.ldexp(3, "2"), math.ldexp(1, 2 ^ 32))
print(math.cosh(0), math.sinh(0), math.tanh(0), math.tanh(100), math.sinh(-1e3), math.cosh(1e3))
print(math.atan2(1, 1) == math.atan(1, 1), math.atan2(-1, -1), math.atan2(0, -1))
for _, name in ipairs {"pow", "log10", "frexp", "ldexp", "cosh", "sinh", "tanh", "atan2"} do
  print(pcall(math[name]))
  print(pcall(math[name], {}, {}))
end
print(pcall(math.ldexp, 1, 1.5))
-- `<=` from `__lt`.
local meta = {}
meta.__lt = function(a, b) return (type(a) == "table" and a.v or a) < (type(b) == "table" and b.v or b) end
local one, two = setmetatable({v = 1}, meta), setmetatable({v = 2}, meta)
print(one <= two, two <= one, one <= one, one >= two, two >= one, one <= 1, 1 <= one, 2 <= one, not (one <= two))
if one <= two then print "yes" end
if two <= one then print "no" else print "not" end
meta.__lt = function() return nil end
print(one <= two, two <= one)
print(pcall(function() return one <= setmetatable({}, {}) end))
print(pcall(function() return {} <= {} end))
meta.__lt = function() error("in lt", 0) end
print(pcall(function() return one <= two end))
local co = coroutine.wrap(function() meta.__lt = function(a, b) return coroutine.yield(a.v, b.v) end return one <= two, one <= two and 1 end)
print(co()) print(co(true)) print(co(false))
meta.__le = function() return true end
print(one <= two, two <= one)
