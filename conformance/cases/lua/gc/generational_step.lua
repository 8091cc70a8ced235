-- In the generational mode a step of nothing collects what is young.
local old = collectgarbage("generational")
local weak = setmetatable({}, { __mode = "kv" }) collectgarbage()
for i = 1, 3 do weak[1] = { 10 } weak[{}] = 1 print(collectgarbage("step", 0), weak[1], next(weak)) end
print(collectgarbage("incremental"), collectgarbage(old))
