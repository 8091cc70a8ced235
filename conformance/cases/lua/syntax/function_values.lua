-- Functions as values: recursion, local function, immediate calls, many parameters and results.
local function fact(n) return n <= 1 and 1 or n * fact(n - 1) end
print(fact(10), fact(20), fact(21), (function(x) return x * 2 end)(21))
local f = function(n) return f end
print(f(1))
local t = {}
function t.a.b() end
