-- memory: 64M
-- seconds: 120
-- prints: done
-- Every instance has long signatures, record layouts and types of its own, which go with it.
local types = { "i32", "i64", "f32", "f64" }
local function list(n, length)
  local parts = {}
  for j = 1, length do
    parts[j] = types[n % 4 + 1]
    n = n // 4
  end
  return table.concat(parts, " ")
end
for i = 1, 1500 do
  local params = list(i, 600)
  wasm.instantiate("(module (func (param " .. params .. " i32)) (func (param " .. params .. " i64)) (func (param " .. params ..
    " f32)) (type (struct (field " .. params .. "))) (type (array (mut " .. types[i % 4 + 1] .. ")))" ..
    "(rec (type $a (struct (field (ref null $b) " .. params .. "))) (type $b (struct (field (ref null $a) i32)))))", {})
end
print "done"
