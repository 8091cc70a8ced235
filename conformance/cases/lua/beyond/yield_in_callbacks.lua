-- Yield inside callbacks of library functions, which PUC Lua refuses. The expected output is written by hand.
local yield = coroutine.yield
local co = coroutine.wrap(function() return (string.gsub("ab", "%w", function(c) return yield(c) end)) end)
print(co()) print(co("1")) print(co("2"))
co = coroutine.wrap(function() local t = { 3, 1, 2 } table.sort(t, function(a, b) yield("compare") return a < b end) return table.concat(t, " ") end)
local value repeat value = co() until value ~= "compare" print(value)
co = coroutine.wrap(function() local pieces = 0 local f = load(function() pieces = pieces + 1 return yield(pieces) end) return f() end)
print(co()) print(co("return 4")) print(co("2")) print(co(nil))
co = coroutine.wrap(function() return tostring(setmetatable({}, { __tostring = function() return yield("text") end })) end) print(co()) print(co("given"))
co = coroutine.wrap(function() return xpcall(error, function(m) return yield("handler " .. m) end, "bad") end) print(co()) print(co("mended"))
co = coroutine.wrap(function() return table.concat(setmetatable({}, { __len = function() return yield("len") end, __index = function(_, i) return "i" .. i end }), ",") end) print(co()) print(co(3))
