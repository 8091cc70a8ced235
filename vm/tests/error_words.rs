//! Errors of instructions in the words of a language.

use minivm::{Error, ErrorKind, ErrorReport, Limits, Machine};
use minivm_builder::{FunctionBuilder, IntoOperand, ProgramBuilder, Reg, RegionKind, Signature, TrapCode, Type};

/// What an error is about, in one line.
fn words(error: &ErrorReport) -> Option<String> {
    let position = error.position.as_ref().map_or(String::new(), |position| format!(" at line {}", position.line));
    let variable = error.variable.as_ref().map_or(String::new(), |(kind, name)| format!(" {kind} {name}"));
    let trap = error.trap.map_or(String::new(), |trap| format!(" {trap}"));
    Some(format!("{:?}({}){variable}{trap} in {}{position}", error.kind, error.operands.join(", "), error.function))
}

/// Does something that fails; gives what the program catches of it.
fn caught(machine: &mut Machine, body: impl FnOnce(&mut FunctionBuilder)) -> String {
    let mut program = ProgramBuilder::new();
    let source = program.source("a.lang", None);
    let mut f = program.function("main", Signature::dynamic(0, false));
    f.set_span(source, 7, 0, 1);
    let (start, handler, error) = (f.block(), f.block(), f.register(Type::Any));
    f.protect(RegionKind::Catch, start, handler, handler, error, None);
    f.jump(start);
    f.switch_to(start);
    body(&mut f);
    f.trap(TrapCode::Unreachable);
    f.switch_to(handler);
    f.return_values((error,));
    let main = program.add(f).expect("it is well-formed");
    program.export_function("main", main);
    let instance = machine.instantiate(program.finish().expect("it is valid")).expect("it links");
    let results = machine.invoke(instance, "main", &[]).expect("it catches its error");
    machine.text(&results[0]).expect("it is text").to_owned()
}

/// A register with a value, as dynamic code has it.
fn any(f: &mut FunctionBuilder, value: impl IntoOperand) -> Reg {
    f.fresh(Type::Any).copy(value)
}

fn local(f: &mut FunctionBuilder, name: &str) -> Reg {
    let register = any(f, f64::NAN);
    f.open_local(name, register);
    register
}

type Body = fn(&mut FunctionBuilder);

const BODIES: &[(&str, Body)] = &[
    ("Index(float) local x in main at line 7", |f| {
        let x = local(f, "x");
        f.get(x, "field");
    }),
    ("Call(float) local x in main at line 7", |f| {
        let x = local(f, "x");
        f.call_any(&[], x, ());
    }),
    ("Arithmetic(string) in main at line 7", |f| {
        let text = any(f, "text");
        f.add(1, text);
    }),
    ("Bitwise(nil) in main at line 7", |f| {
        let nil = f.nil();
        let nil = any(f, nil);
        f.bit_and(1, nil);
    }),
    ("NoInteger(float) in main at line 7", |f| {
        let half = any(f, 0.5);
        f.bit_or(half, 1);
    }),
    ("DivisionByZero(integer, integer) in main at line 7", |f| {
        let zero = any(f, 0);
        f.modulo(1, zero);
    }),
    ("Length(integer) in main at line 7", |f| {
        let one = any(f, 1);
        f.length(one);
    }),
    ("Concatenation(boolean) in main at line 7", |f| {
        let yes = any(f, true);
        f.concat(("a", yes));
    }),
    ("Comparison(integer, string) in main at line 7", |f| {
        let (one, text) = (any(f, 1), any(f, "text"));
        f.less(one, text);
    }),
    ("Key(float) in main at line 7", |f| {
        let (x, table) = (local(f, "x"), f.table_new(0, 0));
        f.set(table, x, 1);
    }),
    ("Trap() out of bounds string access in main at line 7", |f| {
        let text = any(f, "text");
        f.string_byte(text, 4);
    }),
    ("Trap() integer divide by zero in main at line 7", |f| {
        let zero = f.fresh(Type::I32).copy(0);
        f.i32_div_s(1, zero);
    }),
    ("Other() in main at line 7", |f| {
        let table = f.table_new(0, 0);
        let (key, value) = (f.register(Type::Any), f.register(Type::Any));
        f.table_next(key, value, table, "none");
    }),
];

#[test]
fn errors_have_parts() {
    let mut machine = Machine::new(Limits::default());
    machine.set_error_words(words);
    for (expected, body) in BODIES {
        assert_eq!(caught(&mut machine, body), *expected);
        // What is done in slices is told of in the same words.
        machine.set_fuel(Some(1_000));
        assert_eq!(caught(&mut machine, body), *expected);
        machine.set_fuel(None);
    }
}

#[test]
fn without_words_errors_keep_theirs() {
    let mut machine = Machine::new(Limits::default());
    machine.set_error_words(|error| (error.kind == ErrorKind::Call).then(|| "no function".to_owned()));
    assert_eq!(caught(&mut machine, BODIES[1].1), "no function");
    assert_eq!(caught(&mut machine, BODIES[0].1), "a.lang:7: attempt to index a number value (local 'x')");
    assert_eq!(caught(&mut machine, BODIES[11].1), "a.lang:7: integer divide by zero");
}

#[test]
fn words_that_panic_reach_whoever_runs_the_machine() {
    let mut machine = Machine::new(Limits::default());
    machine.set_error_words(|error| if error.function == "main" { panic!("no words") } else { None });
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| caught(&mut machine, BODIES[1].1)));
    assert!(panicked.is_err());
    machine.set_error_words(words);
    assert_eq!(caught(&mut machine, BODIES[1].1), BODIES[1].0);
}

#[test]
fn unknown_imports_tell_what_there_is() {
    let mut machine = Machine::new(Limits::default());
    for name in ["write", "read"] {
        machine.define("files", name, |call| call.return_none()).expect("there is memory");
    }
    let mut import = |module: &str, name: &str| {
        let mut program = ProgramBuilder::new();
        program.import_function(module, name, Signature::dynamic(0, false));
        let error = machine.instantiate(program.finish().expect("it is valid")).expect_err("there is no such thing");
        assert!(matches!(error, Error::UnknownImport { .. }), "{error}");
        error.to_string()
    };
    assert_eq!(import("files", "wipe"), "unknown import 'files.wipe': 'files' has read, write");
    assert_eq!(import("net", "get"), "unknown import 'net.get': there is no module 'net', but files");
}
