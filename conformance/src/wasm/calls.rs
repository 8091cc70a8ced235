//! How the calls of scripts are run: at once, at a pace, or saved and loaded in between.

use crate::reload::{self, Plan, Reloads};
use crate::slicing::{self, Pace};
use minivm::raw::{InstanceId, Limits, Machine, Value};
use minivm_wasm::script::{Called, Caller, Failure};

/// How calls are run.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// At once, without a limit.
    AtOnce,
    /// At a pace.
    Paced(Pace),
    /// In slices; after each, the machine is saved and a fresh one loads it.
    Reloaded {
        /// Where the lengths of slices come from.
        seed: u64,
    },
}

/// Runs calls in one way.
pub struct Calls {
    way: Way,
    /// How many there were.
    count: u64,
}

impl Calls {
    /// None yet.
    pub fn new(way: Way) -> Self {
        Calls { way, count: 0 }
    }
}

impl Caller for Calls {
    fn machine(&mut self) -> Machine {
        fresh()
    }

    fn call(
        &mut self,
        machine: &mut Machine,
        instance: InstanceId,
        name: &str,
        arguments: &[Value],
    ) -> Result<Called, Failure> {
        match self.way {
            Way::AtOnce => Ok(machine.invoke(instance, name, arguments)),
            Way::Paced(pace) => call_paced(machine, exported(machine, instance, name)?, arguments, pace),
            Way::Reloaded { seed } => {
                self.count += 1;
                call_reloaded(machine, exported(machine, instance, name)?, arguments, seed ^ self.count << 8)
            }
        }
    }
}

fn fresh() -> Machine {
    // Scripts recurse without end to see it end: a small stack ends it soon.
    crate::native::machine(Limits { memory_bytes_max: 8 << 30, stack_words_max: 1 << 18, ..Limits::default() })
}

fn exported(machine: &Machine, instance: InstanceId, name: &str) -> Result<Value, Failure> {
    let function = machine.exported_function(instance, name);
    function.ok_or_else(|| Failure::Other(format!("no exported function '{name}'")))
}

fn call_paced(machine: &mut Machine, function: Value, arguments: &[Value], pace: Pace) -> Result<Called, Failure> {
    let paced = slicing::call(machine, function, arguments, pace);
    match paced.miscounts.first() {
        Some(first) => Err(Failure::Other(first.clone())),
        None => paced.result.ok_or_else(|| Failure::Other("it did not end".to_owned())),
    }
}

fn call_reloaded(machine: &mut Machine, function: Value, arguments: &[Value], seed: u64) -> Result<Called, Failure> {
    machine.prepare(function, arguments);
    let plan = Plan { seed, first: 8, growth_percent: 400, reloads_max: 4 };
    reload::run_in_slices(machine, plan, &mut Reloads::default(), || Ok(fresh())).map_err(Failure::Other)
}
