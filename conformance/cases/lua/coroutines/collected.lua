-- Abandoned coroutines are collected with what they hold.
local weak = setmetatable({}, { __mode = "k" })
for i = 1, 50 do local held = {} weak[held] = true local co = coroutine.wrap(function() local keep = held coroutine.yield() return keep end) co() end
collectgarbage() collectgarbage() print(next(weak))
local finalised = false do local co = coroutine.create(function() local x = setmetatable({}, { __gc = function() finalised = true end }) coroutine.yield() return x end) coroutine.resume(co) end
collectgarbage() collectgarbage() print(finalised)
