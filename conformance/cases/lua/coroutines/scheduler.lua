-- A round-robin scheduler with messages and many coroutines.
local queue, out = {}, {}
local function spawn(f, ...) local co = coroutine.create(f) queue[#queue + 1] = { co, ... } end
for id = 1, 4 do spawn(function(n) for i = 1, n do out[#out + 1] = id .. ":" .. i if i == 2 and id == 2 then spawn(function() out[#out + 1] = "child" end) end coroutine.yield() end end, id) end
while #queue > 0 do local task = table.remove(queue, 1) local co = task[1] assert(coroutine.resume(co, table.unpack(task, 2))) if coroutine.status(co) ~= "dead" then queue[#queue + 1] = { co } end end
print(table.concat(out, " "))
local all = {} for i = 1, 2000 do all[i] = coroutine.create(function(x) local sum = x for k = 1, 5 do sum = sum + coroutine.yield() end return sum end) coroutine.resume(all[i], i) end
local total = 0 for round = 1, 5 do for i = 1, #all do local _, v = coroutine.resume(all[i], round) if v then total = total + v end end end print(total)
