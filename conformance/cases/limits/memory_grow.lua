-- memory: 64M
-- seconds: 20
-- prints: true
-- prints: done
local m = wasm.memory(1)
while m:grow(1) do m:fill((m:pages() - 1) * 65536, 1, 65536) end
print(m:pages() > 300)
m = nil
collectgarbage()
local t = wasm.table(1, nil, "externref")
while t:grow(1000, 1) do end
print(t:size() > 1000000)
t = nil
for i = 1, 300 do local m = wasm.memory(100) m:fill(0, 1, 6553600) end
print "done"
