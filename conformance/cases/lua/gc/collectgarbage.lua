-- The options of collectgarbage and what they answer.
print(collectgarbage(), collectgarbage("collect"), type(collectgarbage("count")), math.type(collectgarbage("count")), collectgarbage("isrunning"), collectgarbage("stop"), collectgarbage("isrunning"), collectgarbage("restart"), collectgarbage("isrunning"))
print(type(collectgarbage("step")), type(collectgarbage("step", 100)), type(collectgarbage("incremental")), collectgarbage("incremental"), pcall(collectgarbage, "unknown"))
local before = collectgarbage("count") local t = {} for i = 1, 20000 do t[i] = { i } end print(collectgarbage("count") > before + 500) t = nil collectgarbage() collectgarbage() print(collectgarbage("count") < before + 500)
