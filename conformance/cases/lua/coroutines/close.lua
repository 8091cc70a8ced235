-- coroutine.close in every state.
local co = coroutine.create(function() coroutine.yield() end)
print(coroutine.close(co), coroutine.status(co)) print(coroutine.close(co))
co = coroutine.create(function() coroutine.yield() end) coroutine.resume(co) print(coroutine.close(co), coroutine.resume(co))
co = coroutine.create(function() error("x", 0) end) coroutine.resume(co) print(coroutine.close(co)) print(coroutine.close(co))
print(pcall(coroutine.close, coroutine.running())) print(pcall(coroutine.close))
co = coroutine.create(function() return pcall(coroutine.close, co) end) print(coroutine.resume(co))
local outer outer = coroutine.create(function() local inner = coroutine.wrap(function() return pcall(coroutine.close, outer) end) return inner() end) print(coroutine.resume(outer))
