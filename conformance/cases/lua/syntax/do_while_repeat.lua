-- Loops: while, repeat, break, nesting.
local n = 0
while n < 3 do n = n + 1 io.write(n, " ") end
repeat n = n - 1 io.write(n, " ") until n == 0
print()
while true do n = n + 1 if n > 5 then break end end print(n)
repeat local k = n; n = n - 1 until k < 3 print(n)
for i = 1, 3 do for j = 1, 3 do if j == 2 then break end io.write(i, ":", j, " ") end end print()
while false do print("never") end
repeat until true
local t = {}
for i = 1, 10 do if i > 3 then break end t[i] = function() return i end end
print(t[1](), t[2](), t[3](), #t)
