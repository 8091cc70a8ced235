(module
  (import "env" "yield" (func $yield (param i32) (result i32)))
  (import "env" "two" (func $two (param i32 externref) (result i32 externref)))
  (import "env" "nothing" (func $nothing))
  (func (export "produce") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $yield (local.get $i))))
      (br_if $again (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))
  (func (export "both") (param i32 externref) (result i32 externref) (call $two (local.get 0) (local.get 1)))
  (func (export "pause") (result i32) (call $nothing) (i32.const 9)))
