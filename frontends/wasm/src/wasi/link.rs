//! Gives the functions to a machine's linker; besides `threads` the only file here that knows the machine.

use super::errno::Stop;
use super::functions::{FUNCTIONS, Function, MODULE};
use super::poll::Blocking;
use super::state::{OpenFiles, SavedFiles, Wasi};
use super::threads::{Blocked, Threads};
use minivm::raw::heap::OutOfMemory;
use minivm::raw::{HostCall, Machine, Outcome, Raise, StateCodec, Value};
use minivm_isa::TrapCode;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The state of a function that could not go on before.
const BLOCKED: u32 = 1;
/// No function has more parameters than this.
const PARAMETERS_MAX: usize = 9;

/// A program's WASI state, shared with the functions of the machine that it runs in. It waits where one of them is at work, so
/// streams and clocks of the host must not use it.
#[derive(Clone, Debug)]
pub struct Linked {
    wasi: Arc<Mutex<Wasi>>,
    threads: Threads,
}

impl Linked {
    /// The state, while no function uses it. Functions leave it whole, also where a stream of the host panics.
    fn state(&self) -> MutexGuard<'_, Wasi> {
        self.wasi.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The threads of the program. A program without any can be run as every other one.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// Says what becomes of files that are open when the state is saved.
    pub fn set_open_files(&self, policy: OpenFiles) {
        self.state().open_files = policy;
    }

    /// Says what becomes of files that are open in a state which is loaded.
    pub fn set_saved_files(&self, policy: SavedFiles) {
        self.state().saved_files = policy;
    }

    /// Lets out all output that is still held back; to be called when the program has ended.
    ///
    /// # Errors
    /// As for [`Wasi::flush`].
    pub fn flush(&self) -> io::Result<()> {
        self.state().flush()
    }
}

/// Lets programs of the machine import `wasi_snapshot_preview1`. The memory that a call works on is that of the module
/// it comes from.
///
/// # Errors
/// When the machine has no memory for the functions.
pub fn define(machine: &mut minivm::Machine, wasi: Wasi) -> Result<Linked, OutOfMemory> {
    #[allow(unsafe_code)]
    // SAFETY: the functions keep to the contract of `minivm::raw`: they use numbers and the bytes of a memory within one state
    // (1, 3), keep no values, and what they share is locked (6).
    let machine = unsafe { machine.raw() };
    raw_define(machine, wasi)
}

/// As [`define`], for those that hold a raw machine.
///
/// # Errors
/// As for [`define`].
pub fn raw_define(machine: &mut Machine, mut wasi: Wasi) -> Result<Linked, OutOfMemory> {
    wasi.budget = Some(machine.memory_budget());
    let linked = Linked { wasi: Arc::new(Mutex::new(wasi)), threads: Threads::define(machine)? };
    for function in FUNCTIONS {
        let state = linked.clone();
        machine.define(MODULE, function.name, move |call| invoke(&state, function, call))?;
    }
    let (saved, loaded) = (linked.clone(), linked.clone());
    let codec = StateCodec {
        save: Box::new(move |_| saved.state().save()),
        load: Box::new(move |_, bytes| loaded.state().load(bytes)),
    };
    machine.set_state_codec("wasi", codec);
    Ok(linked)
}

/// A machine for tests.
#[cfg(test)]
pub(super) fn test_machine(limits: minivm::raw::Limits) -> Machine {
    #[allow(unsafe_code)]
    // SAFETY: the tests keep no values over safepoints, and use them with the machine they are of.
    unsafe {
        Machine::new(limits)
    }
}

fn invoke(linked: &Linked, function: &Function, call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    let mut slots = [0; PARAMETERS_MAX];
    let slots = &mut slots[..function.parameters.len()];
    for (index, slot) in slots.iter_mut().enumerate() {
        let argument = call.arg(index).as_int();
        *slot = argument.ok_or_else(|| wrong_argument(call, function, index))? as u64;
    }
    let passed = (call.state() == BLOCKED).then(|| call.returned_one().as_int().unwrap_or(0) as u64);
    let bytes = call.memory().map_or(&mut [][..], |memory| memory.bytes_mut());
    // Nothing in a call comes back here, so the state is free.
    let mut wasi = linked.state();
    if passed.is_none()
        && linked.threads.has_others()
        && let Some(Blocking { nanoseconds, descriptors }) = wasi.blocks(function.name, bytes, slots)
    {
        drop(wasi);
        let is_time_only = descriptors.is_empty();
        let waiting = linked.clone();
        let is_ready = move || waiting.state().is_any_ready(&descriptors);
        let is_ready: Option<Box<dyn Fn() -> bool + Send>> = (!is_time_only).then_some(Box::new(is_ready));
        let arguments = call.args();
        call.keep(&arguments)?;
        return call.wait(Box::new(Blocked { nanoseconds, is_ready }), BLOCKED);
    }
    wasi.passed = passed;
    let answer = (function.call)(&mut wasi, bytes, slots);
    wasi.passed = None;
    drop(wasi);
    match answer {
        Ok(_) if function.results.is_empty() => call.return_none(),
        Ok(errno) => call.return_one(Value::int(i64::from(errno.number()))),
        Err(Stop::Exit(code)) => Err(Raise::Exit(code as i32)),
        // As a shell tells of a process that a signal has ended.
        Err(Stop::Raise(signal)) => Err(Raise::Exit(128 + i32::from(signal))),
        Err(Stop::Fault(_)) => Err(Raise::Trap(TrapCode::MemoryBounds)),
    }
}

/// Modules are typed; a program in another language can pass anything.
fn wrong_argument(call: &mut HostCall<'_>, function: &Function, index: usize) -> Raise {
    let found = call.type_name(call.arg(index));
    let message = format!("bad argument #{} to '{}' (integer expected, got {found})", index + 1, function.name);
    call.error(message)
}
