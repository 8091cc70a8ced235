-- status, running, isyieldable from inside and outside.
local main, is_main = coroutine.running() print(type(main), is_main, coroutine.isyieldable(), coroutine.status(main))
local outer
outer = coroutine.create(function()
  local me, m = coroutine.running() print(me == outer, m, coroutine.isyieldable(), coroutine.status(me), coroutine.status(main))
  local inner = coroutine.create(function() print(coroutine.status(outer), coroutine.resume(outer)) print(coroutine.isyieldable(outer), coroutine.isyieldable(main)) coroutine.yield() end)
  coroutine.resume(inner) print(coroutine.status(inner)) coroutine.resume(inner) print(coroutine.status(inner))
end)
coroutine.resume(outer) print(coroutine.status(outer))
print(coroutine.resume(coroutine.running()))
print(coroutine.isyieldable(outer), coroutine.wrap(function() return coroutine.isyieldable() end)())
