;; memory: 64M
;; seconds: 20
;; exit: 1
;; prints:
(module (func $f (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0))))
  (func (export "_start") (drop (call $f (i32.const 1)))))
