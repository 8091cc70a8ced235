//! What the translated code looks like, and that it verifies.

mod common;

use common::{check, show};

/// Code of the last function of a module, without its name and block offsets.
fn code(module: &str) -> String {
    let program = check(module.as_bytes(), "test.wat");
    let last = program.functions.values().last().expect("there is a function");
    let lines = show(last);
    let lines = lines.lines().skip(1).map(|line| line.split(": @").next().unwrap_or(line).trim_end_matches(':').trim());
    lines.collect::<Vec<_>>().join("\n")
}

/// Checks the code of one function with a memory, a global and a table at hand.
fn expect(function: &str, expected: &[&str]) {
    let module = format!(
        "(module (memory 1) (global $g (mut i32) (i32.const 0)) (table $t 1 funcref) (table $e 1 externref)
           (func $two (result i32 i32) (i32.const 1) (i32.const 2)) {function})"
    );
    assert_eq!(code(&module), expected.join("\n"), "{function}");
}

#[test]
fn reads_of_locals_and_constants_are_operands() {
    expect(
        "(func (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))",
        &["block0", "i32_add r2 = r0 r1", "return_values (r2)"],
    );
    expect(
        "(func (param i32) (local.set 0 (i32.add (i32.const 1) (local.get 0))))",
        &["block0", "i32_add r0 = r0 I32(1)", "return_values ()"],
    );
    expect(
        "(func (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)))",
        &["block0", "i32_add r1 = r0 I32(-1)", "return_values (r1)"],
    );
    expect("(func (param i64) (result i64) (i64.add (local.get 0) (i64.const 0)))", &["block0", "return_values (r0)"]);
    expect(
        "(func (param f64 f64) (result f64) (local.tee 1 (f64.neg (local.get 0))))",
        &["block0", "f64_neg r1 = r0", "return_values (r1)"],
    );
}

#[test]
fn pending_reads_are_kept_when_a_local_changes() {
    expect(
        "(func (param i32 i32) (result i32)
           (local.get 0) (local.set 0 (local.get 1)) (local.get 0) i32.sub)",
        &["block0", "copy r2 = r0", "copy r0 = r1", "i32_sub r2 = r2 r0", "return_values (r2)"],
    );
    // The sum is read by the deferred instruction before the local changes.
    expect(
        "(func (param i32) (result i32)
           (local.get 0) (local.tee 0 (i32.mul (local.get 0) (i32.const 3))) i32.xor)",
        &["block0", "copy r1 = r0", "i32_mul r0 = r0 I32(3)", "i32_xor r1 = r1 r0", "return_values (r1)"],
    );
    // An exchange of two locals.
    expect(
        "(func (param i32 i32) (local.get 0) (local.get 1) (local.set 0) (local.set 1))",
        &["block0", "copy r2 = r0", "copy r0 = r1", "copy r1 = r2", "return_values ()"],
    );
}

#[test]
fn comparisons_become_branches() {
    let branch = |condition: &str, expected: &str| {
        expect(
            &format!(
                "(func (param i32 i32 f64 f64 i64 externref) (block (br_if 0 {condition}) (global.set $g (i32.const 1))))"
            ),
            &["block0", expected, "block1", "global_set Global0 I32(1)", "jump block2", "block2", "return_values ()"],
        );
    };
    branch("(local.get 0)", "branch_if r0 block2 block1");
    branch("(i32.eqz (local.get 0))", "branch_if r0 block1 block2");
    branch("(i32.lt_u (local.get 0) (local.get 1))", "branch_i32_lt_u r0 r1 block2 block1");
    branch("(i32.gt_s (local.get 0) (local.get 1))", "branch_i32_lt_s r1 r0 block2 block1");
    branch("(i32.gt_s (local.get 0) (i32.const 9))", "branch_i32_le_s r0 I32(9) block1 block2");
    branch("(i32.lt_u (i32.const 9) (local.get 0))", "branch_i32_le_u r0 I32(9) block1 block2");
    branch("(i32.eqz (i32.ge_u (local.get 0) (local.get 1)))", "branch_i32_lt_u r0 r1 block2 block1");
    branch("(i64.eqz (local.get 4))", "branch_i64_eq r4 I64(0) block2 block1");
    branch("(i32.eqz (i64.eqz (local.get 4)))", "branch_i64_eq r4 I64(0) block1 block2");
    branch("(f64.ne (local.get 2) (local.get 3))", "branch_f64_eq r2 r3 block1 block2");
    branch("(f64.ge (local.get 2) (local.get 3))", "branch_f64_le r3 r2 block2 block1");
    branch("(i32.eqz (f64.lt (local.get 2) (local.get 3)))", "branch_f64_lt r2 r3 block1 block2");
    branch("(i32.eqz (i32.eqz (f64.lt (local.get 2) (local.get 3))))", "branch_f64_lt r2 r3 block2 block1");
    branch("(ref.is_null (local.get 5))", "branch_kind r5 0 block2 block1");
}

#[test]
fn negated_comparisons_as_values() {
    expect(
        "(func (param f64 f64) (result i32) (i32.eqz (f64.lt (local.get 0) (local.get 1))))",
        &["block0", "f64_lt r2 = r0 r1", "i32_eqz r2 = r2", "return_values (r2)"],
    );
    expect(
        "(func (param f64 f64) (result i32) (local i32) (local.tee 2 (i32.eqz (f64.lt (local.get 0) (local.get 1)))))",
        &["block0", "f64_lt r3 = r0 r1", "i32_eqz r2 = r3", "return_values (r2)"],
    );
    expect(
        "(func (param i32 f64 f64) (result f64)
           (select (local.get 1) (local.get 2) (i32.eqz (local.get 0))))",
        &["block0", "select r3 = r0 r2 r1", "return_values (r3)"],
    );
}

#[test]
fn loops_and_unassigned_locals() {
    // The sum of 1 to n: no zero for the local that is written first, one for the other.
    expect(
        "(func (param $n i32) (result i32) (local $sum i32) (local $i i32)
           (local.set $i (local.get $n))
           (loop $again
             (local.set $sum (i32.add (local.get $sum) (local.get $i)))
             (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
           (local.get $sum))",
        &[
            "block0",
            "copy r1 = I32(0)",
            "copy r2 = r0",
            "jump block1",
            "block1",
            "i32_add r1 = r1 r2",
            "i32_add r2 = r2 I32(-1)",
            "branch_if r2 block1 block2",
            "block2",
            "return_values (r1)",
        ],
    );
    // Written in one arm only.
    expect(
        "(func (param i32) (result i32) (local i32)
           (if (local.get 0) (then (local.set 1 (i32.const 7))))
           (local.get 1))",
        &[
            "block0",
            "copy r1 = I32(0)",
            "branch_if r0 block1 block2",
            "block1",
            "copy r1 = I32(7)",
            "jump block2",
            "block2",
            "return_values (r1)",
        ],
    );
}

#[test]
fn values_at_labels() {
    expect(
        "(func (param i32) (result i32)
           (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.add (local.get 0) (i32.const 5)))))",
        &[
            "block0",
            "branch_if r0 block1 block2",
            "block1",
            "copy r1 = I32(1)",
            "jump block3",
            "block2",
            "i32_add r1 = r0 I32(5)",
            "jump block3",
            "block3",
            "return_values (r1)",
        ],
    );
    // A conditional branch with a value that is not in place copies it on its own way.
    expect(
        "(func (param i32) (result i32)
           (i32.add (i32.const 4) (block (result i32) (br_if 0 (local.get 0) (local.get 0)) (i32.mul (i32.const 3)))))",
        &[
            "block0",
            "branch_if r0 block3 block1",
            "block1",
            "i32_mul r1 = r0 I32(3)",
            "jump block2",
            "block2",
            "i32_add r2 = r1 I32(4)",
            "return_values (r2)",
            "block3",
            "copy r1 = r0",
            "jump block2",
        ],
    );
}
