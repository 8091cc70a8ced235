-- Tables, functions and coroutines are equal to themselves only.
local a, b = {}, {}
local c = a
print(a == b, a == c, a ~= b, rawequal(a, c), rawequal(a, b), rawequal("a", "a"), rawequal(1, 1.0))
local function make() return function() end end
print(make() == print, print == print, math.sin == math.sin)
local t = {}
t[a] = 1; t[b] = 2
print(t[a], t[b], t[c], t[{}])
t[1] = "int"; t[1.0] = "float"; t["1"] = "string"
print(t[1], t[1.0], t["1"], #t)
t[2^53] = "big"
print(t[2^53 | 0], t[2^53])
