-- memory: 64M
-- seconds: 20
-- prints: done
local t = {}
print(pcall(function()
  for i = 1, 1e6 do
    local f = io.open("/dev/null", "r+")
    if not f then break end
    f:write("x")
    t[i] = f
  end
end))
print "done"
