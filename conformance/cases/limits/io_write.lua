-- memory: 64M
-- seconds: 20
-- prints: 26214400
local f = io.open("/dev/null", "w")
local s = ("x"):rep(25 << 20)
for i = 1, 100 do f:write(s, s, i, s) end
f:setvbuf("line")
for i = 1, 10 do f:write(s, "\n") end
io.output(f)
io.write(s, s, s)
f:setvbuf("full", 1 << 40)
f:write(s)
f:close()
print(#tostring(s))
