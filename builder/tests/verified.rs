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
    assert_eq!(error.to_string(), "declared but not defined: func0, func1 'main'");
    assert!(matches!(error, BuildError::Undefined { .. }));
}
