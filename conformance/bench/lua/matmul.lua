-- Dense matrix product on arrays of arrays.
local n = tonumber(arg and arg[1]) or 300

local function matrix(rows, columns, seed)
  local result = {}
  for i = 1, rows do
    local row = {}
    for j = 1, columns do
      row[j] = ((i * seed + j * 7) % 13) / 4.0 - 1.0
    end
    result[i] = row
  end
  return result
end

local function transpose(m)
  local result = {}
  for j = 1, #m[1] do
    local row = {}
    for i = 1, #m do
      row[i] = m[i][j]
    end
    result[j] = row
  end
  return result
end

local function multiply(a, b)
  local result, columns = {}, transpose(b)
  for i = 1, #a do
    local row, line = {}, a[i]
    for j = 1, #columns do
      local column, sum = columns[j], 0.0
      for k = 1, #line do
        sum = sum + line[k] * column[k]
      end
      row[j] = sum
    end
    result[i] = row
  end
  return result
end

local a, b = matrix(n, n, 3), matrix(n, n, 5)
local product = multiply(multiply(a, b), a)
local trace, total = 0.0, 0.0
for i = 1, n do
  trace = trace + product[i][i]
  for j = 1, n do
    total = total + product[i][j]
  end
end
print(string.format("trace %.3f, total %.3f", trace, total))
