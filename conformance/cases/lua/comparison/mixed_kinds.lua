-- Equality of values of all kinds, as a value and as a condition.
local nan, t, u = 0 / 0, {}, {}
local f, g = function() end, function() end
local long, same = string.rep("ab", 40), string.rep("ab", 40)
local values = { 1, 1.0, 2, 2.5, nan, true, false, "1", "a", "a" .. "", long, same, t, u, f, g, coroutine.create(f), print, 1 << 53, 2.0 ^ 53 }
values[#values + 1] = (1 << 53) + 1
local names = { "1", "1.0", "2", "2.5", "nan", "true", "false", "'1'", "'a'", "'a'", "long", "same", "t", "u", "f", "g", "co", "print", "1<<53", "2^53", "(1<<53)+1" }
for i = 1, #values + 1 do
  local row = {}
  for j = 1, #values + 1 do
    local a, b = values[i], values[j]
    local equal, unequal = a == b, a ~= b
    assert(equal ~= unequal)
    if a == b then assert(equal) else assert(unequal) end
    if a ~= b then assert(unequal) else assert(equal) end
    row[#row + 1] = equal and "=" or "."
  end
  print(table.concat(row), names[i] or "nil")
end
local asked = 0
local mt = { __eq = function(a, b) asked = asked + 1; return a.v == b.v end }
local p, q, r = setmetatable({ v = 1 }, mt), setmetatable({ v = 1 }, mt), setmetatable({ v = 2 }, mt)
local x, y, z = p == q, p == r, p ~= q
print(x, y, z, p == p, p == 1, p == nil, 1 == p, asked)
if p == q then print("equal", asked) end
if p ~= r then print("unequal", asked) end
if p == t then print("never") else print("with a bare table", asked) end
print(p == nil, nil == p, t ~= nil, nil == nil, false == nil, f == g, f == f)
local h = {}
print(h.a == nil, h.a ~= nil, not (h.a == nil), h.a == false, (h.a == nil) == true)
local low, high = 1.5, 2.5
local a, b, c, d = low < high, low > high, low <= 1.5, 1.5 >= high
print(a, b, c, d, nan < 1, nan >= 1, 1 < 1.5, 2.5 <= 2)
