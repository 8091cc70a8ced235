-- Many values through resume, yield and return, and yields at depth.
local function list(n) local t = {} for i = 1, n do t[i] = i end return table.unpack(t) end
local co = coroutine.wrap(function(...) local n = select("#", ...) while true do n = select("#", coroutine.yield(n, ...)) end end)
print((co(list(200)))) print((co(list(100)))) print((co()))
print(select("#", coroutine.wrap(function() return list(150) end)()), select("#", coroutine.wrap(function() coroutine.yield(list(150)) end)()))
local function deep(n) if n == 0 then return coroutine.yield("bottom") end local v = deep(n - 1) return v + 1 end
local d = coroutine.wrap(deep) print(d(1000)) print(d(0))
local nested = coroutine.wrap(function() return coroutine.wrap(function() return coroutine.wrap(function() return "three levels" end)() end)() end) print(nested())
