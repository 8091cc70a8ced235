-- Variables outlive their block, also when an error or a coroutine leaves it.
local f
do local hidden = "kept" f = function() return hidden end end
print(f())
pcall(function() local v = 1 f = function() v = v + 1 return v end error("leave") end)
print(f(), f())
local co = coroutine.wrap(function() local v = 0 coroutine.yield(function() v = v + 1 return v end) v = v + 100 coroutine.yield() end)
local inc = co() print(inc(), inc()) co() print(inc())
local list = {}
for i = 1, 200 do local a, b, c = i, i * 2, i * 3 list[i] = function() return a + b + c end end
local sum = 0 for i = 1, 200 do sum = sum + list[i]() end print(sum)
