-- Endless recursion is an error that can be caught, and everything works afterwards.
local function endless(n) return 1 + endless(n + 1) end
local ok, m = pcall(endless, 1) print(ok, m:match("stack overflow") or m)
local function endless_method() local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end }) return t[1] end
ok, m = pcall(endless_method) print(ok, (m:match("stack overflow") or m:match("C stack overflow") or m))
ok, m = xpcall(endless, function(m) return "handled: " .. (m:match("stack overflow") or m) end, 1) print(ok, m)
local co = coroutine.create(endless) ok, m = coroutine.resume(co, 1) print(ok, m:match("stack overflow") or m, coroutine.status(co))
local count = 0 local function again() count = count + 1 local ok, m = pcall(endless, 1) return ok end
for i = 1, 3 do again() end print(count)
