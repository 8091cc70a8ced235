-- Lists that are longer than the library sorts at once.
local seed = 7
local function random(limit)
  seed = (seed * 16807) % 2147483647
  return seed % limit
end
local function check(name, t, less)
  less = less or function(a, b) return a < b end
  for i = 2, #t do assert(not less(t[i], t[i - 1]), name) end
  print(name, #t, t[1], t[#t // 2], t[#t])
end
for _, n in ipairs { 2, 3, 4, 5, 100, 2047, 2048, 2049, 2050, 9000 } do
  local ints, floats, words, same, up, down = {}, {}, {}, {}, {}, {}
  for i = 1, n do
    ints[i], floats[i], words[i], same[i], up[i], down[i] = random(1000000), random(1000) / 8, "w" .. random(100000), 5, i, -i
  end
  for name, t in pairs { ints = ints, floats = floats, words = words, same = same, up = up, down = down } do table.sort(t) end
  check("ints", ints) check("floats", floats) check("words", words) check("same", same) check("up", up) check("down", down)
end
local organ = {}
for i = 1, 6000 do organ[i] = math.min(i, 6001 - i) end
table.sort(organ) check("organ", organ)
local lines = {}
for i = 1, 700 do lines[i] = ("line "):rep(random(40) + 10) .. random(1000) end
table.sort(lines) print("lines", #lines, #lines[1], #lines[700]) for i = 2, 700 do assert(lines[i - 1] <= lines[i]) end
local texts = {}
for i = 1, 40 do texts[i] = ("x"):rep(5000) .. random(100000) end
table.sort(texts) print("texts", texts[1]:sub(-5), texts[40]:sub(-5)) for i = 2, 40 do assert(texts[i - 1] <= texts[i]) end
local mixed = {}
for i = 1, 3000 do mixed[i] = i % 2 == 0 and i or i + 0.5 end
table.sort(mixed) check("mixed", mixed)
table.sort(mixed, function(a, b) return a > b end) check("by function", mixed, function(a, b) return a > b end)
print("wrong", pcall(table.sort, { 1, "x", 3 }))
local objects = {}
for i = 1, 3000 do objects[i] = i end
objects[2990] = "x"
print("wrong", pcall(table.sort, objects))
