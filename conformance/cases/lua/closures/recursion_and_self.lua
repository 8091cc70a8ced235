-- Recursive local functions, mutual recursion through upvalues, closures that replace themselves.
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(20))
local is_even, is_odd
function is_even(n) return n == 0 or is_odd(n - 1) end
function is_odd(n) return n ~= 0 and is_even(n - 1) end
print(is_even(10), is_odd(10))
local once once = function() once = function() return "second" end return "first" end
print(once(), once())
local Y = function(f) return (function(x) return x(x) end)(function(x) return f(function(...) return x(x)(...) end) end) end
print(Y(function(self) return function(n) return n == 0 and 1 or n * self(n - 1) end end)(10))
local function deep(n) if n == 0 then return function() return "bottom" end end local inner = deep(n - 1) return function() return inner() end end
print(deep(50)())
