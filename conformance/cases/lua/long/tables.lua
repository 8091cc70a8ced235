-- Lists that are longer than the library moves at once.
local function list(n)
  local t = {}
  for i = 1, n do t[i] = i end
  return t
end
local function marks(t, n)
  local out = {}
  for i = 1, n, 7919 do out[#out + 1] = tostring(t[i]) end
  out[#out + 1] = tostring(t[n])
  out[#out + 1] = tostring(t[n + 1])
  return table.concat(out, " ")
end
local n = 40000
local t = list(n)
table.insert(t, 1, "first")
print(marks(t, n + 1))
table.insert(t, 20000, "middle")
print(marks(t, n + 2), t[19999], t[20000], t[20001])
print(table.remove(t, 20000), table.remove(t, 1), marks(t, n))
print(marks(table.move(t, 1, n, 3), n + 2))
print(marks(table.move(t, 3, n + 2, 1, {}), n))
print(marks(table.move(list(n), 1, n, n // 2), n + n // 2 - 1))
local function count(t) local c = 0 for _ in pairs(t) do c = c + 1 end return c end
print("moved away", count(table.move({}, 1, 50000, -9, { 1, 2, 3 })), count(table.move(list(5), -50000, 50000, 1, {})))
local packed = table.pack(table.unpack(list(n)))
print("pack", packed.n, marks(packed, n), select("#", table.unpack(list(n), 2, n - 1)), (select(n, table.unpack(list(n)))))
print("select", select("#", select(2, table.unpack(list(n)))), select(-2, table.unpack(list(n))))
print("max", math.max(table.unpack(list(n))), math.min(table.unpack(list(n))))
local function varargs(...) local first <close> = nil return select("#", ...), ... end
print("kept", select("#", varargs(table.unpack(list(n)))))
local parts = {}
for i = 1, n do parts[i] = i % 7 == 0 and i or "part " .. i end
local joined = table.concat(parts, ", ")
print("concat", #joined, joined:sub(1, 40), joined:sub(-40))
local separator = ("="):rep(5000)
joined = table.concat({ "a", ("b"):rep(6000), 3, "d" }, separator, 1, 4)
print("concat", #joined, joined:find("d", 1, true), #joined:match("b+"))
print("concat", #table.concat(parts, separator, 1, 300), pcall(table.concat, setmetatable({}, { __index = function(_, i) return i < 30000 and i or nil end }), "", 1, 40000))
print("next", next({}), (function() local e = {} for i = 1, 3000 do e[i] = i e["k" .. i] = i end for k in pairs(e) do e[k] = nil end return next(e) end)())
local sparse = {}
for i = 1, 3000 do sparse["k" .. i] = i end
for i = 1, 2999 do sparse["k" .. i] = nil end
local seen = 0
for k, v in pairs(sparse) do seen = seen + v assert(next(sparse, k) == nil) end
print("pairs", seen, next(sparse))
