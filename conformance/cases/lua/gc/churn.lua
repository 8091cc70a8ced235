-- Much garbage of every kind while live data stays intact.
local live = {} for i = 1, 1000 do live[i] = { value = i, text = "item " .. i, f = function() return i end } end
for round = 1, 50 do local garbage = {} for i = 1, 500 do garbage[i] = { tostring(i * round), function() return garbage end, coroutine.create(print) } end local s = "" for i = 1, 100 do s = s .. i end end
local sum, ok = 0, true for i, item in ipairs(live) do sum = sum + item.value + item.f() ok = ok and item.text == "item " .. i end print(sum, ok)
local list for i = 1, 100000 do list = { next = list, i = i } end local n = 0 while list do n = n + 1 list = list.next end print(n) local t = {} for i = 1, 100000 do t[i % 100] = { i } end n = 0 for _, v in pairs(t) do n = n + v[1] end print(n)
