-- All ways in which a call comes to switch to another fiber: plain, with an open list, from an iterator, in tail position, through
-- pcall and metamethods; with fewer and more values than are wanted on either side, on stacks that have to grow.
local create, resume, yield, wrap = coroutine.create, coroutine.resume, coroutine.yield, coroutine.wrap

local function values(...) return ... end
local function count(...) return select("#", ...), ... end

-- No result is wanted, one, several, any number.
local echo = create(function(...)
  local given = table.pack(...)
  while true do given = table.pack(yield(table.unpack(given, 1, given.n))) end
end)
resume(echo, 1, 2)
print((resume(echo, 3, 4)))
print(resume(echo, 5, 6))
local ok, a, b, c, d = resume(echo, 7, nil, 9)
print(ok, a, b, c, d)
print(count(resume(echo)))
print(count(resume(echo, values(1, 2, 3))))
print(count(resume(values(echo, nil, nil))))
print(({ resume(echo, "a", "b") })[3], #{ resume(echo, 1, 2, 3, 4) })

-- The same with a function of its own, and what yield gives.
local own = wrap(function(a, b, c)
  print("begins", a, b, c)
  yield()
  print("nothing wanted")
  local one = yield(1)
  print("one", one)
  local x, y, z = yield(values(1, 2))
  print("three", x, y, z)
  print("any", count(yield(nil)))
  local list = { yield("in", "a", "list") }
  print("list", #list)
  return "the", "end"
end)
print(count(own("only one")))
print(count(own(1, 2)))
print(count(own()))
print(count(own(1)))
print(count(own(values())))
print(count(own(1, nil, nil)))
print(pcall(own))

-- Iterators, the values of a loop among them.
for i, j in wrap(function(state, control)
  print("state", state, control)
  for i = 1, 3 do print("control", select(2, yield(i, i * i))) end
end), "state", 0 do
  print(i, j)
end
for key in wrap(function() for _, key in ipairs { "x", "y" } do yield(key) end end) do io.write(key, " ") end
print()

-- Tail positions, pcall, metamethods.
local function tail(...) return yield(...) end
local function resumed(...) return resume(...) end
local t = create(function(...) local got = tail(...) return tail(got, got) end)
print(resumed(t, 1, 2))
print(resumed(t, 3))
print(resumed(t, 4, 5))
print(resumed(t))
print(pcall(resume, create(values), 1, 2))
print(pcall(wrap(function() error { } end)) == false, pcall(wrap(function() error("message", 0) end)))
local object = setmetatable({}, { __call = function(_, ...) return yield(...) end, __index = function(_, key) return yield(key) end,
  __add = wrap(function(a, b) while true do a, b = yield(b) end end) })
local m = wrap(function() return object(1, 2), object.key, object + 8 end)
print(m()) print(m(3)) print(m(4))
print(setmetatable({}, { __index = wrap(function(_, key) while true do _, key = yield(key .. key) end end) }).ab)

-- Who cannot be resumed, and by whom.
local dead = create(function() end)
resume(dead)
print(resume(dead))
print(pcall(resume), pcall(resume, 1))
print(select(2, pcall(wrap(function() end))), pcall(own))
local self
self = wrap(function() return pcall(self) end)
print(self())
local outer = create(function() return resume(coroutine.running()) end)
print(resume(outer))
local inner, middle
middle = create(function() print(coroutine.status(middle), resume(inner)) end)
inner = create(function() print(coroutine.status(middle), resume(middle)) end)
print(resume(middle))

-- Deep: in one another, and on a stack that grows while others wait.
local function nested(depth)
  if depth == 0 then return "bottom" end
  return select(2, resume(create(nested), depth - 1))
end
print(nested(100))
local function too_deep(depth)
  local ok, result = resume(create(too_deep), depth + 1)
  if ok then return result end
  return result
end
print(too_deep(1))
local function grow(depth)
  if depth == 0 then return yield("grown") end
  local a, b, c, d, e = depth, 2, 3, 4, 5
  return grow(depth - 1) + a + b + c + d + e
end
local growing = wrap(function() return grow(500) end)
print(growing(), growing(1))
local many = {}
for i = 1, 200 do many[i] = i end
local wide = create(function(...) while true do yield(select("#", ...), yield(...)) end end)
print(select("#", resume(wide, table.unpack(many))), select("#", resume(wide, table.unpack(many))))

-- Many that live for a short time, and some that stay.
local total, kept = 0, {}
for i = 1, 300 do
  local short = wrap(function(a) local b = yield(a + 1) local x, y, z = b, b, b return x + y + z end)
  total = total + short(i) + short(3)
  local stays = create(function(a) local s = yield(a) return s .. a end)
  resume(stays, "s" .. i)
  if i % 50 == 0 then kept[#kept + 1] = stays end
end
collectgarbage()
for i, stays in ipairs(kept) do io.write(select(2, resume(stays, i)), " ") end
print(total)
