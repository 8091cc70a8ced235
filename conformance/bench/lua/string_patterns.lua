-- Pattern matching over generated text: find, match, gmatch, gsub with strings, tables and functions, format.
local n = tonumber(arg and arg[1]) or 60000

local words = { "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta" }
local lines = {}
local seed = 42
local function random(limit)
  seed = (seed * 16807) % 2147483647
  return seed % limit + 1
end
for i = 1, n do
  lines[i] = string.format("%04d-%02d-%02d %s=%d; %s=\"%s %s\" # %x", 1990 + random(40), random(12), random(28),
    words[random(8)], random(100000), words[random(8)], words[random(8)], words[random(8)], random(65536))
end
local text = table.concat(lines, "\n")

local function count_matches(pattern)
  local count, length = 0, 0
  for found in text:gmatch(pattern) do
    count = count + 1
    length = length + #found
  end
  return count * 31 + length
end

local sum = 0
for year, month, day in text:gmatch("(%d+)%-(%d+)%-(%d+)") do
  sum = (sum + tonumber(year) * 372 + tonumber(month) * 31 + tonumber(day)) % 1000003
end
sum = sum + count_matches("%a+") + count_matches("%b\"\"") + count_matches("%f[%w]%w+%f[%W]") + count_matches("#%s*%x+")

local values = { alpha = "A", gamma = "G", theta = "T" }
local by_table, table_count = text:gsub("%a+", values)
local by_string, string_count = text:gsub("(%a+)=(%d+)", "%2=%1")
local by_function, function_count = text:gsub("%d%d%d+", function(digits)
  return string.format("<%s:%d>", digits, #digits)
end)
sum = sum + #by_table + table_count + #by_string + string_count + #by_function + function_count

local position, plain = 1, 0
while true do
  local first, last = text:find("beta=", position, true)
  if not first then break end
  plain = plain + first % 97
  position = last + 1
end

local formatted = 0
for i = 1, n do
  local key, value = lines[i]:match("^%S+%s+(%w+)%s*=%s*(%d+)")
  local out = string.format("%-10s|%8d|%6.2f|%5s|%q", key, tonumber(value), tonumber(value) / 7, i % 100, key)
  formatted = (formatted * 7 + #out + string.byte(out, 15)) % 1000003
end
print(string.format("patterns %d, plain %d, formatted %d", sum, plain, formatted))
