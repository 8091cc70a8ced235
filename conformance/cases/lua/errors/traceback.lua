-- debug.traceback: message, level, shape of the lines. Addresses and host lines are left out.
local function inner() return debug.traceback("msg") end
local function outer() local t = inner() return t end
local text = outer()
local first, second, third = text:match("^(.-)\n(.-)\n(.-)\n")
print(first) print(second) print(third:match("^\ttraceback%.lua:2: in ") ~= nil)
print(text:find("traceback.lua:3: in", 1, true) ~= nil, text:find("traceback.lua:4: in main chunk", 1, true) ~= nil or text:find("traceback.lua:4: in ", 1, true) ~= nil)
print(debug.traceback("only", 100)) print(type(debug.traceback({})), debug.traceback(true), debug.traceback(12):match("^12\nstack traceback:\n") ~= nil, type(debug.traceback()))
print((debug.traceback("a\nb"):match("^a\nb\nstack traceback:\n")))
local co = coroutine.create(function() local function f() coroutine.yield() end f() end) coroutine.resume(co)
local t = debug.traceback(co) print(t:match("^stack traceback:\n") ~= nil, t:find("traceback.lua:10: in", 1, true) ~= nil, select(2, t:gsub("\n", "")))
print(debug.traceback(co, "message"):match("^message\nstack traceback:\n") ~= nil, debug.traceback(co, "m", 100))
print(select(2, xpcall(function() error("E", 0) end, debug.traceback)):match("^E\nstack traceback:\n") ~= nil)
