//! Instances of the modules of a script on machines.

use super::adapter::{adapter, face};
use super::runner::Engine;
use super::value::{Failure, Val, from_values, link_failure, result_types, run_failure, to_values};
use minivm::raw::{InstanceId, Machine, Value};
use minivm_isa::Type;
use minivm_isa::program::{FunctionDef, Origin, Program};
use minivm_isa::verify::Verified;
use std::sync::Arc;

/// An instance of a module, and the adapter before it.
#[derive(Clone, Copy)]
pub struct Instance {
    machine: usize,
    id: InstanceId,
    /// Place in [`Machines::adapters`].
    adapter: usize,
}

/// What calls an instance bit for bit.
struct Adapter {
    id: InstanceId,
    /// The exports behind it.
    program: Arc<Verified>,
}

/// What a call has given.
pub type Called = Result<Vec<Value>, minivm::raw::Failure>;

/// How the calls of a script are run.
pub trait Caller {
    /// A machine without programs.
    fn machine(&mut self) -> Machine;

    /// Calls an exported function. The machine may be another one afterwards, with the same state.
    ///
    /// # Errors
    /// When something went wrong that is not part of what the function did.
    fn call(
        &mut self,
        machine: &mut Machine,
        instance: InstanceId,
        name: &str,
        arguments: &[Value],
    ) -> Result<Called, Failure>;
}

/// The module that the scripts import as `spectest`.
pub const SPECTEST: &str = r#"(module
    (global (export "global_i32") i32 (i32.const 666))
    (global (export "global_i64") i64 (i64.const 666))
    (global (export "global_f32") f32 (f32.const 666.6))
    (global (export "global_f64") f64 (f64.const 666.6))
    (table (export "table") 10 20 funcref)
    (table (export "table64") i64 10 20 funcref)
    (memory (export "memory") 1 2)
    (memory (export "shared_memory") 1 2 shared)
    (func (export "print"))
    (func (export "print_i32") (param i32))
    (func (export "print_i64") (param i64))
    (func (export "print_f32") (param f32))
    (func (export "print_f64") (param f64))
    (func (export "print_i32_f32") (param i32 f32))
    (func (export "print_f64_f64") (param f64 f64)))"#;

/// The machines of one script.
pub struct Machines<C> {
    machines: Vec<Machine>,
    adapters: Vec<Adapter>,
    /// The machine of programs that import something; it has the module `spectest`.
    linked: Option<usize>,
    is_one: bool,
    caller: C,
    /// What scripts call instances: what a machine in the place of another one does not know.
    registered: Vec<(String, Instance)>,
}

impl<C: Caller> Machines<C> {
    /// No machine yet. `is_one` puts all instances on one machine; else programs that import nothing get one each, so that
    /// more of them have the memory that machines treat best.
    pub fn new(is_one: bool, caller: C) -> Self {
        let (machines, adapters, registered) = (Vec::new(), Vec::new(), Vec::new());
        Machines { machines, adapters, linked: None, is_one, caller, registered }
    }

    fn machine(&mut self) -> usize {
        self.machines.push(self.caller.machine());
        self.machines.len() - 1
    }

    fn linked_machine(&mut self) -> Result<usize, Failure> {
        let number = self.machine();
        self.linked = Some(number);
        let bytes = crate::parse_text(SPECTEST.as_bytes(), "spectest").expect("the text is right");
        let program = crate::translate(&bytes, "spectest").expect("the module is right");
        let program = minivm_isa::verify(program).expect("it verifies");
        let spectest = self.instantiate_on(number, program.into())?;
        self.register("spectest", spectest);
        Ok(number)
    }

    fn instantiate_on(&mut self, number: usize, program: Arc<Verified>) -> Result<Instance, Failure> {
        let machine = &mut self.machines[number];
        let id = machine.instantiate(program.clone()).map_err(link_failure)?;
        let module = format!("instance {}", self.adapters.len());
        machine.define_instance(&module, id);
        let before = adapter(&program, &module);
        let adapter = Adapter { id: machine.instantiate(before).map_err(link_failure)?, program };
        self.adapters.push(adapter);
        Ok(Instance { machine: number, id, adapter: self.adapters.len() - 1 })
    }
}

impl<C: Caller> Engine for Machines<C> {
    type Instance = Instance;

    fn instantiate(&mut self, program: Arc<Verified>) -> Result<Instance, Failure> {
        if !self.is_one && !has_imports(&program) {
            let number = self.machine();
            return self.instantiate_on(number, program);
        }
        let number = match self.linked {
            Some(number) => number,
            None => self.linked_machine()?,
        };
        self.instantiate_on(number, program)
    }

    fn register(&mut self, name: &str, instance: Instance) {
        self.registered.push((name.to_owned(), instance));
        self.machines[instance.machine].define_instance(name, instance.id);
    }

    fn invoke(&mut self, instance: Instance, name: &str, arguments: &[Val]) -> Result<Vec<Val>, Failure> {
        let adapter = &self.adapters[instance.adapter];
        let types = result_types(&adapter.program, name)?;
        let arguments: Vec<Value> = arguments.iter().flat_map(|&argument| to_values(argument)).collect();
        let machine = &mut self.machines[instance.machine];
        let called = self.caller.call(machine, adapter.id, name, &arguments)?;
        for (name, known) in self.registered.iter().filter(|(_, known)| known.machine == instance.machine) {
            machine.define_instance(name, known.id);
        }
        let results = match called {
            Ok(results) => results,
            Err(minivm::raw::Failure::Error { value, trap: None, .. }) if machine.exception_text(value).is_some() => {
                return Err(Failure::Exception(machine.describe(value)));
            }
            Err(minivm::raw::Failure::Error { value, trap: None, trace }) => {
                return Err(Failure::Other(format!("{}\n{trace}", machine.describe(value))));
            }
            Err(failure) => return Err(run_failure(failure)),
        };
        results_of(&results, &types)
    }
}

/// The results of types that lie at the boundary as these values.
fn results_of(values: &[Value], types: &[Type]) -> Result<Vec<Val>, Failure> {
    let count: usize = types.iter().map(|&ty| face(ty).len()).sum();
    if values.len() != count {
        return Err(Failure::Other(format!("{} results, {count} expected", values.len())));
    }
    let mut values = values.iter().copied();
    types.iter().map(|&ty| from_values(&mut values, ty)).collect()
}

fn has_imports(program: &Program) -> bool {
    program.functions.values().any(|function| matches!(function, FunctionDef::Import { .. }))
        || program.globals.values().any(|global| matches!(global.origin, Origin::Import(_)))
        || program.memories.values().any(|memory| matches!(memory.origin, Origin::Import(_)))
        || program.tables.values().any(|table| matches!(table.origin, Origin::Import(_)))
}
