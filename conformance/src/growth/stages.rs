//! The passes that an input goes through, each measured by itself.

use super::Input;
use minivm::raw::{Limits, Machine, Value};
use minivm_isa::program::FunctionDef;
use minivm_isa::{Program, Verified, binary, steps, text, verify};
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::LuaHost;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What one pass did with an input.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The pass.
    pub name: &'static str,
    /// Steps that it counted; none in optimised builds.
    pub steps: u64,
    /// How long it took.
    pub time: Duration,
}

/// Canonical instructions that a program may run.
const FUEL: u64 = 20_000_000;

/// Sends an input through all passes that take it, as far as it gets.
pub fn stages(input: &Input) -> Vec<Stage> {
    let mut clock = Clock::new();
    match input {
        Input::Text(source) => {
            let parsed = text::parse(source);
            clock.stage("parse");
            match parsed {
                Ok(program) => program_stages(program, &mut clock),
                Err(errors) => clock.show(&errors, "show errors"),
            }
        }
        Input::Wasm(bytes) => {
            let translated = minivm_wasm::translate(bytes, "shape");
            clock.stage("translate");
            match translated {
                Ok(program) => program_stages(program, &mut clock),
                Err(error) => clock.show(&[error], "show errors"),
            }
        }
        Input::Lua(source) => {
            let compiled = minivm_lua::compile(source.as_bytes(), "=shape");
            clock.stage("compile");
            match compiled {
                Ok(program) => {
                    run_lua(program.clone(), &mut clock);
                    program_stages(program.into_program(), &mut clock);
                }
                Err(error) => clock.show(&[error], "show errors"),
            }
        }
    }
    clock.stages
}

/// Where the time goes.
struct Clock {
    stages: Vec<Stage>,
    start: Instant,
    taken: u64,
}

impl Clock {
    fn new() -> Self {
        Clock { stages: Vec::new(), start: Instant::now(), taken: steps::taken() }
    }

    /// What was done since the last stage was this one.
    fn stage(&mut self, name: &'static str) {
        let taken = steps::taken();
        self.stages.push(Stage { name, steps: taken - self.taken, time: self.start.elapsed() });
        (self.start, self.taken) = (Instant::now(), taken);
    }

    fn show<T: ToString>(&mut self, all: &[T], stage: &'static str) {
        all.iter().for_each(|one| drop(black_box(one.to_string())));
        self.stage(stage);
    }
}

fn program_stages(program: Program, clock: &mut Clock) {
    drop(black_box(program.to_string()));
    clock.stage("print");
    let bytes = binary::encode(&program);
    clock.stage("encode");
    drop(black_box(binary::decode(&bytes)));
    clock.stage("decode");
    let verified = verify(program);
    clock.stage("verify");
    match verified {
        Ok(program) => machine_stages(program, clock),
        Err(rejections) => clock.show(&rejections, "show rejections"),
    }
}

/// Links, loads and runs a program.
fn machine_stages(program: Verified, clock: &mut Clock) {
    let mut machine = crate::raw_machine(Limits { memory_bytes_max: 1 << 30, ..Limits::default() });
    for function in program.functions.values() {
        if let FunctionDef::Import { import, .. } = function {
            let defined = machine.define(&import.module, &import.name, |call| call.return_none());
            defined.expect("there is memory for a function");
        }
    }
    clock.stage("define");
    let codes: Vec<_> = (program.functions.iter())
        .filter_map(|(number, function)| matches!(function, FunctionDef::Code(_)).then_some(number))
        .collect();
    let is_callable = |name: &str| program.exports.iter().any(|export| export.name == name);
    let has_main = is_callable("main");
    let instance = match machine.instantiate(program) {
        Ok(instance) => instance,
        Err(error) => return clock.show(&[error], "link"),
    };
    clock.stage("link");
    for (name, _) in machine.exports(instance) {
        black_box(machine.exported_function(instance, &name));
    }
    clock.stage("exports");
    for number in codes {
        drop(black_box(machine.threaded_form(instance, number)));
    }
    clock.stage("load");
    if has_main && let Some(main) = machine.exported_function(instance, "main") {
        run(&mut machine, main);
        clock.stage("run");
    }
    drop(machine);
    clock.stage("drop");
}

fn run(machine: &mut Machine, main: Value) {
    machine.prepare(main, &[]);
    machine.set_fuel(Some(FUEL));
    black_box(machine.resume());
}

/// Nothing is granted.
struct NoHost;

impl LuaHost for NoHost {}

fn run_lua(program: Verified, clock: &mut Clock) {
    let mut machine = crate::raw_machine(Limits { memory_bytes_max: 1 << 30, ..Limits::default() });
    let globals = stdlib::raw::install(&mut machine, Box::new(NoHost)).expect("there is memory for the library");
    clock.stage("library");
    let Ok(instance) = machine.instantiate(program) else { return clock.stage("link") };
    let chunk = machine.closure(instance, "main", &[globals]).expect("there is memory for a closure");
    run(&mut machine, chunk);
    clock.stage("run");
}
