-- Largest singular value of an infinite matrix, by the power method on vectors.
local n = tonumber(arg and arg[1]) or 650

local function entry(i, j)
  local diagonal = i + j - 1
  return 1.0 / (diagonal * (diagonal - 1) * 0.5 + i)
end

local function times(source, target)
  for i = 1, n do
    local sum = 0
    for j = 1, n do
      sum = sum + source[j] * entry(i, j)
    end
    target[i] = sum
  end
end

local function times_transposed(source, target)
  for i = 1, n do
    local sum = 0
    for j = 1, n do
      sum = sum + source[j] * entry(j, i)
    end
    target[i] = sum
  end
end

local function both(source, target, scratch)
  times(source, scratch)
  times_transposed(scratch, target)
end

local u, v, scratch = {}, {}, {}
for i = 1, n do
  u[i] = 1
end
for _ = 1, 10 do
  both(u, v, scratch)
  both(v, u, scratch)
end
local uv, vv = 0, 0
for i = 1, n do
  uv = uv + u[i] * v[i]
  vv = vv + v[i] * v[i]
end
print(string.format("%.9f", math.sqrt(uv / vv)))
