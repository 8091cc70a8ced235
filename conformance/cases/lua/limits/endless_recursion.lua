-- Recursion without end is an error that can be caught, again and again.
local function endless(n) return 1 + endless(n + 1) end
for i = 1, 3 do local ok, m = pcall(endless, 1) print(ok, m:match("stack overflow")) end
local a, b
function a() return 1 + b() end
function b() return 1 + a() end
local ok, m = pcall(a) print(ok, m:match("stack overflow"))
local object = {} function object:go() return 1 + self:go() end
ok, m = pcall(object.go, object) print(ok, m:match("stack overflow"))
print(select(2, coroutine.resume(coroutine.create(endless), 1)):match("stack overflow"))
