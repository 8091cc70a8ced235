-- Yield from iterators of generic for, and from __pairs.
local co = coroutine.wrap(function() for i in function(_, c) return coroutine.yield("next", c) end, nil, 0 do io.write("item ", i, "; ") end return "over" end)
print(co()) print(co(1)) print(co(2)) print(co(nil))
co = coroutine.wrap(function() for k, v in pairs(setmetatable({}, { __pairs = function(t) coroutine.yield("pairs") return function(_, i) if i < 2 then return i + 1, coroutine.yield("step") end end, t, 0 end })) do io.write(k, v, " ") end return "end" end)
print(co()) print(co()) print(co("x")) print(co("y"))
co = coroutine.wrap(function() return select(2, pcall(function() for i in coroutine.wrap(function() coroutine.yield(1) end) do coroutine.yield("outer " .. i) end return "both ended" end)) end) print(co()) print(co())
