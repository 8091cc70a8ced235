-- Exceptions of WebAssembly are error values in Lua, which can raise them again; Lua's own errors and traps pass all `catch_all`.
local tags = require "tags"
local catcher, kept
local function callback(i)
  if i == 1 then tags.throw_first(7, 0.5) end
  if i == 2 then tags.throw_second() end
  if i == 3 then error("an error of Lua") end
  if i == 4 then return nil + i end
  if i == 5 then error(kept) end
  if i == 6 then catcher.own(42) end
  if i == 7 then error({}) end
end
package.loaded.env = { callback = callback }
catcher = require "catcher"
local good
good, kept = pcall(tags.throw_first, 1, 2.5)
print(good, type(kept), tostring(kept))
print(select(2, pcall(tags.throw_second)))
print(rawequal(kept, select(2, pcall(error, kept))))
for i = 0, 7 do
  print(i, "guarded", pcall(catcher.guarded, i))
  print(i, "everything", pcall(catcher.everything, i))
  print(i, "legacy", pcall(catcher.legacy, i))
  print(i, "delegated", pcall(catcher.delegated, i))
end
-- An exception that was caught as a reference is the same error value.
local reference = catcher.kept(5)
print(rawequal(reference, kept), pcall(catcher.again, reference))
print(pcall(catcher.again, nil))
print(catcher.kept(0))
-- Message handlers and closings see it.
print(xpcall(tags.throw_first, function(e) return "handled " .. tostring(e) end, 3, 4.5))
do
  local seen
  local function closing()
    local _ <close> = setmetatable({}, { __close = function(_, e) seen = e end })
    tags.throw_second()
  end
  print(pcall(closing), tostring(seen))
end
-- Out of a coroutine, and deep.
print(coroutine.resume(coroutine.create(catcher.guarded), 2))
local function deep(n) if n == 0 then tags.throw_first(n, 1.5) end deep(n - 1) return n end
package.loaded.env.callback = nil
print(pcall(deep, 1000))
tags.throw_first(-1, 1e100)
