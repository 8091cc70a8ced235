-- Counts the points of the Mandelbrot set on a square grid and folds them into a checksum.
local n = tonumber(arg and arg[1]) or 1000

local limit = 50
local inside, checksum = 0, 0
for row = 0, n - 1 do
  local ci = 2.0 * row / n - 1.0
  local line = 0
  for column = 0, n - 1 do
    local cr = 2.0 * column / n - 1.5
    local zr, zi, rr, ii = 0.0, 0.0, 0.0, 0.0
    local steps = 0
    while steps < limit and rr + ii <= 4.0 do
      zi = 2.0 * zr * zi + ci
      zr = rr - ii + cr
      rr, ii = zr * zr, zi * zi
      steps = steps + 1
    end
    if steps == limit then inside = inside + 1 end
    line = (line * 31 + steps) % 65521
  end
  checksum = (checksum * 17 + line) % 65521
end
print(string.format("%d inside, checksum %d", inside, checksum))
