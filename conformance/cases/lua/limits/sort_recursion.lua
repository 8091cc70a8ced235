-- A sort comparator that sorts, without end.
local function sorter() table.sort({ 3, 2, 1 }, function(a, b) sorter() return a < b end) end
local ok, m = pcall(sorter) print(ok, m:match("stack overflow") or m)
local depth = 0 local function some() depth = depth + 1 local d = depth if d < 20 then table.sort({ 2, 1 }, function(a, b) if depth == d then some() end return a < b end) end end some() print(depth)
