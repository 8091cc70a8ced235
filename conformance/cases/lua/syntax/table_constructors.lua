-- Table constructors: kinds of fields, trailing calls, nesting, order.
local function many() return 1, 2, 3 end
print(#{ many() }, #{ many(), many() }, #{ many(), nil }, #{ (many()) }, #{ 0, many(), 9 })
local t = { 1, 2, x = 3, [10] = 4; "three", y = { z = { 5 } }, many() }
print(t[1], t[2], t[3], t[4], t[5], t[6], t.x, t[10], t.y.z[1])
print(#{}, #{ nil }, #{ n = 1 }, #{ [1] = 1, [2] = 2 }, ({ 1, 2, [2] = "x" })[2], ({ [1] = "a", "b" })[1])
local log = {}
local function note(v) log[#log + 1] = tostring(v) return v end
local _ = { note(1), [note("k")] = note(2), note(3), f = note(4) }
print(table.concat(log, " "))
local long = { 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55, many() }
print(#long, long[51], long[58])
print(#{ ... }, select("#", ...))
print(pcall(load("return { [nil] = 1 }", "=t")))
print(pcall(load("return { [0/0] = 1 }", "=t")))
