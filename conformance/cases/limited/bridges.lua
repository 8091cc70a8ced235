-- Under a limit of 8 MiB: calls of functions of Lua through a table of WebAssembly leave nothing behind.
local m = wasm.instantiate([[(module
  (type $t (func (param i32) (result i32)))
  (table (export "t") 2 funcref)
  (func (export "go") (param i32) (result i32) (local $s i32)
    (loop (local.set $s (i32.add (local.get $s) (call_indirect (type $t) (local.get 0) (i32.const 0))))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0)))
    (local.get $s)))]], {})
m.t:set(0, function(x) return 1 end)
print(pcall(m.go, 200000))
print(collectgarbage("count") < 4096)
-- The function behind is not kept for it.
local weak = setmetatable({ m.t:get(0) }, { __mode = "v" })
m.t:set(0, nil)
collectgarbage()
print(#weak)
