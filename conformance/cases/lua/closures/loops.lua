-- Each iteration of a loop has its own variables.
local fs = {}
for i = 1, 3 do fs[i] = function() i = i + 1 return i end end
print(fs[1](), fs[1](), fs[2](), fs[3](), fs[3]())
fs = {}
for k, v in pairs({ "a" }) do fs[1] = function() v = v .. "!" return k, v end end
print(fs[1]()) print(fs[1]())
fs = {}
local n = 0
while n < 3 do n = n + 1 local m = n fs[n] = function() m = m * 2 return m end end
print(fs[1](), fs[2](), fs[3](), fs[3]())
repeat local r = n fs[1] = function() return r end n = n + 1 until r >= 3
print(fs[1]())
for i = 1, 2 do for j = 1, 2 do fs[(i - 1) * 2 + j] = function() return i, j end end end
print(fs[1](), fs[2](), fs[3](), fs[4]())
