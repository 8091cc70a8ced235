-- memory: 64M
-- seconds: 120
-- prints: done
-- Every instance has signatures of its own.
local types = { "i32", "i64", "f32", "f64" }
for i = 1, 5000 do
  local params = {}
  local n = i
  while n > 0 do params[#params + 1] = types[n % 4 + 1]; n = n // 4 end
  local list = table.concat(params, " ")
  local parts = {}
  for j = 1, 20 do parts[j] = "(func (param " .. list .. " " .. ("i32 "):rep(j) .. "))" end
  wasm.instantiate("(module " .. table.concat(parts) .. ")", {})
end
print "done"
