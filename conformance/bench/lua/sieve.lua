-- Sieve of Eratosthenes, run several times over an array of booleans.
local n = tonumber(arg and arg[1]) or 2500000

local function sieve(limit)
  local composite = {}
  for i = 1, limit do
    composite[i] = false
  end
  local primes, sum = 0, 0
  for i = 2, limit do
    if not composite[i] then
      primes = primes + 1
      sum = (sum + i) % 1000003
      for multiple = i * i, limit, i do
        composite[multiple] = true
      end
    end
  end
  return primes, sum
end

local total, check = 0, 0
for round = 1, 6 do
  local primes, sum = sieve(n - round)
  total = total + primes
  check = (check * 7 + sum) % 1000003
end
print(string.format("%d primes, checksum %d", total, check))
