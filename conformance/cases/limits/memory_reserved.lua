-- memory: 64M
-- seconds: 20
-- prints: done
-- Memories that may grow far, made, dropped and made again: what is only reserved must not become resident.
local t = {}
for round = 1, 4 do
  for i = 1, 400 do t[i] = wasm.memory(1, 256) t[i]:fill(0, 1, 65536) end
  for i = 1, 400, 2 do t[i] = nil end
  collectgarbage()
end
print "done"
