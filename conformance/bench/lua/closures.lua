-- Closures: pipelines of map/filter/fold, counters with shared captured variables, currying, memoising.
local n = tonumber(arg and arg[1]) or 800000

local function range(first, last)
  local current = first - 1
  return function()
    if current < last then
      current = current + 1
      return current
    end
  end
end

local function map(source, transform)
  return function()
    local value = source()
    if value ~= nil then return transform(value) end
  end
end

local function filter(source, keep)
  return function()
    while true do
      local value = source()
      if value == nil or keep(value) then return value end
    end
  end
end

local function take(source, count)
  return function()
    if count > 0 then
      count = count - 1
      return source()
    end
  end
end

local function fold(source, initial, combine)
  local result = initial
  for value in source do
    result = combine(result, value)
  end
  return result
end

local function compose(...)
  local functions = { ... }
  return function(value)
    for i = 1, #functions do
      value = functions[i](value)
    end
    return value
  end
end

local function adder(step) return function(value) return value + step end end
local function scaler(factor) return function(value) return value * factor end end

local function account(balance)
  local function deposit(amount) balance = balance + amount end
  local function withdraw(amount)
    if amount > balance then return false end
    balance = balance - amount
    return true
  end
  local function read() return balance end
  return deposit, withdraw, read
end

local function memoise(f)
  local known = {}
  return function(k)
    local value = known[k]
    if not value then
      value = f(k)
      known[k] = value
    end
    return value
  end
end

local sum = 0
for round = 1, 3 do
  local steps = compose(adder(round), scaler(3), adder(-1))
  local numbers = map(filter(range(1, n), function(v) return v % 3 ~= 0 end), steps)
  sum = (sum + fold(take(numbers, n), 0, function(a, b) return (a + b) % 1000003 end)) % 1000003

  local deposit, withdraw, read = account(100)
  for i = 1, n do
    deposit(i % 10)
    if not withdraw(i % 17) then deposit(50) end
  end
  sum = (sum + read()) % 1000003

  local makers = {}
  for i = 1, n / 2 do
    local captured = i
    makers[i % 100 + 1] = function() captured = captured + 1; return captured end
    sum = (sum + makers[i % 100 + 1]()) % 1000003
  end

  local binomial
  binomial = memoise(function(key)
    local row, column = math.floor(key / 1000), key % 1000
    if column == 0 or column == row then return 1 end
    return (binomial((row - 1) * 1000 + column - 1) + binomial((row - 1) * 1000 + column)) % 1000003
  end)
  sum = (sum + binomial(150 * 1000 + 75)) % 1000003
end
print(string.format("closures checksum %d", sum))
