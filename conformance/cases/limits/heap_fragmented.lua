-- memory: 64M
-- seconds: 240
-- prints: done
-- One small cell of each size in every place where many were, for one size after the other.
local keep = {}
for size = 1, 60 do
  local t = {}
  pcall(function() for i = 1, 1e7 do t[i] = ("x"):rep(size * 40 - 20) .. i end end)
  for i = 1, #t, 100 do keep[#keep + 1] = t[i] end
  t = nil
  if #keep > 100000 then keep = {} end
end
print "done"
