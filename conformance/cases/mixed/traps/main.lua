-- Traps reach pcall with one traceback over all languages; errors of Lua unwind through WebAssembly.
local faults
local function f(i)
  if i == 0 then return faults.divide(1, 0) end
  if i == 1 then error("message") end
  if i == 2 then error({ code = 42 }) end
  if i == 3 then return nil + i end
  return i
end
package.loaded.env = { f = f }
faults = require "faults"
print(pcall(faults.divide, 1, 0))
print(pcall(faults.divide, -0x80000000, -1))
print(pcall(faults.load, 65536))
print(pcall(faults.trunc, 1e10))
print(pcall(faults.trunc, 0/0))
print(pcall(faults.unreachable))
print(pcall(faults.indirect, 0))
print(pcall(faults.indirect, 1))
print(pcall(faults.outer, 0))
print(pcall(faults.outer, 1))
local good, value = pcall(faults.outer, 2)
print(good, type(value), value.code)
print(pcall(faults.outer, 3))
print(pcall(faults.outer, 4))
print(xpcall(faults.outer, debug.traceback, 0))
print(xpcall(function() local x = faults.outer(1) return x end, debug.traceback))
print(xpcall(faults.outer, function(message) return "handled: " .. message end, 1))
-- Cleaned up on the way.
local log = {}
local function guarded(i)
  local _ <close> = setmetatable({}, { __close = function(_, e) log[#log + 1] = tostring(e) end })
  return (faults.outer(i))
end
print(pcall(guarded, 0), #log, log[1])
-- Uncaught in a coroutine, then uncaught at all.
local co = coroutine.create(faults.outer)
print(coroutine.resume(co, 1))
print(debug.traceback(co))
print(pcall(coroutine.wrap(faults.outer), 0))
faults.outer(1)
