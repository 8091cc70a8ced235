-- What checks a variable to be closed is a part of the language, and no level of its own.
local function traced(f) print((select(2, xpcall(f, debug.traceback)):gsub("in main chunk.*", ""))) end
traced(function() local x <close> = {} end)
traced(function() for i in next, {}, nil, 1 do end end)
print(select(2, xpcall(function() local x <close> = {} end, function() return debug.getinfo(2, "l").currentline end)))
local co = coroutine.create(function() coroutine.yield() end)
coroutine.resume(co)
print(debug.traceback(co, "below the first level", -1))
print(debug.traceback("above the last", 100))
local y <close> = 12
