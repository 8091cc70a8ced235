-- Functions as precompiled chunks, and back.
local function again(f, ...) return load(string.dump(f, ...), "again", "b") end

print(again(function(a, b) return a + b, "text\0\255", 1.5, math.maxinteger end)(1, 2))
print(again(function(...)
  local function inner(n) if n == 0 then return "done" end return inner(n - 1) end
  local t = { inner(3), ... }
  for i, v in ipairs(t) do t[i] = v .. i end
  return table.concat(t, " ")
end)("x", "y"))

-- Upvalues are new ones; the first is the environment that is given.
local a, b = 10, 20
local f = again(function(set) if set then a = set b = 2 else return a, b end end)
print((pcall(f)))
f(5)
print(f())
print(debug.getupvalue(f, 1), debug.getupvalue(f, 2), debug.getupvalue(f, 3))
local g = load(string.dump(function() return x end), "g", "b", { x = "of the environment" })
print(g())

-- Names and lines go along, unless they are stripped.
local function fails(t)
  local y = 1
  return t.field.other
end
print(pcall(again(fails), {}))
print(pcall(again(fails, true), {}))
local info = debug.getinfo(again(fails), "S")
print(info.what, info.short_src == debug.getinfo(1, "S").short_src, info.linedefined, info.lastlinedefined)
info = debug.getinfo(again(fails, true), "Sl")
print(info.what, info.source, info.short_src, info.linedefined, info.currentline)
print((debug.getupvalue(again(f, true), 1)))
print(next(debug.getinfo(again(fails, true), "L").activelines))

-- The header is that of the language; modes; what is cut off or damaged.
local chunk = string.dump(fails)
print(chunk:sub(1, 4) == "\27Lua", chunk:byte(5), string.unpack("jn", chunk, 16))
print(load(chunk, "name", "t"))
print(load("return 1", "name", "b"))
print(pcall(string.dump, print))
local good = true
for i = 1, #chunk - 1 do
  local f, message = load(chunk:sub(1, i), "=cut")
  good = good and not f and message == "cut: bad binary format (truncated chunk)"
end
print(good)
for i = 1, 31 do
  local damaged = chunk:sub(1, i - 1) .. string.char((chunk:byte(i) + 1) % 256) .. chunk:sub(i + 1)
  good = good and not load(damaged)
end
print(good)
print(select(2, load("\27Lua\x53" .. chunk:sub(6), "@file")))
print(select(2, load("\27Lub" .. chunk:sub(5))))

-- Piece by piece.
local at = 0
print(load(function() at = at + 1 return chunk:sub(at, at) end, "pieces", "b") ~= nil)
