-- Order and adjustment of multiple assignment.
local a, b, c = 1, 2
print(a, b, c)
a, b = b, a
print(a, b)
local t = { 1, 2, 3 }
local i = 1
i, t[i] = i + 1, 20
print(i, t[1], t[2])
t[1], t[2], t[3] = t[3], t[1], t[2]
print(t[1], t[2], t[3])
local function three() return 1, 2, 3 end
a, b, c, d = three()
print(a, b, c, d)
a, b, c = 0, three()
print(a, b, c)
a, b, c = three(), 10
print(a, b, c)
a, b, c = (three())
print(a, b, c)
local x, y = three(), three()
print(x, y)
do local t = {} ; t.a, t.b, t.c = three() ; print(t.a, t.b, t.c) end
a, a = 1, 2 print(a == 1 or a == 2)
local p = { n = 0 }
local q = p
p.n, p = 5, { n = 7 }
print(q.n, p.n)
