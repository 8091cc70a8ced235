-- Length with appends and removals at the end; borders of sequences.
local t = {} for i = 1, 10 do t[#t + 1] = i end print(#t) t[#t] = nil print(#t) for i = 9, 1, -1 do t[i] = nil end print(#t)
for i = 10, 1, -1 do t[i] = i end print(#t) t = { n = 1, [1] = "a", [2] = "b" } print(#t) t = {} t[1] = 1 t[2] = 2 t[4] = 4 print(#t == 2 or #t == 4) t = { 1, 2, 3, nil } print(#t) t = { nil, nil } print(#t == 0)
for i = 1, 2000 do t[i] = true end print(#t) for i = 2000, 1001, -1 do t[i] = nil end print(#t) t[1001] = 1 print(#t) t = table.pack(table.unpack({}, 1, 50)) print(#t, t.n) t = {} t[2] = 2 t[1] = 1 t[3] = 3 print(#t) print(#{ table.unpack({ 1, 2, 3 }) }, #"", #{ {}, {}, {} })
