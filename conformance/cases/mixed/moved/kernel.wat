(module
  (import "shapes" "half" (func $half (param f64) (result f64)))
  (import "env" "seen" (func $seen (param externref f64) (result f64)))
  (memory (export "memory") 1)
  (global (export "calls") (mut i32) (i32.const 0))
  (table (export "kept") 2 externref)
  (func (export "_initialize") (i32.store (i32.const 64) (i32.const 7)))
  ;; The sum of what the callback makes of half of each double.
  (func (export "sum") (param $at i32) (param $count i32) (param $what externref) (result f64) (local $sum f64)
    (table.set 0 (i32.const 1) (local.get $what))
    (loop $again
      (global.set 0 (i32.add (global.get 0) (i32.const 1)))
      (local.set $sum (f64.add (local.get $sum)
        (call $seen (table.get 0 (i32.const 1)) (call $half (f64.load (local.get $at))))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum)))
