//! Gives the functions to a machine's linker; the only file here that knows the machine.

use super::errno::Stop;
use super::functions::{FUNCTIONS, Function, MODULE};
use super::state::{OpenFiles, SavedFiles, Wasi};
use minivm::heap::OutOfMemory;
use minivm::{HostCall, Machine, Outcome, Raise, StateCodec, Value};
use minivm_isa::TrapCode;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// No function has more parameters than this.
const PARAMETERS_MAX: usize = 9;

/// A program's WASI state, shared with the functions of the machine that it runs in.
#[derive(Clone, Debug)]
pub struct Linked(Rc<RefCell<Wasi>>);

impl Linked {
    /// Says what becomes of files that are open when the state is saved.
    pub fn set_open_files(&self, policy: OpenFiles) {
        self.0.borrow_mut().open_files = policy;
    }

    /// Says what becomes of files that are open in a state which is loaded.
    pub fn set_saved_files(&self, policy: SavedFiles) {
        self.0.borrow_mut().saved_files = policy;
    }

    /// Lets out all output that is still held back; to be called when the program has ended.
    ///
    /// # Errors
    /// As for [`Wasi::flush`].
    pub fn flush(&self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

/// Lets programs of the machine import `wasi_snapshot_preview1`. The memory that a call works on is that of the module
/// it comes from.
///
/// # Errors
/// When the machine has no memory for the functions.
pub fn define(machine: &mut Machine, mut wasi: Wasi) -> Result<Linked, OutOfMemory> {
    wasi.budget = Some(machine.memory_budget());
    let linked = Linked(Rc::new(RefCell::new(wasi)));
    for function in FUNCTIONS {
        let state = linked.clone();
        machine.define(MODULE, function.name, move |call| invoke(&state, function, call))?;
    }
    let (saved, loaded) = (linked.clone(), linked.clone());
    let codec = StateCodec {
        save: Box::new(move |_| saved.0.borrow_mut().save()),
        load: Box::new(move |_, bytes| loaded.0.borrow_mut().load(bytes)),
    };
    machine.set_state_codec("wasi", codec);
    Ok(linked)
}

fn invoke(state: &Linked, function: &Function, call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    let mut slots = [0; PARAMETERS_MAX];
    let slots = &mut slots[..function.parameters.len()];
    for (index, slot) in slots.iter_mut().enumerate() {
        let argument = call.arg(index).as_int();
        *slot = argument.ok_or_else(|| wrong_argument(call, function, index))? as u64;
    }
    let bytes = call.memory().map_or(&mut [][..], |memory| memory.bytes_mut());
    // Nothing in a call comes back here, so the state is free.
    let answer = (function.call)(&mut state.0.borrow_mut(), bytes, slots);
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
