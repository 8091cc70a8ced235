-- Who yields outside of a coroutine is a function of the host, which has no position.
print(pcall(coroutine.yield, 1))
print(pcall(function() coroutine.yield(1) end))
print(pcall(function() return coroutine.yield(1) end))
