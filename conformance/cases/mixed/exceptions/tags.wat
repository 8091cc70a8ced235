(module
  (tag $first (export "first") (param i32 f64))
  (tag $second (export "second"))
  (func (export "throw_first") (param i32 f64) (throw $first (local.get 0) (local.get 1)))
  (func (export "throw_second") (throw $second)))
