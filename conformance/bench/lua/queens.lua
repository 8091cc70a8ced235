-- Counts all placements of n queens, with three boolean arrays for the attacked lines.
local n = tonumber(arg and arg[1]) or 12

local columns, rising, falling = {}, {}, {}
local solutions, tried = 0, 0

local function place(row)
  if row > n then
    solutions = solutions + 1
    return
  end
  for column = 1, n do
    local up, down = row + column, row - column + n
    if not columns[column] and not rising[up] and not falling[down] then
      tried = tried + 1
      columns[column], rising[up], falling[down] = true, true, true
      place(row + 1)
      columns[column], rising[up], falling[down] = false, false, false
    end
  end
end

for i = 1, 2 * n do
  columns[i], rising[i], falling[i] = false, false, false
end
for _ = 1, 3 do
  place(1)
end
print(string.format("%d solutions, %d placements", solutions, tried))
