-- A chain of 100,000 suspended coroutines that hold one another is collected, and finalisers of a long chain run.
local chain
for i = 1, 100000 do local previous = chain chain = coroutine.create(function(held) coroutine.yield() return held end) coroutine.resume(chain, previous) end
collectgarbage() print(coroutine.status(chain)) chain = nil collectgarbage() collectgarbage() print("coroutines")
local count, list = 0, nil
for i = 1, 20000 do list = setmetatable({ next = list }, { __gc = function() count = count + 1 end }) end
list = nil collectgarbage() collectgarbage() print(count)
local ephemerons = setmetatable({}, { __mode = "k" })
local first = {} do local k = first for i = 1, 2000 do local v = {} ephemerons[k] = v k = v end end
collectgarbage() local n = 0 for _ in pairs(ephemerons) do n = n + 1 end print(n)
first = nil collectgarbage() print(next(ephemerons))
