-- 100,000 coroutines alive at once.
local all = {} for i = 1, 100000 do all[i] = coroutine.wrap(function(a) local b = coroutine.yield(a) return a + b end) all[i](i) end
local sum = 0 for i = 1, #all do sum = sum + all[i](1) end print(sum)
