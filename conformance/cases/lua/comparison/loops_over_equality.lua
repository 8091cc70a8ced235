-- Loops whose condition compares tables that have no __eq, or one that decides.
local a, b = setmetatable({}, {}), setmetatable({}, {})
local n = 0
repeat n = n + 1 if n == 1000 then b = a end until a == b
while a ~= b do n = n + 1 end
for i = 1, 100 do if a == {} then n = n + 2 elseif a == i then n = n + 1 end end
print(n)
local mt = { __eq = function(x, y) return x.n == y.n end, __lt = function(x, y) return x.n < y.n end, __le = function(x, y) return x.n <= y.n end }
local function box(n) return setmetatable({ n = n }, mt) end
local x, top = box(0), box(50)
while x ~= top do x = box(x.n + 1) end
while x >= box(10) do x = box(x.n - 1) end
while not (x > box(12)) do x = box(x.n + 1) end
repeat x.n = x.n + 1 until x == box(20) or x > box(30)
print(x.n, x == box(20), x ~= box(20), x < box(20), x <= box(20))
