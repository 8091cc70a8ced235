//! Fibers made and driven by instructions.

mod common;

use common::{fails, machine, main, message, returns};
use minivm::raw::Limits;
use minivm_builder::{FunctionBuilder, ProgramBuilder};
use minivm_isa::entities::{Func, Reg};
use minivm_isa::program::RegionKind;
use minivm_isa::{Operand, Signature, Type};

/// A function that yields each of its arguments as many times as it says, then returns them all.
fn worker(p: &mut ProgramBuilder) -> Func {
    let mut f = p.function("worker", Signature::dynamic(1, true));
    let first = f.param(0);
    let ten = f.integer(10);
    let sum = f.add(first, ten);
    f.fiber_yield_to_open(&[sum.into(), first.into()]);
    f.fiber_yield_open_to_open(&[first.into()]);
    f.return_open(&[first.into()]);
    p.add(f).expect("it is well-formed")
}

/// Resumes a fiber and packs what it gives into a table.
fn resume(f: &mut FunctionBuilder, fiber: Reg, arguments: &[Operand]) -> Reg {
    let (ok, table) = (f.register(Type::Any), f.table_new(4, 0));
    f.fiber_resume_to_open(ok, fiber, arguments);
    f.append_open(table, 2, &[]);
    f.set(table, 1, ok);
    table
}

fn items(f: &mut FunctionBuilder, table: Reg, count: i64) -> Vec<Operand> {
    (1..=count).map(|index| f.get(table, index).into()).collect()
}

#[test]
fn values_pass_both_ways() {
    let results = returns(
        |p| _ = worker(p),
        |f| {
            let function = f.ref_func(Func::from_u32(0));
            let fiber = f.fiber_new(function);
            let mut all = Vec::new();
            let arguments = [f.integer(1), f.integer(2)];
            for (arguments, count) in [(&arguments[..], 3), (&arguments[..], 4), (&arguments[..1], 3), (&[], 2)] {
                let table = resume(f, fiber, arguments);
                all.extend(items(f, table, count));
            }
            f.return_values(&all);
        },
    );
    let expected =
        ["true", "11", "1", "true", "1", "1", "2", "true", "1", "1", "false", "cannot resume dead coroutine"];
    assert_eq!(results, expected);
}

#[test]
fn status_follows_the_fiber() {
    let results = returns(
        |p| _ = worker(p),
        |f| {
            let function = f.ref_func(Func::from_u32(0));
            let fiber = f.fiber_new(function);
            let mut states = Vec::new();
            let arguments = [f.integer(1)];
            for _ in 0..4 {
                let state = f.fiber_status(fiber);
                let state = f.i64_extend_i32_u(state);
                states.push(f.any_from_i64(state));
                resume(f, fiber, &arguments);
            }
            f.return_values(&states);
        },
    );
    assert_eq!(results, ["0", "0", "0", "3"]);
}

/// A function whose cleanup region writes 5 into field `done` of its argument; it throws `error` on, or its own.
fn with_cleanup(p: &mut ProgramBuilder, own_error: bool) {
    let mut f = p.function("guarded", Signature::dynamic(1, false));
    let (body, handler) = (f.block(), f.block());
    let (table, error) = (f.param(0), f.register(Type::Any));
    f.jump(body);
    f.switch_to(body);
    f.fiber_yield_to_open(&[]);
    f.return_open(&[]);
    f.switch_to(handler);
    f.protect(RegionKind::Cleanup, body, handler, handler, error, None);
    let name = f.string(*b"done");
    f.set(table, name, 5);
    let own = f.string(*b"own");
    f.throw(if own_error { own } else { error.into() });
    p.add(f).expect("it is well-formed");
}

#[test]
fn closing_runs_cleanups() {
    for (own_error, expected) in [(false, ["true", "nil", "5", "3"]), (true, ["false", "own", "5", "3"])] {
        let results = returns(
            |p| with_cleanup(p, own_error),
            |f| {
                let function = f.ref_func(Func::from_u32(0));
                let fiber = f.fiber_new(function);
                let table = f.table_new(0, 1);
                resume(f, fiber, &[table.into()]);
                let (ok, error) = (f.register(Type::I32), f.register(Type::Any));
                f.fiber_close(ok, error, fiber);
                let name = f.string(*b"done");
                let ok = f.any_from_bool(ok);
                let done = f.get(table, name);
                let state = f.fiber_status(fiber);
                let state = f.i64_extend_i32_u(state);
                let state = f.any_from_i64(state);
                f.return_values(&[ok.into(), error.into(), done.into(), state.into()]);
            },
        );
        assert_eq!(results, expected);
    }
}

#[test]
fn errors_reach_who_resumed() {
    let results = returns(
        |p| {
            let mut f = p.function("thrower", Signature::dynamic(1, false));
            let value = f.param(0);
            f.throw(value);
            p.add(f).expect("it is well-formed");
        },
        |f| {
            let function = f.ref_func(Func::from_u32(0));
            let fiber = f.fiber_new(function);
            let arguments = [f.string(*b"oops")];
            let table = resume(f, fiber, &arguments);
            let all = items(f, table, 2);
            f.return_values(&all);
        },
    );
    assert_eq!(results, ["false", "oops"]);
}

#[test]
fn only_functions_become_fibers_and_only_fibers_are_resumed() {
    assert_eq!(fails(|_| {}, |f| _ = f.fiber_new(1)), "value of the wrong kind");
    assert_eq!(fails(|_| {}, |f| _ = f.fiber_status(1)), "value of the wrong kind");
    let resume = |f: &mut FunctionBuilder| {
        let ok = f.register(Type::Any);
        f.fiber_resume_to_open(ok, 1, &[]);
        f.return_open(&[]);
    };
    assert_eq!(fails(|_| {}, resume), "value of the wrong kind");
    let close = |f: &mut FunctionBuilder| {
        let (ok, error) = (f.register(Type::I32), f.register(Type::Any));
        f.fiber_close(ok, error, 1);
    };
    assert_eq!(fails(|_| {}, close), "value of the wrong kind");
}

/// A list much longer than any window passes into a fiber and back.
#[test]
fn long_lists() {
    let (mut machine, main) = machine(Limits::default(), |p| {
        let mut f = p.function("echo", Signature::dynamic(0, true));
        f.varargs_to_open();
        f.fiber_yield_open_to_open(&[]);
        f.return_open(&[]);
        let echo = p.add(f).expect("it is well-formed");
        main(p, |f| {
            let function = f.ref_func(echo);
            let fiber = f.fiber_new(function);
            let ok = f.register(Type::Any);
            f.varargs_to_open();
            f.fiber_resume_open_to_open(ok, fiber, &[]);
            f.fiber_resume_open_to_open(ok, fiber, &[ok.into()]);
            f.return_open(&[]);
        });
    });
    let arguments: Vec<_> = (0..5000).map(minivm::raw::Value::int).collect();
    match machine.call(main, &arguments) {
        Ok(values) => {
            assert_eq!(values.len(), 5001);
            assert_eq!(values[5000].as_int(), Some(4999));
        }
        Err(failure) => panic!("{}", message(&mut machine, failure)),
    }
}
