//! Every case prints what is stored: run at once, in slices of fuel, and stopped on its way, saved, and loaded into a fresh
//! machine, over and over.

mod common;

use common::Output;
use minivm::{CodeForm, Error, Failure, Limits, Machine, RunState, Value};
use minivm_tutorial::{Mode, compile, install};
use std::fs;
use std::io;
use std::path::Path;

fn machine(output: &Output) -> (Machine, Value) {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/modules");
    let mut machine = Machine::new(Limits::default());
    // The words of the host's errors are not ours.
    let read = move |path: &str| {
        fs::read_to_string(modules.join(path)).map_err(|error| io::Error::other(error.kind().to_string()))
    };
    let globals = install(&mut machine, Box::new(output.clone()), read).unwrap();
    (machine, globals)
}

/// Runs a case with `go_on`, which may put another machine in the place of the one it has.
fn run(name: &str, go_on: fn(&mut Machine, &Output) -> RunState) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name).with_extension("tern");
    let text = fs::read_to_string(path).unwrap();
    let output = Output::default();
    let (mut machine, globals) = machine(&output);
    let instance = machine.instantiate(compile(&format!("{name}.tern"), &text, Mode::File).unwrap()).unwrap();
    let main = machine.closure(instance, "main", &[globals]).unwrap();
    let argument = machine.string("first").unwrap();
    machine.prepare(&main, &[argument]).unwrap();
    let ending = match go_on(&mut machine, &output) {
        RunState::Finished(_) => String::new(),
        RunState::Failed(failure) => format!("failed: {failure}\n"),
        _ => panic!("it goes on to its end"),
    };
    minivm_std::flush(&mut machine).unwrap();
    String::from_utf8(output.0.lock().unwrap().clone()).unwrap() + &ending
}

fn at_once(machine: &mut Machine, _: &Output) -> RunState {
    machine.resume()
}

/// Slices of a prime number of instructions, so that it stops everywhere.
fn sliced(machine: &mut Machine, _: &Output) -> RunState {
    loop {
        machine.set_fuel(Some(101));
        match machine.resume() {
            RunState::OutOfFuel => {}
            state => return state,
        }
    }
}

fn saved(machine: &mut Machine, output: &Output) -> RunState {
    let mut slice = 13;
    loop {
        machine.set_fuel(Some(slice));
        match machine.resume() {
            RunState::OutOfFuel => {}
            state => return state,
        }
        // Everywhere at first, then more seldom, as some run long.
        slice += slice / 8;
        let snapshot = machine.save(b"", CodeForm::Whole).unwrap();
        let (mut fresh, _) = self::machine(output);
        fresh.load(&snapshot).unwrap();
        *machine = fresh;
    }
}

fn check(name: &str) {
    let printed = run(name, at_once);
    insta::with_settings!({ snapshot_path => "cases", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, printed);
    });
    assert_eq!(run(name, sliced), printed, "in slices of fuel");
    assert_eq!(run(name, saved), printed, "through snapshots");
}

macro_rules! cases {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        /// A file that nobody runs would pass for ever.
        #[test]
        fn all_files_are_run() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
            let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let mut names: Vec<String> = files
                .filter(|path| path.extension().is_some_and(|ending| ending == "tern"))
                .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
                .collect();
            names.sort();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

cases! { closures collections control exceptions generators modules tail_calls }

/// What a debugger shows in the midst of a program: names and values of variables in all frames, captured ones by their cells.
#[test]
fn frames_have_names_and_lines() {
    let text = "fn inner(depth) {\n  let twice = depth * 2\n  return twice // nil\n}\nfn outer(name) {\n  let here = 1\n  \
                return inner(len name) + here\n}\nouter(\"four\")\n";
    let (mut machine, globals) = machine(&Output::default());
    let instance = machine.instantiate(compile("frames.tern", text, Mode::File).unwrap()).unwrap();
    let main = machine.closure(instance, "main", &[globals]).unwrap();
    machine.set_keep_stack_on_error(true);
    machine.prepare(&main, &[]).unwrap();
    assert!(matches!(machine.resume(), RunState::Failed(_)));
    let mut shown = String::new();
    for frame in machine.frames() {
        let position = frame.position.map(|position| position.to_string()).unwrap_or_default();
        shown += &format!("{} at {position}\n", frame.name);
        for local in &frame.locals {
            shown += &format!("  {} = {}\n", local.name, local.value);
        }
    }
    insta::assert_snapshot!(shown);
}

/// At a prompt, variables go from line to line, and mistakes end nothing.
#[test]
fn a_prompt_keeps_its_variables() {
    let (mut machine, globals) = machine(&Output::default());
    let mut shown = String::new();
    let lines = [
        "let x = 20",
        "fn add(y) { return x + y }",
        "add(22)",
        "x = x + 1; x",
        "add(nil)",
        "for i in [1] { x = i }",
        "x",
        "x +",
    ];
    for line in lines {
        let answer = (|| -> Result<Value, Box<dyn std::error::Error>> {
            let instance = machine.instantiate(compile("prompt", line, Mode::Prompt)?)?;
            let main = machine.closure(instance, "main", std::slice::from_ref(&globals))?;
            match machine.call(&main, &[]) {
                Ok(mut results) => Ok(results.remove(0)),
                Err(Error::Failure(Failure::Error { message, .. })) => Err(message.into()),
                Err(error) => Err(error.into()),
            }
        })();
        let answer = answer.map_or_else(|error| error.to_string(), |value| machine.describe(&value));
        shown += &format!("> {line}\n{answer}\n");
    }
    insta::assert_snapshot!(shown);
}
