-- coroutine.wrap: values, errors with position, dead coroutines.
local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end return "last" end)
print(gen(), gen(), gen(), gen()) print(pcall(gen))
local bad = coroutine.wrap(function() error("inside") end) print(pcall(bad)) print(pcall(bad))
local bad2 = coroutine.wrap(function() error({ code = 7 }) end) print(select(2, pcall(bad2)).code)
local bad3 = coroutine.wrap(function() error("no position", 0) end) print(pcall(bad3))
for word in coroutine.wrap(function() for w in ("a b c"):gmatch("%a") do coroutine.yield(w) end end) do io.write(word, ";") end print()
print(pcall(coroutine.wrap, nil)) print(type(gen))
local echo = coroutine.wrap(function(...) while true do coroutine.yield(select("#", ...), ...) end end) print(echo(1, nil)) print(echo(2))
