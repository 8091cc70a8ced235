-- Conway's Game of Life on a torus, with a second version on sets of live cells.
local n = tonumber(arg and arg[1]) or 200

local function board(size, seed)
  local cells = {}
  for y = 1, size do
    local row = {}
    for x = 1, size do
      seed = (seed * 16807) % 2147483647
      row[x] = seed % 3 == 0 and 1 or 0
    end
    cells[y] = row
  end
  return cells
end

local function step(cells, size)
  local next_cells = {}
  for y = 1, size do
    local above = cells[y == 1 and size or y - 1]
    local here = cells[y]
    local below = cells[y == size and 1 or y + 1]
    local row = {}
    for x = 1, size do
      local left = x == 1 and size or x - 1
      local right = x == size and 1 or x + 1
      local around = above[left] + above[x] + above[right] + here[left] + here[right]
        + below[left] + below[x] + below[right]
      if around == 3 or (around == 2 and here[x] == 1) then row[x] = 1 else row[x] = 0 end
    end
    next_cells[y] = row
  end
  return next_cells
end

local WIDTH = 4096
local function step_sparse(live)
  local counts = {}
  for cell in pairs(live) do
    for dy = -WIDTH, WIDTH, WIDTH do
      for dx = -1, 1 do
        local key = cell + dy + dx
        counts[key] = (counts[key] or 0) + 1
      end
    end
  end
  local next_live = {}
  for cell, count in pairs(counts) do
    -- The count includes the cell itself.
    if count == 3 or (count == 4 and live[cell]) then next_live[cell] = true end
  end
  return next_live
end

local cells = board(n, 12345)
for _ = 1, n do
  cells = step(cells, n)
end
local population, hash = 0, 0
for y = 1, n do
  for x = 1, n do
    population = population + cells[y][x]
    hash = (hash * 2 + cells[y][x]) % 1000003
  end
end

-- The R-pentomino, which lives for 1103 generations.
local live = {}
for _, offset in ipairs({ 1, 2, WIDTH, WIDTH + 1, 2 * WIDTH + 1 }) do
  live[1000 * WIDTH + 1000 + offset] = true
end
for _ = 1, n * 3 do
  live = step_sparse(live)
end
local sparse, sum = 0, 0
for cell in pairs(live) do
  sparse = sparse + 1
  sum = (sum + cell) % 1000003
end
print(string.format("life %d cells, hash %d; sparse %d cells, sum %d", population, hash, sparse, sum))
