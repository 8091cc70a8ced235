-- Upvalues as the debug library sees them: every captured variable is one, in the order of first use, and is shared.
local a, b, k <const>, z = 1, "two", 3, 4
local function f() return b, a, k, print, z end
local function g() return a, b end
for i = 1, 6 do print(i, (debug.getupvalue(f, i))) end
print(debug.getupvalue(f, 0), debug.getupvalue(g, 1), debug.getupvalue(g, 2), debug.getupvalue(g, 3))
print(debug.getinfo(f, "u").nups, debug.getinfo(g, "u").nups, debug.getinfo(1, "u").nups)
print(debug.setupvalue(f, 1, "changed"), b, g())
print(debug.setupvalue(g, 1, 10), a, (f()), debug.setupvalue(g, 3, 1))
print(debug.upvalueid(f, 1) == debug.upvalueid(g, 2), debug.upvalueid(f, 2) == debug.upvalueid(g, 1),
  debug.upvalueid(f, 1) == debug.upvalueid(g, 1), debug.upvalueid(f, 9), type(debug.upvalueid(f, 1)))
local function factory(v)
  return function() return v end, function(n) v = n end, function() return function() return v end end
end
local get, set, nest = factory(5)
local get2 = factory(5)
print(debug.upvalueid(get, 1) == debug.upvalueid(set, 1), debug.upvalueid(get, 1) == debug.upvalueid(get2, 1),
  debug.upvalueid(nest, 1) == debug.upvalueid(nest(), 1), debug.upvalueid(nest(), 1) == debug.upvalueid(nest(), 1))
set(6) print(get(), get2(), nest()())
debug.upvaluejoin(get2, 1, set, 1)
set(7) print(get(), get2())
debug.upvaluejoin(get, 1, get2, 1)
debug.setupvalue(get2, 1, 8) print(get(), nest()(), get2())
print(pcall(debug.upvaluejoin, get, 2, get2, 1))
print(pcall(debug.upvaluejoin, get, 1, get2, 5))
print(pcall(debug.upvaluejoin, print, 1, get2, 1))
print(pcall(debug.upvaluejoin, get, 1, print, 1))
print(pcall(debug.setupvalue, get, 1))
local closures = {}
for i = 1, 3 do closures[i] = function() return i end end
print(debug.upvalueid(closures[1], 1) ~= debug.upvalueid(closures[2], 1), debug.setupvalue(closures[2], 1, "x"), closures[1](), closures[2]())
-- A function that calls itself.
local function fact(n) return n < 2 and 1 or n * fact(n - 1) end
print(debug.getupvalue(fact, 1), debug.getupvalue(fact, 1) == "fact")
debug.setupvalue(fact, 1, function() return 100 end)
print(fact(5))
-- The usual setfenv and getfenv.
local function setfenv(fn, env)
  local i = 1
  while true do
    local name = debug.getupvalue(fn, i)
    if name == "_ENV" then
      debug.upvaluejoin(fn, i, (function() return env end), 1)
      break
    elseif not name then break end
    i = i + 1
  end
  return fn
end
x = "global"
print(setfenv(function() return x end, {x = "sandboxed"})(), x)
print(setfenv(load("return x"), {x = "loaded"})(), x)
local chunk = load("local y = x return function() return x, y end")
local inner = chunk()
debug.setupvalue(chunk, 1, {x = "set"})
print(chunk()()) print(inner())
print(debug.getupvalue(load("x = 1"), 1) == "_ENV", debug.getupvalue(load("return 1"), 1) == "_ENV")
print(debug.getupvalue(string.gmatch("a", "a"), 1), debug.getupvalue(print, 1))



