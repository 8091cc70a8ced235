;; memory: 64M
;; seconds: 20
(module (memory 1) (table $t 1 externref)
  (func (export "_start") (local $i i32)
    (loop $l
      (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1))
        (then
          (memory.fill (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536)) (i32.const 1) (i32.const 65536))
          (br $l))))
    (loop $l
      (br_if $l (i32.ne (table.grow $t (ref.null extern) (i32.const 10)) (i32.const -1))))))
