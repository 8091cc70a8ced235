-- memory: 64M
-- seconds: 60
-- prints: done
-- Short strings that die at once, over and over.
for i = 1, 3e6 do local s = "s" .. i end
local t = {}
for round = 1, 5 do
  pcall(function() for i = 1, 1e9 do t[i] = round .. ":" .. i end end)
  t = {}
end
print "done"
