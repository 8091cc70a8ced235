-- Keys of every kind, float keys that are integers, removal during traversal, many keys.
local t = {} local f = function() end local k = {} t[1] = "i" t[1.5] = "f" t["1"] = "s" t[true] = "b" t[f] = "fn" t[k] = "t" t[-1] = "n" t[2^53] = "big" t[-0.0] = "zero"
print(t[1], t[1.0], t[1.5], t["1"], t[true], t[f], t[k], t[-1], t[2^53], t[0], t[0.0], t[false]) t[1] = nil t[1.0] = "again" print(t[1], next({ [3.0] = 1 }), math.type(next({ [3.0] = 1 })))
local n = 0 for _ in pairs(t) do n = n + 1 end print(n) local big = {} for i = 1, 10000 do big["k" .. i] = i big[i * 1000003] = i end n = 0 for key, v in pairs(big) do n = n + v end print(n) for i = 1, 10000 do big["k" .. i] = nil end n = 0 for _ in pairs(big) do n = n + 1 end print(n)
print(#big, big[1000003], rawlen(big)) local s = {} for i = 1, 100 do s[string.rep("x", i)] = i end print(s[string.rep("x", 50)], s[("x"):rep(101)]) print(({ [1] = "a", [1] = "b" })[1], ({ "x", [1] = "y" })[1])
local order = {} for i, v in ipairs({ 10, 20, 30 }) do order[#order + 1] = i .. "=" .. v end print(table.concat(order, " ")) local arr = {} for key in pairs({ 1, 2, 3, 4, 5 }) do arr[#arr + 1] = key end print(table.concat(arr, " "))
