-- memory: 64M
-- seconds: 20
-- prints: done
-- A source whose names are long, and functions that capture them.
local name = ("n"):rep(1 << 19)
local source = "local " .. name .. " = 1 return " .. ("function() return "):rep(150) .. name .. (" end"):rep(150)
print(pcall(load, source))
for i = 1, 20 do local f = load("return 1", ("c"):rep(10 << 20)) if f then debug.getinfo(f, "S") end end
print "done"
