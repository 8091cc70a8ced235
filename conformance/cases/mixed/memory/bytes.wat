(module
  (memory (export "memory") 1 3)
  (data (i32.const 16) "hello from wasm")
  (func (export "reverse") (param $at i32) (param $length i32) (local $i i32) (local $j i32) (local $byte i32)
    (local.set $i (local.get $at))
    (local.set $j (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 1)))
    (block $done
      (loop $again
        (br_if $done (i32.ge_s (local.get $i) (local.get $j)))
        (local.set $byte (i32.load8_u (local.get $i)))
        (i32.store8 (local.get $i) (i32.load8_u (local.get $j)))
        (i32.store8 (local.get $j) (local.get $byte))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (local.set $j (i32.sub (local.get $j) (i32.const 1)))
        (br $again))))
  (func (export "load") (param i32) (result i64) (i64.load (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
