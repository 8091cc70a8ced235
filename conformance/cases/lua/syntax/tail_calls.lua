-- Tail calls do not grow the stack, through functions, methods and pcall'd chains.
local function loop(n, acc) if n == 0 then return acc end return loop(n - 1, acc + 1) end
print(loop(1000000, 0))
local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
print(even(300001), odd(300001))
local object = {} function object:step(n) if n == 0 then return "method done" end return self:step(n - 1) end
print(object:step(300000))
local callable = setmetatable({}, { __call = function(self, n) if n == 0 then return "call done" end return self(n - 1) end })
print(callable(300000))
local function va(...) local n = ... if n == 0 then return select("#", ...) end return va(n - 1, select(2, ...)) end
print(va(300000, 1, 2))
print((function() return select("#", (function() return 1, 2, 3 end)()) end)())
