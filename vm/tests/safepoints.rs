//! Everything that allocates comes to a safepoint: loops that only make garbage, in each way there is, run in little memory.

mod common;

use common::machine;
use minivm::raw::heap::HeapLimits;
use minivm::raw::{Limits, Machine, Protect, Tag, Value};
use minivm_builder::{FunctionBuilder, ProgramBuilder};
use minivm_isa::entities::Reg;
use minivm_isa::program::{ElementType, Initial, Origin, RegionKind, TableDef};
use minivm_isa::{Instruction, Operand, Signature, Type};

/// How often each loop runs: what it makes would not fit otherwise.
const ROUNDS: i32 = 40_000;
/// Cells of all loops are smaller than this together, if dead ones are used again.
const FOOTPRINT_BYTES_MAX: usize = 3 << 20;
/// Bytes that may be allocated between two safepoints, but for a single large object.
const OVERDUE_BYTES_MAX: u64 = 64 << 10;
/// What a program may hold on to where it makes nothing but garbage.
const USED_BYTES_MAX: usize = 2 << 20;

/// Collects early and often, so that little garbage tells.
fn small(machine: &mut Machine) {
    let limits = HeapLimits { cycle_bytes_min: 128 << 10, step_bytes: 4 << 10, ..HeapLimits::default() };
    machine.heap().set_limits(limits);
}

fn check(machine: &mut Machine, main: Value, arguments: &[Value]) {
    small(machine);
    let kept = machine.keep(main);
    machine.call(main, arguments).expect("it finishes");
    machine.release(kept);
    let heap = machine.heap();
    assert!(heap.overdue_bytes() <= OVERDUE_BYTES_MAX, "a step is due since {} bytes", heap.overdue_bytes());
    assert!(heap.footprint_bytes() <= FOOTPRINT_BYTES_MAX, "cells take {} bytes", heap.footprint_bytes());
    assert!(heap.used_bytes() <= USED_BYTES_MAX, "{} bytes are in use", heap.used_bytes());
}

/// `main` with a loop around what `body` puts there.
fn looping(p: &mut ProgramBuilder, body: impl FnOnce(&mut FunctionBuilder, Reg)) {
    let mut f = p.function("main", Signature::dynamic(1, false));
    let given = f.param(0);
    let rounds = f.i32(ROUNDS);
    let counter = f.copy(rounds);
    let (again, after) = (f.block(), f.block());
    f.jump(again);
    f.switch_to(again);
    body(&mut f, given);
    f.to(counter).i32_sub(counter, 1);
    f.branch_i32_lt_s(0, counter, again, after);
    f.switch_to(after);
    f.return_values(&[]);
    let main = p.add(f).expect("it is well-formed");
    p.export_function("main", main);
}

/// Longer than strings that are there only once.
const NAME: &str = "a variable with a name that no short string has room for";

/// Calls nil in a protected region: the error's message is a new string.
fn fails_and_catches(f: &mut FunctionBuilder) {
    let (start, handler, after) = (f.block(), f.block(), f.block());
    let (error, nil) = (f.register(Type::Any), f.nil());
    let callee = f.copy(nil);
    f.open_local(NAME, callee);
    f.jump(start);
    f.switch_to(start);
    f.emit(Instruction::CallAny { results: [].into(), callee: callee.into(), arguments: [].into() });
    f.jump(after);
    f.switch_to(handler);
    f.protect(RegionKind::Catch, start, handler, handler, error, None);
    f.jump(after);
    f.switch_to(after);
    f.close_local(callee);
}

#[test]
fn errors_that_a_region_catches() {
    let (mut machine, main) = machine(Limits::default(), |p| looping(p, |f, _| fails_and_catches(f)));
    check(&mut machine, main, &[]);
}

#[test]
fn errors_that_a_host_function_catches() {
    let (mut machine, main) = machine(Limits::default(), |p| {
        looping(p, |f, given| {
            let nil = f.nil();
            f.emit(Instruction::CallAny { results: [].into(), callee: given.into(), arguments: [nil].into() });
        });
    });
    // It calls what fails, again and again, in the same call.
    let function = machine.host_function("tries", |call| {
        let failing = call.arg(0);
        if call.state() == 3 {
            return call.return_none();
        }
        call.call_protected(failing, &[], call.state() + 1, Protect::Catch, Value::NIL)
    });
    let function = function.expect("there is memory");
    machine.define_function("host", "tries", function);
    check(&mut machine, main, &[function]);
}

#[test]
fn what_a_host_function_makes_between_callbacks() {
    let (mut machine, main) = machine(Limits::default(), |p| {
        let mut f = p.function("nothing", Signature::dynamic(1, false));
        f.return_values(&[]);
        let nothing = p.add(f).expect("it is well-formed");
        let mut f = p.function("main", Signature::dynamic(1, false));
        let callee: Operand = f.param(0).into();
        let callback = f.ref_func(nothing);
        f.emit(Instruction::CallAny { results: [].into(), callee, arguments: [callback.into()].into() });
        f.return_values(&[]);
        let main = p.add(f).expect("it is well-formed");
        p.export_function("main", main);
    });
    let function = machine.host_function("each", |call| {
        let round = call.state();
        if round == ROUNDS as u32 {
            return call.return_none();
        }
        let text = call.string(format!("{round}: a string that is longer than those that are there only once"))?;
        call.call(call.arg(0), &[text], round + 1)
    });
    let function = function.expect("there is memory");
    machine.define_function("host", "each", function);
    check(&mut machine, main, &[function]);
}

#[test]
fn bridges_for_calls_by_type() {
    let (mut machine, main) = machine(Limits::default(), |p| {
        let signature = p.signature(Signature::typed(&[Type::I64], &[Type::I64]));
        let table = p.add_table(TableDef {
            origin: Origin::Own(Initial::Constant(minivm_isa::program::Constant::Nil)),
            element: ElementType::Any,
            minimum: 1,
            maximum: None,
            is_64: false,
        });
        looping(p, |f, given| {
            let (number, index) = (f.i64(1), f.i32(0));
            f.table_set(table, index, given);
            let results = [f.register(Type::I64)];
            f.emit(Instruction::CallRef {
                results: results.into(),
                signature,
                callee: given.into(),
                arguments: [number].into(),
            });
            f.emit(Instruction::CallIndirect {
                results: results.into(),
                signature,
                table,
                index,
                arguments: [number].into(),
            });
        });
    });
    let function = machine.host_function("id", |call| call.return_args_from(0)).expect("there is memory");
    machine.define_function("host", "id", function);
    check(&mut machine, main, &[function]);
}

#[test]
fn strings_of_a_long_concatenation() {
    const VALUES: usize = 4000;
    let (mut machine, main) = machine(Limits::default(), |p| {
        let mut f = p.function("main", Signature::dynamic(1, false));
        let (object, text) = (f.param(0), f.string([b'x'; 1000]));
        let values: Vec<Operand> = (0..VALUES).map(|index| if index % 2 == 0 { object.into() } else { text }).collect();
        f.concat(&values);
        f.return_values(&[]);
        let main = p.add(f).expect("it is well-formed");
        p.export_function("main", main);
    });
    let short = machine.host_function("concat", |call| {
        let text = call.string("y")?;
        call.return_one(text)
    });
    let short = short.expect("there is memory");
    let heap = machine.heap();
    let (object, metatable) = (heap.table_value(0, 0), heap.table_value(0, 1));
    let (object, metatable) = (object.expect("there is memory"), metatable.expect("there is memory"));
    heap.table_set_name(metatable, b"__concat", short).expect("there is memory");
    heap.set_own_metatable(object, metatable).expect("there is memory");
    check(&mut machine, main, &[object]);
}

#[test]
fn lists_that_are_appended_to_tables() {
    let (mut machine, main) = machine(Limits::default(), |p| {
        looping(p, |f, _| {
            let table = f.table_new(0, 0);
            let values: Vec<Operand> = (0..20).map(|number| f.integer(number)).collect();
            f.append(table, 1, &values);
        });
    });
    check(&mut machine, main, &[]);
}

#[test]
fn runs_that_begin_and_end() {
    let (mut machine, main) = machine(Limits::default(), |p| {
        let mut f = p.function("main", Signature::dynamic(1, false));
        f.return_values(&[f.param(0).into()]);
        let main = p.add(f).expect("it is well-formed");
        p.export_function("main", main);
    });
    small(&mut machine);
    let kept = machine.keep(main);
    for round in 0..ROUNDS / 4 {
        machine.call(main, &[Value::int(round.into())]).expect("it finishes");
        let used = machine.heap().used_bytes();
        assert!(used <= USED_BYTES_MAX, "{used} bytes are in use after {round} runs");
    }
    machine.release(kept);
}

#[test]
fn runs_begin_though_all_memory_is_garbage() {
    let limits = Limits { memory_bytes_max: 4 << 20, ..Limits::default() };
    let (mut machine, main) = machine(limits, |p| looping(p, |_, _| {}));
    let kept = machine.keep(main);
    // Nothing here is a safepoint.
    while machine.heap().table_value(100, 0).is_ok() {}
    let failing = machine.call(Value::int(1), &[]);
    assert!(failing.is_err(), "an integer is no function");
    machine.call(main, &[]).expect("the garbage has made room for it");
    machine.release(kept);
}

#[test]
fn all_finalisers_run_at_the_end_in_little_memory() {
    const OBJECTS: i64 = 20_000;
    let limits = Limits { memory_bytes_max: 10 << 20, ..Limits::default() };
    let (mut machine, _) = machine(limits, |p| looping(p, |_, _| {}));
    let finaliser = machine.host_function("finaliser", |call| {
        let count: &mut i64 = call.host_state().get();
        *count += 1;
        call.return_none()
    });
    let heap_error = "there is memory";
    let finaliser = finaliser.expect(heap_error);
    let heap = machine.heap();
    let (list, metatable) = (heap.table_value(0, 0).expect(heap_error), heap.table_value(0, 1).expect(heap_error));
    heap.table_set_name(metatable, b"__gc", finaliser).expect(heap_error);
    for index in 1..=OBJECTS {
        let object = heap.table_value(4, 0).expect(heap_error);
        heap.set_own_metatable(object, metatable).expect(heap_error);
        heap.table_set_int(list, index, object).expect(heap_error);
    }
    assert!(list.tag() == Tag::TABLE);
    machine.close().expect("no finaliser fails");
    let count: &mut i64 = machine.host_state().get();
    assert_eq!(*count, OBJECTS);
}
