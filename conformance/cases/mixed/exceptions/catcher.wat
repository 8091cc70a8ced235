(module
  (import "tags" "first" (tag $first (param i32 f64)))
  (import "env" "callback" (func $callback (param i32)))
  (tag $own (param i32))
  (func (export "guarded") (param i32) (result i32 f64)
    (block $first (result i32 f64)
      (try_table (catch $first $first)
        (call $callback (local.get 0)))
      (i32.const -1) (f64.const 0)))
  (func (export "everything") (param i32) (result i32)
    (block $all
      (try_table (catch_all $all)
        (call $callback (local.get 0)))
      (return (i32.const 0)))
    (i32.const 1))
  (func (export "kept") (param i32) (result exnref)
    (block $all (result exnref)
      (try_table (catch_all_ref $all)
        (call $callback (local.get 0)))
      (ref.null exn)))
  (func (export "again") (param exnref) (throw_ref (local.get 0)))
  (func (export "own") (param i32) (throw $own (local.get 0)))
  (func (export "legacy") (param i32) (result i32)
    try (result i32)
      try
        local.get 0
        call $callback
      catch $first
        drop
        drop
        rethrow 0
      end
      i32.const 0
    catch $own
    catch_all
      i32.const -2
    end)
  ;; What is delegated to a `try` without clauses, or to one that delegates itself, goes on from there.
  (func (export "delegated") (param i32) (result i32)
    try $outer (result i32)
      try $passing
        try $plain
          try
            local.get 0
            call $callback
          delegate $plain
          try
            local.get 0
            call $callback
          delegate $passing
        end
      delegate $outer
      i32.const 0
    catch $first
      drop
      drop
      i32.const 1
    catch_all
      i32.const 2
    end))
