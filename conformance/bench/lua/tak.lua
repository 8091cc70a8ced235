-- Takeuchi and Ackermann functions: calls with several arguments and deep recursion.
local n = tonumber(arg and arg[1]) or 150

local function tak(x, y, z)
  if y >= x then return z end
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end

local function ackermann(m, k)
  if m == 0 then return k + 1 end
  if k == 0 then return ackermann(m - 1, 1) end
  return ackermann(m - 1, ackermann(m, k - 1))
end

local sum = 0
for round = 1, n do
  sum = sum + tak(18 + round % 3, 12, 6) + ackermann(2, 200 + round) + ackermann(3, 5)
end
print(string.format("tak/ackermann checksum %d", sum))
