//! What the runtime needs of the layers above it, as data: the compiler, the interpreter's loop and the handlers of its own places.

use crate::runtime::context::Context;
use crate::runtime::function::{FunctionInfo, GuestFunction};
use crate::threaded::Code;
use crate::threaded::return_stubs::StubHandlers;
use std::fmt;

/// Why a verified function cannot be loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CompileError {
    /// There is no memory for its constants.
    OutOfMemory,
    /// An instruction this machine does not have.
    Unsupported(&'static str),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::OutOfMemory => f.write_str("not enough memory"),
            CompileError::Unsupported(name) => write!(f, "instruction '{name}' is not supported by this machine"),
        }
    }
}

/// How functions get their code and how it runs. `compile` gives it when a machine is made.
pub(crate) struct Engine {
    /// The handlers of the machine's own places.
    pub(crate) stubs: fn() -> StubHandlers,
    /// Makes sure that a function has code.
    pub(crate) compile: fn(&mut Context, &FunctionInfo, &GuestFunction) -> Result<(), CompileError>,
    /// Makes code of one threaded instruction for each canonical one, for a function that has code.
    pub(crate) compile_baseline: fn(&Context, &FunctionInfo, &GuestFunction) -> Code,
    /// Runs from the context's saved state until something sets another status; as [`run`](crate::handlers::run).
    pub(crate) run: unsafe fn(*mut Context),
}

impl Context {
    /// The baseline code of a function that has optimised code.
    pub(crate) fn baseline_code<'a>(&self, info: &FunctionInfo, guest: &'a GuestFunction) -> &'a Code {
        guest.derived().baseline.get_or_init(|| (self.engine.compile_baseline)(self, info, guest))
    }
}
