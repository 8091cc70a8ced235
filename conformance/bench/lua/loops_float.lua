-- Floating-point loops: a logistic map, a numeric integral and a continued fraction.
local n = tonumber(arg and arg[1]) or 14000000

local function logistic(steps)
  local x = 0.5
  for _ = 1, steps do
    x = 3.7 * x * (1.0 - x)
  end
  return x
end

local function integral(steps)
  local width = 1.0 / steps
  local x, area = width * 0.5, 0.0
  while x < 1.0 do
    area = area + 4.0 / (1.0 + x * x) * width
    x = x + width
  end
  return area
end

local function golden(steps)
  local value = 1.0
  for step = steps, 1, -1 do
    local fraction = 1.0 / (value + 0.000001 * (step % 3))
    value = 1.0 + fraction - fraction * 0.0
  end
  return value
end

local function step_sum(steps)
  local sum = 0.0
  for x = 0.0, steps * 0.25, 0.25 do
    if x > 100.5 then sum = sum + x else sum = sum - 0.5 end
  end
  return sum
end

print(string.format("%.9f %.6f %.9f %.2f", logistic(n), integral(n), golden(n), step_sum(n)))
