-- Coroutines that resume coroutines without end.
local function resume_next() local co = coroutine.create(resume_next) return coroutine.resume(co) end
local ok, m = resume_next() print(ok)
local function wrap_next(n) return coroutine.wrap(wrap_next)(n + 1) end
ok, m = pcall(wrap_next, 1) print(ok, (tostring(m):match("stack overflow") or tostring(m)))
local function some(n) if n == 0 then return "bottom" end return select(2, coroutine.resume(coroutine.create(some), n - 1)) end print(some(100))
