-- memory: 64M
-- seconds: 120
-- prints: done
for i = 1, 20000 do
  local f = load("local a = ... return function() return a + " .. i .. " end")
  f(1)()
end
print "done"
