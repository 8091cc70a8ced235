-- Arguments, results, varargs and receivers, few and many of them.
local function list(n)
  local t = {}
  for i = 1, n do t[i] = i * 10 end
  return t
end
local function returns(n)
  if n == 0 then return end
  if n == 1 then return 1 end
  if n == 2 then return 1, 2 end
  if n == 3 then return 1, 2, 3 end
  if n == 4 then return 1, 2, 3, 4 end
  if n == 5 then return 1, 2, 3, 4, 5 end
  return 1, 2, 3, 4, 5, 6
end
for n = 0, 6 do
  local a, b, c, d, e = returns(n)
  print(a, b, c, d, e, "|", returns(n))
  print((returns(n)), select("#", returns(n)), #{ returns(n) })
end
local function pass(...) return ... end
local function behind(first, ...) return first, select("#", ...), ... end
local function tail0() return behind() end
local function tail3(a, b, c) return behind(c, b, a) end
local function tail_all(...) return behind(...) end
local function tail_more(...) return behind("x", "y", ...) end
for _, n in ipairs({ 0, 1, 2, 3, 4, 5, 6, 15, 16, 17, 40 }) do
  local t = list(n)
  print(select("#", pass(table.unpack(t))), table.concat({ pass(table.unpack(t)) }, " "))
  print(select("#", tail_all(table.unpack(t))), select("#", tail_more(table.unpack(t))), (tail_more(table.unpack(t))))
  print(behind(pass(table.unpack(t))))
end
print(tail0()) print(tail3(1, 2, 3)) print(tail3(1.5, nil, "z"))

-- Receivers wait for their call while the other arguments are computed.
local object = { name = "o" }
function object:say(...) return self.name, ... end
local loud = setmetatable({}, {
  __concat = function(a, b) return "joined" end,
  __add = function(a, b) return coroutine.isyieldable() and coroutine.yield("in add") or "sum" end,
  __index = function(_, key) if key == "bad" then error("no " .. key) end return "got " .. key end,
})
local a, b = "left", "right"
print(object:say(a .. b .. a, loud .. a, loud + 1, loud.field))
print(object:say("x" .. a .. "y" .. b .. "z"))
print(object:say(object:say(object:say(1), 2), 3))
print(object:say(1, loud.x), select(2, object:say(object, loud.x)) == object)
print(object:say(pass(1, 2, object:say())))
print(pcall(function() return object:say(loud.bad) end))
print(pcall(function() return object:say(loud.x .. loud.bad, 1) end))
local co = coroutine.wrap(function() return object:say(loud + 1, a .. b, loud + 2) end)
print(co()) print(co("first")) print(co("second"))
local function chosen(flag) return object:say(flag and "yes" or "no", flag == nil) end
print(chosen(true)) print(chosen(nil))
local other = { name = "p", say = object.say }
local function replaced() local o = object; return o:say((function() o = other; return o:say(1) end)()) end
print(replaced())
local function many(o, n) local t = {} for i = 1, n do t[i] = { o:say(i, t, { i }) } ; collectgarbage("step") end return #t, t[n][2] end
print(many(object, 50))
