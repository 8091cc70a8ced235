-- A backward goto leaves the scope of locals: closures get fresh ones each time round.
local functions = {}
do
  local i = 1
  ::again::
  local captured = i * 10
  functions[#functions + 1] = function() captured = captured + 1 return captured end
  i = i + 1
  if i <= 3 then goto again end
end
for _, f in ipairs(functions) do io.write(f(), " ", f(), " ") end
print()
