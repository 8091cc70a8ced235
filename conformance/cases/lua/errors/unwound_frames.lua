-- What closes a variable after an error is called by whoever caught the error: the failed function is gone.
local function closing(f) return setmetatable({}, { __close = f }) end
local function caller(level) local info = debug.getinfo(level + 1, "nS") return info.what, info.name end
print(pcall(function() local x <close> = closing(function() print("after an error:", caller(2)) end) error("gone", 0) end))
print(pcall(function() local x <close> = closing(function() print("at the end:", debug.getinfo(1, "n").name, (caller(2))) end) return "kept" end))
print(pcall(function() local x <close> = closing(function() error("blamed on the catcher", 2) end) error("first") end))
print(pcall(function() local x <close> = closing(function() error("blamed on the block", 2) end) end))
print(pcall(function() local x <close> = closing(5) end))
print(pcall(function() local x <close> = closing(5) error("first") end))
print(pcall(function() local x <close> = closing(function() end) getmetatable(x).__close = nil error("first") end))
print(pcall(function() local x <close> = closing(function(_, e) print(debug.traceback(e, 1):gsub("\n.*main chunk.*", "")) end) error("E", 0) end))
local co = coroutine.create(function() local x <close> = closing(function() print((debug.traceback("closed"))) end) coroutine.yield() end)
coroutine.resume(co) print(coroutine.close(co))
