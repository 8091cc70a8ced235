-- To-be-closed variables close in reverse order at every way out of a block.
local function closer(name) return setmetatable({}, { __close = function(_, e) print("close", name, e) end }) end
do local a <close> = closer("a") local b <close> = closer("b") print("body") end
local function early() local a <close> = closer("early") do local b <close> = closer("inner") return "returned", 2 end end
print(early())
for i = 1, 2 do local l <close> = closer("loop" .. i) if i == 2 then break end end
while true do local w <close> = closer("while") break end
do local i = 0 ::again:: local g <close> = closer("goto" .. i) i = i + 1 if i < 3 then goto again end end
do local n <close> = nil local f <close> = false print("nil and false are ignored") end
print(pcall(function() local e <close> = closer("error") error("boom", 0) end))
repeat local r <close> = closer("repeat") until true
local function tail() local t <close> = closer("tail") return (function() print("not a tail call") return 1 end)() end
print(tail())
