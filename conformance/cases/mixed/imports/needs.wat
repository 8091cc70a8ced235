(module
  (import "env" "f" (func (param i32 i64) (result f32)))
  (import "env" "limit" (global i32))
  (import "env" "memory" (memory 1))
  (import "env" "table" (table 1 funcref))
  (global (export "limit") i32 (global.get 0)))
