-- At the end of a program all finalisers run, last made first; their errors are dropped, new ones come too late.
local function object(name, f) return setmetatable({ name = name }, { __gc = f or function(o) print("end of " .. o.name) end }) end
kept_first = object("first")
kept_second = object("second", function(o) print("second fails") error("lost") end)
kept_third = object("third", function(o) print("third makes a late one") late = object("late") end)
kept_fourth = object("fourth", function(o) print("fourth revives itself") again = o setmetatable(o, getmetatable(o)) end)
do local cycle = object("cycle") cycle.itself = cycle end
local upvalue = object("upvalue") function global() return upvalue end
kept_fifth = object("fifth", function() print("fifth sees", type(kept_first), kept_first.name, type(string)) end)
local co = coroutine.wrap(function() local held = object("held by a coroutine") coroutine.yield() return held end) co()
print("end of program")
