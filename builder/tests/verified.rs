//! Programs made with the builder pass the verifier, and mistakes come back as errors.

use minivm_builder::{BuildError, ProgramBuilder};
use minivm_isa::program::RegionKind;
use minivm_isa::{Signature, Type};

#[test]
fn typed_recursion() {
    let mut program = ProgramBuilder::new();
    let signature = Signature::typed(&[Type::I64], &[Type::I64]);
    let fib = program.declare(signature.clone());
    let mut f = program.function("fib", signature);
    let n = f.param(0);
    let (small, large) = (f.block(), f.block());
    let two = f.i64(2);
    f.branch_i64_lt_s(n, two, small, large);
    f.switch_to(small);
    f.return_values(&[n.into()]);
    f.switch_to(large);
    let one = f.i64(1);
    let (first, second) = (f.i64_sub(n, one), f.i64_sub(n, two));
    f.call(&[first], fib, &[first.into()]);
    f.call(&[second], fib, &[second.into()]);
    let sum = f.i64_add(first, second);
    f.return_values(&[sum.into()]);
    program.define(fib, f).unwrap();
    program.export_function("fib", fib);
    program.finish().unwrap();
}

#[test]
fn assignment_on_one_path_only() {
    let mut program = ProgramBuilder::new();
    let mut f = program.function("f", Signature::dynamic(1, false));
    let (yes, after) = (f.block(), f.block());
    let value = f.register(Type::Any);
    f.branch_truthy(f.param(0), yes, after);
    f.switch_to(yes);
    let nil = f.nil();
    f.to(value).copy(nil);
    f.jump(after);
    f.switch_to(after);
    f.return_values(&[value.into()]);
    program.add(f).unwrap();
    let error = program.finish().unwrap_err().to_string();
    let expected = "func0 'f', block2, instruction 3 return_values, values: expected r1 assigned on all paths, found a path \
                    on which it is not [assigned]";
    assert_eq!(error, expected);
}

#[test]
fn handlers_see_what_the_region_began_with() {
    for assigned_before in [true, false] {
        let mut program = ProgramBuilder::new();
        let mut f = program.function("f", Signature::dynamic(1, false));
        let (body, after, handler) = (f.block(), f.block(), f.block());
        let (value, error) = (f.register(Type::Any), f.register(Type::Any));
        let nil = f.nil();
        if assigned_before {
            f.to(value).copy(nil);
        }
        f.jump(body);
        f.switch_to(body);
        f.call_any(&[value], f.param(0), &[]);
        f.jump(after);
        f.switch_to(after);
        f.return_values(&[value.into()]);
        f.switch_to(handler);
        f.return_values(&[value.into(), error.into()]);
        f.protect(RegionKind::Catch, body, after, handler, error, None);
        program.add(f).unwrap();
        assert_eq!(program.finish().is_ok(), assigned_before);
    }
}

#[test]
fn undefined_functions_are_named() {
    let mut program = ProgramBuilder::new();
    program.declare(Signature::dynamic(0, false));
    let named = program.declare(Signature::dynamic(0, false));
    program.export_function("main", named);
    let error = program.finish().unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a definition of func0, found only that it was declared\n\
         expected a definition of func1 'main', found only that it was declared"
    );
    assert!(matches!(error, BuildError::Undefined { .. }));
}

/// The printed code of one function, without its header.
fn code(program: ProgramBuilder) -> Vec<String> {
    let text = program.finish().unwrap().to_string();
    let lines = text.lines().skip_while(|line| !line.starts_with("block0"));
    lines.take_while(|line| *line != "}").map(|line| line.trim().to_string()).collect()
}

#[test]
fn rust_values_become_constants_of_the_type_that_is_needed() {
    let mut program = ProgramBuilder::new();
    let counter = program.global(Type::I64, true, minivm_isa::program::Constant::I64(0));
    let mut f = program.function("f", Signature::dynamic(1, false));
    let x = f.param(0);
    f.add(x, 1);
    f.add(x, 1_i64);
    f.add(x, 1.5);
    f.concat(&[x.into(), x.into()]);
    f.i64_add(1, 2_i64);
    f.f32_add(0.5, 0.5_f32);
    f.f64_add(0.5, 0.5_f32);
    f.get(x, "key");
    f.set(x, true, "value");
    f.global_set(counter, 7_i64);
    let count = f.fresh(Type::I64).global_get(counter);
    f.any_from_i64(count);
    f.return_values(&[]);
    program.add(f).unwrap();
    assert_eq!(
        code(program),
        [
            "block0:  ; 0",
            "r1 = add r0, 1",
            "r2 = add r0, 1",
            "r3 = add r0, 1.5",
            "r4 = concat (r0, r0)",
            "r5 = i64_add 1, 2",
            "r6 = f32_add 0.5, 0.5",
            "r7 = f64_add 0.5, 0.5",
            "r8 = get r0, \"key\"",
            "set r0, true, \"value\"",
            "global_set global0, i64:7",
            "r9 = global_get global0",
            "r10 = any_from_i64 r9",
            "return_values ()",
        ]
    );
}

#[test]
fn a_value_that_does_not_fit_is_rejected() {
    let mut program = ProgramBuilder::new();
    let mut f = program.function("f", Signature::dynamic(0, false));
    f.i32_add(1_i64, 2);
    f.f32_add(0.1, 0.5);
    f.return_values(&[]);
    program.add(f).unwrap();
    let Err(BuildError::Rejected(rejections)) = program.finish() else { panic!("accepted") };
    assert_eq!(rejections.len(), 2);
}

#[test]
fn blocks_stand_as_they_were_first_entered() {
    let mut program = ProgramBuilder::new();
    let source = program.source("s", None);
    let mut f = program.function("f", Signature::dynamic(1, false));
    let (late, early) = (f.block(), f.block());
    f.open_local("x", f.param(0));
    f.set_span(source, 1, 0, 5);
    f.branch_truthy(f.param(0), late, early);
    f.switch_to(early);
    f.jump(late);
    f.copy(1); // dropped: nothing can reach it
    f.switch_to(late);
    f.set_span(source, 2, 6, 9);
    f.copy(1);
    f.close_local(f.param(0));
    f.return_values(&[]);
    let function = f.finish().unwrap();
    assert_eq!(function.code.len(), 4);
    assert_eq!(function.blocks.values().copied().collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(function.spans.iter().map(|span| (span.instruction, span.line)).collect::<Vec<_>>(), [(0, 1), (2, 2)]);
    let local = &function.locals[0];
    assert_eq!((local.start, local.end), (0, 3));
}

#[test]
fn functions_that_cannot_be_laid_out() {
    let mut program = ProgramBuilder::new();
    let mut f = program.function("wide", Signature::dynamic(0, false));
    for _ in 0..30_001 {
        f.register(Type::Any);
    }
    f.return_values(&[]);
    let error = program.add(f).unwrap_err();
    assert_eq!(error.to_string(), "function 'wide': expected at most 60000 frame words, found 60002");

    let mut f = program.function("empty", Signature::dynamic(0, false));
    let block = f.block();
    f.jump(block);
    f.switch_to(block);
    let error = f.finish().unwrap_err().to_string();
    assert!(error.ends_with("switch_to: expected a block with instructions, found block1 without"), "{error}");

    let mut f = program.function("lost", Signature::dynamic(0, false));
    let block = f.block();
    f.jump(block);
    let error = program.add(f).unwrap_err().to_string();
    assert!(error.ends_with("jump, target: expected a block that was switched to, found block1"), "{error}");
}

#[test]
fn a_copy_has_the_type_of_its_operand() {
    let mut program = ProgramBuilder::new();
    let mut f = program.function("copies", Signature::dynamic(0, false));
    let bare = f.copy(1_i64);
    assert_eq!(f.register_type(bare), Type::I64);
    let integer = f.integer(1);
    let dynamic = f.copy(integer);
    assert_eq!(f.register_type(dynamic), Type::Any);
}
