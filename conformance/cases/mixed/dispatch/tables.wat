;; Jumps through tables, with what is done just before them, as those have who interpret instructions of their own.
(module
  (memory 1)
  (data (i32.const 0) "\00\03\00\02\01\00\05\02\00\04\03\06")
  (global $depth (mut i32) (i32.const 0))

  ;; A program of bytes: 0 pushes the next byte, 1 adds, 2 multiplies, 3 subtracts, 6 ends; anything else traps.
  (func (export "run") (param $at i32) (result i32) (local $top i32)
    (local.set $top (i32.const 256))
    (loop $next
      (block $other (block $end (block $subtract (block $multiply (block $add (block $push
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_table $push $add $multiply $subtract $other $other $end $other (i32.load8_u (i32.sub (local.get $at) (i32.const 1)))))
        (i32.store (i32.add (local.get $top) (i32.shl (global.get $depth) (i32.const 2))) (i32.load8_u (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
        (br $next))
        (call $reduce (i32.const 0)) (br $next))
        (call $reduce (i32.const 1)) (br $next))
        (call $reduce (i32.const 2)) (br $next))
        (global.set $depth (i32.const 0))
        (return (i32.load (local.get $top))))
      (unreachable))
    (i32.const 0))

  (func $reduce (param $how i32) (local $left i32) (local $right i32)
    (global.set $depth (i32.sub (global.get $depth) (i32.const 1)))
    (local.set $right (i32.load offset=256 (i32.shl (global.get $depth) (i32.const 2))))
    (local.set $left (i32.load offset=252 (i32.shl (global.get $depth) (i32.const 2))))
    (block $done (block $subtract (block $multiply (block $add
      (br_table $add $multiply $subtract (local.get $how)))
      (local.set $left (i32.add (local.get $left) (local.get $right))) (br $done))
      (local.set $left (i32.mul (local.get $left) (local.get $right))) (br $done))
      (local.set $left (i32.sub (local.get $left) (local.get $right))))
    (i32.store offset=252 (i32.shl (global.get $depth) (i32.const 2)) (local.get $left)))

  (func (export "set") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))

  ;; The index is what is left after a mask and a sum; larger ones take the last target.
  (func (export "masked") (param $n i32) (result i32)
    (block $d (block $c (block $b (block $a
      (br_table $a $b $c $d (i32.add (i32.and (local.get $n) (i32.const 7)) (i32.const -1))))
      (return (i32.const 10)))
      (return (i32.const 20)))
      (return (i32.const 30)))
    (i32.const 40))

  ;; An array on the stack of the program, and one of records.
  (func (export "arrays") (param $n i32) (result i32) (local $frame i32) (local $i i32) (local $sum i32)
    (local.set $frame (i32.const 1024))
    (loop $fill
      (i32.store (i32.add (i32.add (local.get $frame) (i32.const 16)) (i32.shl (local.get $i) (i32.const 2)))
        (i32.mul (local.get $i) (i32.const 3)))
      (i32.store offset=2048 (i32.add (i32.mul (local.get $i) (i32.const 12)) (local.get $frame))
        (i32.xor (local.get $i) (i32.const 5)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (loop $add
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (local.set $sum
        (i32.add (i32.mul (local.get $sum) (i32.const 31))
          (i32.load (i32.add (i32.shl (local.get $i) (i32.const 2)) (i32.add (local.get $frame) (i32.const 16))))))
      (if (i32.ne (i32.load offset=2048 (i32.add (i32.mul (local.get $i) (i32.const 12)) (local.get $frame))) (local.get $sum))
        (then (local.set $sum (i32.add (local.get $sum) (local.get $i)))))
      (if (i32.and (i32.shr_u (i32.load offset=2048 (local.get $frame)) (local.get $i)) (i32.const 1))
        (then (local.set $sum (i32.xor (local.get $sum) (i32.const 0x55)))))
      (br_if $add (local.get $i)))
    (local.get $sum))

  ;; A register that is used again in each block, so that no value in it outlives its block.
  (func (export "again") (param $n i32) (result i32) (local $t i32) (local $sum i32)
    (block $out (loop $next
      (local.set $t (i32.load8_u (i32.and (local.get $n) (i32.const 15))))
      (if (local.get $t)
        (then
          (local.set $t (i32.mul (local.get $t) (i32.const 7)))
          (local.set $sum (i32.add (local.get $sum) (local.get $t))))
        (else
          (local.set $t (i32.xor (local.get $n) (i32.const 21)))
          (local.set $sum (i32.rotl (local.get $t) (local.get $sum)))))
      (local.set $t (i32.rem_u (local.get $sum) (i32.or (local.get $n) (i32.const 3))))
      (br_if $out (i32.gt_u (local.get $t) (i32.const 1000)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $next (local.get $n))))
    (local.get $t)))
