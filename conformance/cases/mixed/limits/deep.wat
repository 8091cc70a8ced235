(module
  (import "env" "f" (func $f (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "g") (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0))))
  (func (export "spin") (param i32) (result i32)
    (loop $again (br_if $again (local.tee 0 (i32.sub (local.get 0) (call $f (i32.const 0)))))) (local.get 0)))
