-- Recursion through functions of the library, metamethods, coroutines and message handlers ends at about 200 levels. How many
-- exactly depends on what runs this file.
local function report(name, levels, ok, message)
  print(name, levels > 180 and levels < 230, ok, type(message) == "string" and message:match("[^:]*$") or message)
end
local n
local function reset() n = 0 collectgarbage() end
reset() local function f() n = n + 1 local ok, m = pcall(f) if ok then return m end return m end
report("pcall", n, pcall(f)) report("pcall", n, true, (f()))
reset() local function a() n = n + 1 assert(pcall(a)) end
local ok, m = pcall(a) print(ok, m:sub(-16), n > 180 and n < 230)
local t = setmetatable({}, {})
local meta = getmetatable(t)
meta.__index = function(_, k) n = n + 1 return t[k + 1] end
reset() report("index", 200, pcall(function() return t[1] end)) print(n > 180 and n < 230)
meta.__newindex = function(_, k, v) n = n + 1 t[k] = v end
reset() report("newindex", 200, pcall(function() t.x = 1 end)) print(n > 180 and n < 230)
meta.__add = function(x, y) n = n + 1 return x + y end
reset() report("add", 200, pcall(function() return t + 1 end)) print(n > 180 and n < 230)
meta.__concat = function(x, y) n = n + 1 return x .. y end
reset() report("concat", 200, pcall(function() return t .. "x" end)) print(n > 180 and n < 230)
meta.__lt = function(x, y) n = n + 1 if x < y then return true end end
reset() report("less", 200, pcall(function() return t < t end)) print(n > 180 and n < 230)
meta.__eq = function(x, y) n = n + 1 return x == y end
reset() report("equal", 200, pcall(function() return t == setmetatable({}, meta) end)) print(n > 180 and n < 230)
reset() local function s() n = n + 1 table.sort({1, 2, 3}, function(x, y) s() return x < y end) end
report("sort", 200, pcall(s)) print(n > 180 and n < 230)
reset() local function g() n = n + 1 return (string.gsub("a", "a", g)) end
report("gsub", 200, pcall(g)) print(n > 180 and n < 230)
reset() local function x() n = n + 1 return tostring(setmetatable({}, {__tostring = x})) end
report("tostring", 200, pcall(x)) print(n > 180 and n < 230)
reset() local function c() n = n + 1 local ok, m = coroutine.resume(coroutine.create(c)) if not ok then error(m, 0) end end
report("resume", 200, pcall(c)) print(n > 180 and n < 230)
reset() local function r() n = n + 1 return (require("m" .. n)) end
for i = 1, 300 do package.preload["m" .. i] = r end
report("require", 200, pcall(r)) print(n > 180 and n < 230)
-- What comes back does not count any more.
for i = 1, 500 do
  pcall(error, i) pcall(pcall, error) pcall(function() return t[{}] end) pcall(string.gsub, "x", "x", error)
end
local co = coroutine.wrap(function() while true do coroutine.yield(pcall(error, 1)) end end)
for i = 1, 500 do co() end
local function deep(k) if k == 0 then return "bottom" end return select(2, pcall(deep, k - 1)) end
for i = 1, 5 do print(deep(150)) end
local function scopes(k)
  if k == 0 then local v <close> = setmetatable({}, {__close = function() end}) error("thrown", 0) end
  local ok, m = pcall(scopes, k - 1)
  return m
end
for i = 1, 5 do print(scopes(150)) end
