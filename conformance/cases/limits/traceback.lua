-- memory: 64M
-- seconds: 20
-- prints: done
local function f(n) if n == 0 then return #debug.traceback(("m"):rep(5 << 20)) end return 1 + f(n - 1) end
for i = 1, 20 do f(10000) end
local name = ("n"):rep(1 << 20)
local chunk = load("local function " .. name .. "(n) if n == 0 then return debug.traceback() end return (" .. name .. "(n - 1)) end return " .. name .. "(100)")
if chunk then print(#chunk() > 0) end
for i = 1, 100 do local info = debug.getinfo(1, "nSltufL") end
print "done"
