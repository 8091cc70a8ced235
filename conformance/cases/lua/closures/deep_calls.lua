-- Calls inside of calls, with open lists, tail calls, several results and none, in functions that are called often enough to be hot.
local function last(x, y) return y end
local function count(d) if d == 0 then return 1 end return (last(count(d - 1), count(d - 1))) + 1 end
print(count(9))
local function tree(d) if d == 0 then return { false, false } end return { tree(d - 1), tree(d - 1) } end
print(#tree(8), tree(7)[1][2][1][1][2][1][2][2])
local function tak(x, y, z)
  if y >= x then return z end
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end
print(tak(9, 6, 3))
-- A parameter that is first used after comparisons of other kinds of values.
local function kinds(value, out)
  if value == nil then out[#out + 1] = "nil"
  elseif value == 1 or value == 1.5 then out[#out + 1] = "number"
  elseif value == "x" then out[#out + 1] = "string"
  elseif value ~= value then out[#out + 1] = "nan"
  else out[#out + 1] = "other" end
end
local out = {}
for i = 1, 40 do
  kinds(nil, out) kinds(1, out) kinds(1.5, out) kinds("x", out) kinds("a longer string than the others, that is not interned", out)
  kinds({}, out) kinds(0 / 0, out) kinds(true, out)
end
print(#out, out[1], out[2], out[3], out[4], out[5], out[6], out[7], out[8])
-- Sums that begin as integers and go on as floats; steps of all kinds.
local function sum(from, to, by) local s = 0 for i = from, to, by do s = s + i / 2 end return s end
print(sum(1, 100, 1), sum(100, 1, -1), sum(1, 100, 7), sum(0.5, 20, 0.25), sum(3, 1, 1), sum(-3, 3, 2))
-- Division and remainder of integers and floats with all signs.
local parts = {}
for a = -7, 7, 7 do for b = -3, 3, 2 do parts[#parts + 1] = a // b .. "," .. a % b .. "," .. a / b // 1 .. "," .. (a + 0.5) % b end end
print(table.concat(parts, " "))
print(pcall(function(n) local r = 0 for i = n, 0, -1 do r = r + 10 // i end return r end, 50))
print(pcall(function(n) local r = 0 for i = n, 0, -1 do r = r + 10 % i end return r end, 50))
-- Results that are dropped, missing, or all wanted.
local function results(n) if n == 0 then return end if n == 1 then return 1 end return n, n + 1, n + 2 end
local total = 0
for i = 0, 60 do
  local a, b = results(i % 3)
  results(i % 3)
  local list = { results(i % 3) }
  total = total + (a or 0) + (b or 0) + #list + select("#", results(i % 3))
end
print(total)
-- Fields that move, appear and disappear.
local point = setmetatable({}, { __index = { kind = "point" }, __newindex = function(t, k, v) rawset(t, k, v * 2) end })
for i = 1, 60 do
  point.x = i
  point.y = (point.y or 0) + point.x
  if i % 7 == 0 then point.x = nil point.z = i end
end
print(point.x, point.y, point.z, point.kind)
local shared = 0
local function add(n) shared = shared + n return shared end
for i = 1, 60 do add(i) add(0.5) end
print(shared)
