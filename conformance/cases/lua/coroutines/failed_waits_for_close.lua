-- A coroutine that has failed keeps its stack, and its variables stay open, until it is closed.
local function closing(name) return setmetatable({}, { __close = function(_, e) print("close", name, e) end }) end
local co = coroutine.create(function(x)
  local a <close> = closing("a")
  local function inner() local b <close> = closing("b") coroutine.yield(x) error("failed", 0) end
  inner()
end)
print(coroutine.resume(co, "first"))
print(debug.traceback(co)) print(debug.traceback(co, "from level 1", 1)) print(debug.getinfo(co, 0, "S").what, debug.getinfo(co, 0, "n").name, debug.getinfo(co, 1, "l").currentline)
print(coroutine.resume(co)) print(coroutine.status(co))
print(debug.traceback(co)) print(debug.getinfo(co, 0, "S").what, debug.getlocal(co, 2, 1))
print(coroutine.resume(co))
print(coroutine.close(co)) print(coroutine.status(co), debug.traceback(co)) print(coroutine.close(co))
-- What wrap gives closes it at once.
print(pcall(coroutine.wrap(function() local w <close> = closing("w") error("wrapped", 0) end)))
-- Errors that are caught inside close at once.
print(coroutine.resume(coroutine.create(function() return pcall(function() local c <close> = closing("c") error("inside", 0) end) end)))
-- A collection does not take what closing needs.
co = coroutine.create(function() local d <close> = closing("d" .. tostring(1)) local text = "te" .. tostring(2) error(text, 0) end)
coroutine.resume(co) collectgarbage() collectgarbage() print(coroutine.close(co))
