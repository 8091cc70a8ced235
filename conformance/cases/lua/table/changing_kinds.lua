-- What tables hold changes while code runs that has seen it often: kinds of values, places of fields and methods, lengths.
local function sum(list, times)
  local total = 0
  for _ = 1, times do
    for i = 1, #list do total = total + list[i] end
  end
  return total
end
print(sum({ 1, 2, 3 }, 60), sum({ 1.5, 2, 3 }, 4), sum({ 1, "2", 3 }, 3), pcall(sum, { 1, {}, 3 }, 2))

local function move(body, times)
  for i = 1, times do
    body.x = body.x + 1
    body.moved = i % 2 == 0
  end
  return body.x, body.moved
end
local body = { x = 1, moved = false }
print(move(body, 150))
body.x = 0.5
print(move(body, 20))
body.moved = nil
print(move(body, 9))
print(move({ moved = 1, y = 2, x = 3 }, 9), move(setmetatable({}, { __index = { x = 7 } }), 3))
print(select(2, pcall(move, { x = {} }, 1)))

local Base, Class = {}, {}
Base.__index, Class.__index = Base, Class
function Base:name(extra) return "base", extra end
setmetatable(Class, Base)
local object = setmetatable({}, Class)
local function call(times)
  local last, extra
  for i = 1, times do last, extra = object:name(i) end
  return last, extra
end
print(call(120))
function Class:name() return "class" end
print(call(20))
object.name = function(_, extra, more) return "own", extra, more end
print(call(20))
object.name, Class.name, Class.__index = nil, nil, function(_, key) return function() return key end end
print(call(20))

local function append(times)
  local list, names = {}, {}
  local function pair(i) return i, i * 2 end
  for i = 1, times do
    list[#list + 1] = { i, pair(i) }
    local name = "field" .. i % 10
    names[name] = (names[name] or 0) + 1
  end
  return #list, #list[times], list[times][3], names.field3
end
print(append(90))

local function round(values, times)
  local total
  for _ = 1, times do
    total = 0
    for i = 1, #values do total = total + math.floor(values[i]) + math.sqrt(values[i] * values[i]) end
  end
  return total
end
print(round({ 1.5, 2.5, -3.5 }, 60), round({ 1, 2.5 }, 5), round({ 1e300 }, 3), round({ -0.0 }, 3), math.type(round({ 2 ^ 53 }, 1)))
local floor = math.floor
math.floor = function(x) return x * 1000 end
print(round({ 1.5, 2.5 }, 5))
math.floor = floor
