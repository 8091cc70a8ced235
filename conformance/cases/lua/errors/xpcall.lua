-- xpcall: handlers, arguments, errors in handlers, and results.
print(xpcall(function(a, b) return a + b end, print, 3, 4)) print(xpcall(function() error("x", 0) end, function(m) return "handled " .. m, "dropped" end))
print(xpcall(function() error({ c = 1 }) end, function(e) return e.c end)) print(xpcall(error, function(m) return m end, "direct"))
print(xpcall(function() error("a", 0) end, function(m) error("b", 0) end)) print(pcall(xpcall)) print(pcall(xpcall, print)) print(pcall(xpcall, print, 5))
print(xpcall(function() local x = nil + 1 end, function(m) return "seen: " .. m end)) print(xpcall(nil, function(m) return "called nil: " .. m end))
local depth = 0 print(xpcall(function() error("again", 0) end, function(m) depth = depth + 1 if depth < 5 then error(m .. depth, 0) end return m end))
print(xpcall(function() return xpcall(function() error("inner", 0) end, function(m) return m .. "!" end) end, print))
print(select("#", xpcall(function() end, print)), (xpcall(function() return 1, 2, 3 end, print)))
print(xpcall(string.rep, function(m) return "lib: " .. m end)) print(xpcall(coroutine.wrap(function() error("in co", 0) end), function(m) return "outside " .. m end))
