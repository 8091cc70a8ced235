-- Varargs: passing on, select, table.pack, adjusting, in the middle, nil holes.
local function count(...) return select("#", ...) end
local function pass(...) return ... end
print(count(), count(nil), count(nil, nil), count(pass(1, nil, 3)), count(pass()), (pass(1, 2)))
local function middle(...) return 0, ..., 9 end
print(middle(1, 2, 3))
print(middle())
local function tail(a, ...) local b, c = ... return a, b, c, select("#", ...) end
print(tail(1)) print(tail(1, 2)) print(tail(1, 2, 3, 4))
print(select(2, "a", "b", "c"), select(-1, "a", "b", "c"), select(-2, "a", "b", "c"))
print(pcall(select, 0)) print(pcall(select, -5, 1))
local packed = table.pack(pass(1, nil, 3, nil))
print(packed.n, packed[1], packed[2], packed[3], packed[4])
print(table.unpack({ 1, 2, 3 }, 2), table.unpack({ 1, 2 }, 1, 4))
local function capture(...) local t = { ... } return function() return #t, t[1] end end
print(capture("a", "b")())
print((function(...) local a <const> = ... return a end)(7, 8))
local function recursive(n, ...) if n == 0 then return select("#", ...) end return recursive(n - 1, n, ...) end
print(recursive(200))
