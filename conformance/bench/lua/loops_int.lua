-- Nested integer loops with additions, products and remainders.
local n = tonumber(arg and arg[1]) or 4000

local function triangle(limit)
  local sum = 0
  for i = 1, limit do
    for j = i, 1, -1 do
      sum = (sum + i * j) % 1000003
    end
  end
  return sum
end

local function collatz(limit)
  local longest, where = 0, 0
  for start = 1, limit do
    local value, steps = start, 0
    while value ~= 1 do
      if value % 2 == 0 then
        value = math.floor(value / 2)
      else
        value = 3 * value + 1
      end
      steps = steps + 1
    end
    if steps > longest then
      longest, where = steps, start
    end
  end
  return longest, where
end

local function gcd_sum(limit)
  local sum = 0
  for a = 1, limit do
    for b = 1, 40 do
      local x, y = a, b
      repeat
        x, y = y, x % y
      until y == 0
      sum = sum + x
    end
  end
  return sum
end

local longest, where = collatz(n * 10)
print(string.format("triangle %d, collatz %d at %d, gcd %d", triangle(n * 2), longest, where, gcd_sum(n * 5)))
