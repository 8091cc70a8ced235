-- Floor division and modulo agree: a == (a // b) * b + a % b.
local values = { -9, -4, -1, 1, 4, 9 }
for _, a in ipairs(values) do
  local row = {}
  for _, b in ipairs(values) do
    row[#row + 1] = a // b .. "/" .. a % b
    assert((a // b) * b + a % b == a)
    assert((a + 0.0) // b == a // b and (a + 0.0) % b == a % b)
  end
  print(table.concat(row, " "))
end
