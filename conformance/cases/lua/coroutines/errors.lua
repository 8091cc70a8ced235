-- Errors inside coroutines end them and reach the resumer as values.
local co = coroutine.create(function() local x = nil return x.field end)
print(coroutine.resume(co)) print(coroutine.status(co), coroutine.resume(co))
co = coroutine.create(function() coroutine.yield(1) error({ "table" }) end) print(coroutine.resume(co)) local ok, e = coroutine.resume(co) print(ok, type(e), e[1])
co = coroutine.create(function() error() end) print(coroutine.resume(co))
co = coroutine.create(function() error("level two", 2) end) print(coroutine.resume(co))
co = coroutine.create(function() local inner = coroutine.create(function() error("deep", 0) end) return coroutine.resume(inner) end) print(coroutine.resume(co))
co = coroutine.wrap(function() local ok, m = pcall(error, "caught", 0) coroutine.yield(ok, m) error("again", 0) end) print(co()) print(pcall(co))
co = coroutine.create(function() string.rep() end) print(coroutine.resume(co))
