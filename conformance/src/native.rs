//! Machines with a native tier: the same programs, compiled.

use minivm::raw::native::NativePolicy;
use minivm::raw::{Limits, Machine};
use minivm_jit::{Options, Tier};
use std::cell::Cell;

/// What is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Nothing.
    #[default]
    Off,
    /// Every typed function before it first runs, every loop when it is found running.
    Native,
    /// What is hot, with a profile, as a program that runs for long has it, but soon.
    Hot,
    /// Everything, and loops at once; code leaves to the interpreter at random checks, has hardly any native stack, and is forgotten
    /// at random.
    Chaos {
        /// Where the places come from.
        seed: u64,
    },
}

/// Bytes of native stack in chaos.
const CHAOS_STACK_BYTES: usize = 4 << 10;

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Off) };
}

/// Does something with the machines that [`machine`] makes on this thread in a mode.
pub fn with<T>(mode: Mode, work: impl FnOnce() -> T) -> T {
    let before = MODE.replace(mode);
    let result = work();
    MODE.set(before);
    result
}

/// A machine in the mode of this thread.
pub fn machine(limits: Limits) -> Machine {
    let mut machine = crate::raw_machine(limits);
    install(&mut machine, MODE.get());
    machine
}

/// Puts a machine into a mode.
///
/// # Panics
/// When there is no native code on this system: then tests of it cannot be run.
pub fn install(machine: &mut Machine, mode: Mode) {
    let (forces_exits, policy) = match mode {
        Mode::Off => return,
        Mode::Native => (false, NativePolicy { always: true, ..NativePolicy::default() }),
        Mode::Hot => (false, NativePolicy { eager: true, ..NativePolicy::default() }),
        Mode::Chaos { seed } => {
            let stack_bytes = CHAOS_STACK_BYTES;
            (true, NativePolicy { always: true, stack_bytes, chaos: Some(seed), ..NativePolicy::default() })
        }
    };
    let tier =
        Tier::new(Options { waits: true, forces_exits, perf_map: false }).unwrap_or_else(|error| panic!("{error}"));
    machine.set_native_tier(Some(Box::new(tier)), policy);
}
