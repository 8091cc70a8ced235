-- Blocks of which nothing but jumps remain: functions that begin with a loop, `and` and `or` at the end of one, empty loops.
local t = setmetatable({}, { __index = function(_, k) return k end })
local function spin(n) while true do n = n - 1 if n < 0 then return t.a and t.b end end end
local function twice(n) repeat repeat n = n - 1 until n % 7 == 0 until n <= 0 return n end
local function last() local s = t.count1 and t.count2 end
local function choose(x) local r = x and t.q or t.r return r end
for i = 1, 50 do last() if i % 2 == 0 then goto continue end spin(i) twice(i) ::continue:: end
print(spin(3), twice(20), last(), choose(true), choose(false), choose())
local gen = coroutine.wrap(function() while true do coroutine.yield(t.y) end end)
print(gen(), gen())
do while false do end end
for _ = 1, 3 do do end end
local odd = setmetatable({}, { __sub = 5, __index = 7, __concat = {} })
print((pcall(function() return odd - 1 end)), (pcall(function() return odd.x end)), (pcall(function() return odd .. "x" end)))
