-- The remainder of floats: whole and not, large, of all signs, zeros and what is no number.
local values = { 0.0, -0.0, 1.0, -1.0, 2.0, 3.0, -3.0, 7.0, 2.5, -2.5, 0.1, 1e15, 2.0 ^ 53, 2.0 ^ 53 - 1, 2.0 ^ 53 + 2, 2.0 ^ 63, -2.0 ^ 63, 1e300, 5e-324, 1 / 0, -1 / 0, 0 / 0 }
for _, a in ipairs(values) do
  local row = {}
  for _, b in ipairs(values) do
    local r = a % b
    row[#row + 1] = r ~= r and "nan" or string.format("%.17g", r)
  end
  print(string.format("%.17g", a), table.concat(row, " "))
end
print(6.0 % 2, 7 % 2.0, -7 % 2.0, 7 % -2.0, 7.0 % 0, 26624.0 % 2, 9007199254740993 % 2.0)
