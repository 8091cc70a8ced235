-- Kinds of calls: varargs, select, multiple results, tail calls, pcall, method calls, callbacks.
local n = tonumber(arg and arg[1]) or 700000
local unpack = table.unpack or unpack

local function sum_of(...)
  local sum = 0
  for i = 1, select("#", ...) do
    sum = sum + (select(i, ...))
  end
  return sum
end

local function packed(...)
  local list = { ... }
  return #list, list[1], list[#list]
end

local function swap(a, b, c) return c, a, b end

local function count_down(k, collected)
  if k == 0 then return collected end
  return count_down(k - 1, collected + k % 3)
end

local odd_of
local function even(k) if k == 0 then return true end return odd_of(k - 1) end
odd_of = function(k) if k == 0 then return false end return even(k - 1) end

local function risky(k)
  if k % 10 == 0 then error("tenth") end
  return k
end

local counter = { value = 0 }
function counter:add(amount) self.value = (self.value + amount) % 1000003; return self end
function counter.each(list, visit) for i = 1, #list do visit(list[i], i) end end

local sum = 0
local list = { 5, 3, 8, 1 }
for i = 1, n do
  sum = (sum + sum_of(i, 2, 3, i % 7)) % 1000003
  local count, first, last = packed(i, i + 1, i + 2)
  sum = (sum + count + first + last) % 1000003
  local a, b, c = swap(swap(1, 2, i))
  sum = (sum + a * 3 + (b or 0) * 5 + (c or 0)) % 1000003
  local ok, value = pcall(risky, i)
  sum = sum + (ok and value % 11 or #value % 2)
  counter:add(i):add(1)
  counter.each(list, function(value, index) sum = sum + value * index end)
  sum = (sum + math.max(unpack(list))) % 1000003
end
sum = (sum + count_down(n * 10, 0)) % 1000003
if even(n * 4) then sum = sum + 1 end
print(string.format("calls checksum %d", sum + counter.value))
