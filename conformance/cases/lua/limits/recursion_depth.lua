-- 150,000 calls deep, and back, without tail calls.
local function down(n) if n == 0 then return 0 end return 1 + down(n - 1) end
print(down(150000))
local function sum(list, i) if i > #list then return 0 end return list[i] + sum(list, i + 1) end
local list = {} for i = 1, 100000 do list[i] = i end
print(sum(list, 1))
local co = coroutine.create(function() return down(150000) end)
print(coroutine.resume(co))
