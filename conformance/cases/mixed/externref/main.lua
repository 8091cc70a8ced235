-- Any value of Lua in tables and globals of a module; what is reachable stays, what is not goes.
local store = require "store"
local object = { name = "kept" }
store.put(0, object)
store.put(1, "text")
assert(store.get(0) == object)
print(store.get(0).name, store.get(1), store.last.value)
local alive = setmetatable({}, { __mode = "k" })
local function new(name) local made = { name = name } alive[made] = true return made end
local function count() collectgarbage() collectgarbage() local n = 0 for _ in pairs(alive) do n = n + 1 end return n end
store.put(0, new "in the table")
store.remember(new "in the global")
object = nil
print(count(), store.get(0).name, store.last.value.name)
-- Cycles through the table, the global, closures and objects of the host.
local function cycle(index)
  local made = new "cycle"
  made.self = made
  made.store, made.table, made.global = store, store.objects, store.last
  made.f = function() return made, store.get end
  store.put(index, made)
  store.remember(made.f)
end
cycle(0)
cycle(1)
print(count(), store.last.value().name)
store.clear()
print(count(), store.get(0), store.last.value)
print(store.grow("filled", 3), store.get(4), #store.objects, store.objects:get(3))
store.objects:set(2, new "set from Lua")
print(count(), store.objects:get(2).name, pcall(store.objects.get, store.objects, 5))
store.clear()
print(count())
-- Finalisers run for what a module has let go of.
do
  local closed = 0
  local function put() store.put(0, setmetatable({}, { __gc = function() closed = closed + 1 end })) end
  for i = 1, 3 do put() end
  collectgarbage() collectgarbage()
  print(closed)
  store.clear()
  collectgarbage() collectgarbage()
  print(closed)
end
-- A table that only Lua holds keeps what is in it.
local own = wasm.table(3, 5, "externref")
own:set(0, new "in a table of Lua's")
print(count(), own:get(0).name, own:grow(2, "more"), own:grow(1), own:get(4), #own)
own = nil
print(count())
for i = 1, 2000 do store.put(i % 2, new(i)) store.remember({ store.get(0) }) end
store.clear()
print(count())
