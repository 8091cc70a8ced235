//! Runs a case that mixes languages: a Lua program whose modules are WebAssembly, bytecode and Lua.

use crate::cases::Case;
use crate::outcome::Outcome;
use crate::run_lua::run_prepared;
use minivm::raw::{Failure, Limits, Machine, Value};

/// Runs a case to its end.
///
/// # Errors
/// As for [`run_lua::run`](crate::run_lua::run).
pub fn run(case: &Case) -> Result<Outcome, String> {
    run_with(case, |machine, chunk, arguments| machine.call(chunk, arguments))
}

/// Runs a case to its end in a way of the caller's, as [`run_lua::run_with`](crate::run_lua::run_with) does.
///
/// # Errors
/// As for [`run`].
pub fn run_with(
    case: &Case,
    call: impl FnOnce(&mut Machine, Value, &[Value]) -> Result<Vec<Value>, Failure>,
) -> Result<Outcome, String> {
    run_prepared(case, limits(), minivm_modules::raw::install, call)
}

/// The limits of these cases: some recurse without end to see it end, and a small stack ends it soon.
pub fn limits() -> Limits {
    Limits { stack_words_max: 1 << 19, ..Limits::default() }
}
