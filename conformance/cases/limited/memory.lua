-- Under a limit of 8 MiB: what does not fit is an error that can be caught, again and again, and nothing is lost.
local kept = { "still here" }
local function try(name, f)
  for i = 1, 2 do local ok, m = pcall(f) print(name, ok, m) end
end
try("table", function() local t = {} for i = 1, 1e9 do t[i] = i end end)
try("list", function() local l for i = 1, 1e9 do l = { l } end end)
try("concatenation", function() local s = "x" while true do s = s .. s end end)
try("rep", function() local t = {} for i = 1, 1e9 do t[i] = string.rep("x", 100000 + i) end end)
try("closures", function() local f for i = 1, 1e9 do local g = f f = function() return g end end end)
try("cells", function() local t = {} for i = 1, 1e9 do local x = i t[i] = function() x = x + 1 return x end end end)
try("strings", function() local t = {} for i = 1, 1e9 do t["k" .. i] = true end end)
try("pieces", function() local t = {} for i = 1, 1e4 do t[i] = "xxxxxxxxxx" end local u = {} while true do u[#u + 1] = table.concat(t) end end)
try("coroutines", function() local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end end)
-- Where a stack grows nothing can be collected.
collectgarbage()
local ok, m = coroutine.resume(coroutine.create(function() local function down(n) return 1 + down(n + 1) end return down(1) end)) print("stack", ok, m:match("stack overflow") or m)
collectgarbage()
-- What is not used any more is in nobody's way.
for i = 1, 30 do local s = string.rep("y", 1000000 + i) local t = s .. "z" assert(#t == 1000001 + i) end print("large strings")
for i = 1, 30 do local t = {} for k = 1, 20000 do t[k] = k end end print("tables")
for i = 1, 30000 do local co = coroutine.create(print) end print("coroutines")
local s = string.rep("a", 1000000) for i = 1, 20 do s = s:sub(1, 500000) .. s:sub(-499999) .. "b" end print(#s)
local text = table.concat({ "k", "e", "p", "t" }) print(kept[1], text, xpcall(function() local t = {} for i = 1, 1e9 do t[i] = {} end end, function(m) return m .. ", handled" end))
local finalised = false do setmetatable({}, { __gc = function() finalised = true end }) end
pcall(function() local t = {} for i = 1, 1e9 do t[i] = {} end end) collectgarbage() print(finalised, collectgarbage("count") < 1280)
