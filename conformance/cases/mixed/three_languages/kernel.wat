(module
  (import "shapes" "half" (func $half (param f64) (result f64)))
  (import "shapes" "area" (func $area (param f64 f64) (result f64)))
  (import "env" "seen" (func $seen (param externref f64)))
  (memory (export "memory") 1)
  ;; For each pair of doubles: half of its area goes to the callback.
  (func (export "each") (param $at i32) (param $count i32) (param $what externref)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $count)))
        (call $seen (local.get $what)
          (call $half (call $area (f64.load (local.get $at)) (f64.load offset=8 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $again)))))
