//! What can be fuzzed: where its inputs come from and what is done with one.

use crate::mutate;
use minivm::raw::{Failure, Limits, Machine, RunState, Value};
use minivm_conformance::cases;
use minivm_conformance::native::{self, Mode};
use minivm_conformance::random::Random;
use minivm_isa::program::Item;
use minivm_isa::{Program, binary, text};
use std::fs;
use std::path::Path;

/// Canonical instructions a program may run.
const FUEL: u64 = 200_000;
/// Bytes a program may use.
const MEMORY_BYTES_MAX: u64 = 64 << 20;
/// Longer inputs cost time and find no more.
const INPUT_BYTES_MAX: usize = 40_000;

/// A part of MiniVM that takes input from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    Lua,
    Text,
    Binary,
    Program,
    Wasm,
    Native,
}

impl Target {
    pub(crate) const ALL: [Self; 6] = [Self::Lua, Self::Text, Self::Binary, Self::Program, Self::Wasm, Self::Native];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lua => "lua",
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Program => "program",
            Self::Wasm => "wasm",
            Self::Native => "native",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// The sound inputs that the damaged ones are made from.
    pub(crate) fn corpus(self) -> Vec<Vec<u8>> {
        let inputs = match self {
            Self::Lua => sources(),
            Self::Wasm => modules(),
            Self::Text | Self::Program | Self::Native => {
                programs().iter().map(|program| program.to_string().into_bytes()).collect()
            }
            // Files of older versions are among the golden ones.
            Self::Binary => programs().iter().map(binary::encode).chain(golden_files()).collect(),
        };
        let mut inputs: Vec<_> = inputs.into_iter().filter(|input| input.len() <= INPUT_BYTES_MAX).collect();
        inputs.sort();
        inputs
    }

    /// The damaged input with this number.
    pub(crate) fn input(self, corpus: &[Vec<u8>], seed: u64, number: u64) -> Vec<u8> {
        let mut random = Random::new(seed, number);
        let mut input = corpus[random.below(corpus.len())].clone();
        match self {
            Self::Lua => mutate::text(&input, &mut random, &LUA_PIECES),
            Self::Text => mutate::text(&input, &mut random, &TEXT_PIECES),
            // A damaged text that still parses is a damaged program more often than damaged bytes are.
            Self::Program | Self::Native => mutate::text(&input, &mut random, &[]),
            Self::Binary | Self::Wasm => {
                mutate::bytes(&mut input, &mut random);
                input
            }
        }
    }

    /// Runs one input; says how far it got.
    pub(crate) fn run(self, input: &[u8]) -> &'static str {
        match self {
            Self::Lua => match minivm_lua::compile(input, "=fuzz") {
                Ok(_) => "compiles",
                Err(_) => "refused",
            },
            Self::Text => match text::parse(&String::from_utf8_lossy(input)) {
                Ok(program) => check(program),
                Err(_) => "refused",
            },
            Self::Binary => match binary::decode(input) {
                Ok(program) => check(program),
                Err(_) => "refused",
            },
            Self::Program => match text::parse(&String::from_utf8_lossy(input)) {
                Ok(program) => execute(program).reached,
                Err(_) => "refused",
            },
            Self::Wasm => match minivm_wasm::translate(input, "fuzz") {
                Ok(program) => execute(program).reached,
                Err(_) => "refused",
            },
            Self::Native => match text::parse(&String::from_utf8_lossy(input)) {
                Ok(program) => compare(&program),
                Err(_) => "refused",
            },
        }
    }
}

/// Pieces that tend to matter where they do not belong.
const LUA_PIECES: [&str; 32] = [
    "end",
    "do ",
    "function ",
    "local ",
    "return ",
    "break ",
    "goto x ",
    "::x::",
    "if ",
    "then ",
    "else ",
    "repeat ",
    "until ",
    "for i=1,2 do ",
    "in ",
    "=",
    "==",
    "...",
    "(",
    ")",
    "{",
    "}",
    "[[",
    "]]",
    "--[[",
    "\"",
    "\\u{",
    "<const>",
    "<close>",
    "0x",
    "1e",
    "\n",
];
const TEXT_PIECES: [&str; 14] = ["{", "}", "(", ")", ",", ":", "=", "->", "\"", "block0", "v0", "func0", "any", "\n"];

fn check(program: Program) -> &'static str {
    if minivm_isa::verify(program).is_ok() { "verifies" } else { "rejected" }
}

/// What a program did.
#[derive(PartialEq, Eq, Debug)]
struct Ran {
    /// How far it got.
    reached: &'static str,
    /// How each call ended, with the fuel that was left then.
    ends: Vec<(String, Option<u64>)>,
}

/// Runs a program by the interpreter, and compiled in all ways.
fn compare(program: &Program) -> &'static str {
    let run = |mode| native::with(mode, || execute(program.clone()));
    let expected = run(Mode::Off);
    if expected.ends.is_empty() {
        return expected.reached;
    }
    for mode in [Mode::Native, Mode::Hot, Mode::Chaos { seed: 1 }] {
        let found = run(mode);
        assert_eq!(expected, found, "{mode:?} does something else than the interpreter");
    }
    expected.reached
}

/// Verifies, loads and calls everything exported, with little fuel and memory.
fn execute(program: Program) -> Ran {
    let mut ends = Vec::new();
    let reached = execute_into(program, &mut ends);
    Ran { reached, ends }
}

fn execute_into(program: Program, ends: &mut Vec<(String, Option<u64>)>) -> &'static str {
    let exports: Vec<String> = program
        .exports
        .iter()
        .filter(|export| matches!(export.item, Item::Function(_)))
        .map(|export| export.name.clone())
        .collect();
    let Ok(verified) = minivm_isa::verify(program) else { return "rejected" };
    let mut machine = native::machine(Limits { memory_bytes_max: MEMORY_BYTES_MAX, ..Limits::default() });
    machine.add_fuel(FUEL);
    if define_imports(&mut machine).is_err() {
        return "has no memory";
    }
    let Ok(instance) = machine.instantiate(verified) else { return "does not link" };
    let mut reached = "links";
    for name in exports {
        let function = match machine.exported_function(instance, &name) {
            Some(function) => function,
            None => match environment(&mut machine).and_then(|table| machine.closure(instance, &name, &[table]).ok()) {
                Some(closure) => closure,
                None => continue,
            },
        };
        let state = machine.start(function, &[]);
        let shown = match &state {
            RunState::Finished(values) => values.iter().map(|&value| shown(value)).collect::<Vec<_>>().join(", "),
            RunState::Failed(Failure::Error { trap, trace, .. }) => format!("{trap:?} {trace}"),
            RunState::Failed(Failure::Exit(code)) => format!("exit {code}"),
            _ => machine.traceback(),
        };
        ends.push((shown, machine.fuel()));
        reached = match state {
            RunState::Finished(_) => "finishes",
            RunState::Failed(_) => "fails",
            RunState::OutOfFuel | RunState::Stepped | RunState::Interrupted => return "runs out of fuel",
            RunState::Waiting(_) | RunState::Yielded(_) => "waits",
        };
    }
    reached
}

/// A value without anything that differs from run to run.
fn shown(value: Value) -> String {
    match (value.as_int(), value.as_float()) {
        (Some(int), _) => int.to_string(),
        (None, Some(float)) => format!("{:x}", float.to_bits()),
        (None, None) => format!("{:?}", value.tag()),
    }
}

/// What compiled Lua and WASI programs import, all of it doing nothing.
fn define_imports(machine: &mut Machine) -> Result<(), minivm::raw::heap::OutOfMemory> {
    for name in ["__close", "check_close", "pack", "unpack"] {
        machine.define(minivm_lua::codegen::SUPPORT_MODULE, name, |call| call.return_none())?;
    }
    for function in minivm_wasm::wasi::FUNCTIONS {
        machine.define(minivm_wasm::wasi::MODULE, function.name, |call| call.return_one(Value::int(8)))?;
    }
    Ok(())
}

/// The environment of a Lua chunk: a few functions that give back their arguments.
fn environment(machine: &mut Machine) -> Option<Value> {
    let table = machine.heap().table_value(0, 8).ok()?;
    let kept = machine.keep(table);
    for name in ["print", "setmetatable", "tonumber", "tostring", "pcall", "type"] {
        let function = machine.host_function(name, |call| call.return_args_from(0)).ok()?;
        machine.heap().table_set_name(table, name.as_bytes(), function).ok()?;
    }
    machine.release(kept);
    Some(table)
}

fn files(folder: &Path, ending: &str) -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for path in cases::entries(folder) {
        if path.is_dir() {
            inputs.extend(files(&path, ending));
        } else if path.extension().is_some_and(|found| found == ending) {
            inputs.extend(fs::read(&path));
        }
    }
    inputs
}

fn sources() -> Vec<Vec<u8>> {
    let mut sources = files(&cases::folder(), "lua");
    sources.extend(files(&cases::folder().with_file_name("bench").join("lua"), "lua"));
    sources
}

fn modules() -> Vec<Vec<u8>> {
    let mut modules = files(&cases::folder(), "wasm");
    modules.extend(files(&cases::folder().with_file_name("bench").join("c"), "wasm"));
    modules
}

fn golden_files() -> Vec<Vec<u8>> {
    files(&cases::workspace().join("isa/tests/golden"), "mvm")
}

fn programs() -> Vec<Program> {
    let lua = sources().into_iter().filter_map(|source| minivm_lua::compile(&source, "=fuzz").ok());
    let mut programs: Vec<Program> = lua.map(|verified| verified.into_program()).collect();
    programs.extend(modules().into_iter().filter_map(|module| minivm_wasm::translate(&module, "fuzz").ok()));
    programs
}
