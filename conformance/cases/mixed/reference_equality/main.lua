-- `ref.eq` and `ref.is_null` where ways part on them, are chosen by them, and are turned round.
local module = wasm.instantiate [[(module
  (type $pair (struct (field i32)))
  (func $new (param i32) (result (ref null $pair)) (struct.new $pair (local.get 0)))
  (global $first (mut (ref null $pair)) (ref.null $pair))
  (global $second (mut (ref null $pair)) (ref.null $pair))
  (func (export "begin") (global.set $first (call $new (i32.const 1))) (global.set $second (call $new (i32.const 1))))
  (func $take (param i32) (result eqref)
    (block $null (block $number (block $second (block $first
      (br_table $first $second $number $null (local.get 0)))
      (return (global.get $first))) (return (global.get $second))) (return (ref.i31 (i32.const 7))))
    (ref.null none))
  (func (export "value") (param i32 i32) (result i32) (ref.eq (call $take (local.get 0)) (call $take (local.get 1))))
  (func (export "if") (param i32 i32) (result i32)
    (if (result i32) (ref.eq (call $take (local.get 0)) (call $take (local.get 1))) (then (i32.const 1)) (else (i32.const 0))))
  (func (export "if_not") (param i32 i32) (result i32)
    (if (result i32) (i32.eqz (ref.eq (call $take (local.get 0)) (call $take (local.get 1))))
      (then (i32.const 0)) (else (i32.const 1))))
  (func (export "br_if") (param i32 i32) (result i32)
    (block (br_if 0 (ref.eq (call $take (local.get 0)) (call $take (local.get 1)))) (return (i32.const 0)))
    (i32.const 1))
  (func (export "br_if_not") (param i32 i32) (result i32)
    (block (br_if 0 (i32.eqz (ref.eq (call $take (local.get 0)) (call $take (local.get 1))))) (return (i32.const 1)))
    (i32.const 0))
  (func (export "select") (param i32 i32) (result i32)
    (select (i32.const 1) (i32.const 0) (ref.eq (call $take (local.get 0)) (call $take (local.get 1)))))
  (func (export "select_not") (param i32 i32) (result i32)
    (select (i32.const 0) (i32.const 1) (i32.eqz (ref.eq (call $take (local.get 0)) (call $take (local.get 1))))))
  (func (export "null_value") (param i32) (result i32) (ref.is_null (call $take (local.get 0))))
  (func (export "null_if") (param i32) (result i32)
    (if (result i32) (ref.is_null (call $take (local.get 0))) (then (i32.const 1)) (else (i32.const 0))))
  (func (export "null_br_if_not") (param i32) (result i32)
    (block (br_if 0 (i32.eqz (ref.is_null (call $take (local.get 0))))) (return (i32.const 1)))
    (i32.const 0))
  (func (export "null_select") (param i32) (result i32)
    (select (i32.const 1) (i32.const 0) (ref.is_null (call $take (local.get 0)))))
  (func (export "eq_null_if") (param i32) (result i32)
    (if (result i32) (ref.eq (call $take (local.get 0)) (ref.null eq)) (then (i32.const 1)) (else (i32.const 0))))
  (func (export "null_eq_if") (param i32) (result i32)
    (if (result i32) (ref.eq (ref.null eq) (call $take (local.get 0))) (then (i32.const 1)) (else (i32.const 0)))))]]

module.begin()
for _, name in ipairs { "value", "if", "if_not", "br_if", "br_if_not", "select", "select_not" } do
    local rows = {}
    for left = 0, 3 do
        local row = {}
        for right = 0, 3 do row[#row + 1] = module[name](left, right) end
        rows[#rows + 1] = table.concat(row)
    end
    print(name, table.concat(rows, " "))
end
for _, name in ipairs { "null_value", "null_if", "null_br_if_not", "null_select", "eq_null_if", "null_eq_if" } do
    local row = {}
    for which = 0, 3 do row[#row + 1] = module[name](which) end
    print(name, table.concat(row))
end
