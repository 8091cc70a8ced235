//! What a run fails with.

use crate::value::Value;
use minivm_isa::TrapCode;

/// Why a run failed.
#[derive(Clone, Debug)]
pub enum Failure {
    /// An error nobody caught.
    Error {
        /// The error value.
        value: Value,
        /// The trap behind it, unless the program raised it itself.
        trap: Option<TrapCode>,
        /// The stack where it happened, in PUC Lua's form.
        trace: String,
    },
    /// The program ended itself.
    Exit(i32),
}
