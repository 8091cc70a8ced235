(module
  (import "helper" "double" (func $double (param i32) (result i32)))
  (import "other.name" "value" (global $value i64))
  (func (export "f") (param i32) (result i32) (call $double (local.get 0)))
  (func (export "value") (result i64) (global.get $value)))
