-- A function of Lua that a module has imported and exports again is called by its type: what makes it so is not the program's to
-- change.
local m = wasm.instantiate([[(module
  (import "env" "f" (func $f (param f64) (result f64)))
  (export "f" (func $f))
  (table funcref (elem $f))
  (func (export "call") (param f64) (result f64) (call $f (local.get 0))))]], { env = { f = function(x) return x + 1 end } })
print(m.f(1), m.call(1))
for index = 1, 3 do
  print(index, debug.getupvalue(m.f, index), debug.setupvalue(m.f, index, 0x4141414141414141), debug.upvalueid(m.f, index))
end
local x = 1
print(pcall(debug.upvaluejoin, m.f, 1, function() return x end, 1))
print(debug.getinfo(m.f, "u").nups, m.f(2), m.call(2))
-- What functions of the host capture may be changed, as in PUC Lua, and is looked at before it is used.
local function change(f, ...)
  for index = 1, 10 do
    for _, value in ipairs { 5, "text", print, {}, 0.5, -1 } do
      if not debug.setupvalue(f, index, value) then break end
      pcall(f, ...)
    end
  end
end
change(coroutine.wrap(function() coroutine.yield(1) end))
change(string.gmatch("one two three", "%a+"))
print "done"
