-- Block scope, shadowing, and the scope of repeat conditions and loop variables.
local x = 1
do local x = x + 1; print(x); do local x = x * 10; print(x) end print(x) end
print(x)
local x = x + 5
print(x)
for x = 1, 2 do local x = x * 2 io.write(x, " ") end print(x)
repeat local done = true until done
local function f() return x end
local x = "shadow"
print(f(), x)
local a, a = 1, 2
print(a)
local function g(a, a) return a end
print(g(1, 2))
if true then local x = "inner" end
while true do local x = "loop" break end
print(x)
