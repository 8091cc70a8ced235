-- memory: 64M
-- seconds: 20
-- prints: false	not enough memory
-- prints: done
local t = {}
print(pcall(function()
  for i = 1, 1e9 do
    local ok, e = pcall(error, { i })
    t[i] = e
  end
end))
for i = 1, 1e5 do pcall(function() local x = nil; return x.y.z end) end
print "done"
