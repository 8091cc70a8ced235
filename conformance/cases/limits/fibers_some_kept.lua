-- memory: 64M
-- seconds: 120
-- prints: done
-- One of eight is kept, in between other things take the room.
local kept = {}
for round = 1, 20 do
  local t = {}
  local ok = pcall(function()
    for i = 1, 1e6 do t[i] = coroutine.create(print) end
  end)
  for i = 1, #t do if i % 8 ~= 0 then t[i] = false end end
  kept[#kept % 3 + 1] = t
  t = nil
  pcall(function() local s = {} for i = 1, 1e6 do s[i] = ("x"):rep(500) .. i end end)
end
print "done"
