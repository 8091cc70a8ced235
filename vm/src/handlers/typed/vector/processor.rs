//! Handlers for what the processor at hand can do with vectors: those of today have instructions that those which the crate is
//! compiled for need not have.

use crate::handlers::typed::statement::Statement;
#[cfg(target_arch = "x86_64")]
use crate::handlers::typed::statement::execute_statement;
#[cfg(not(target_arch = "x86_64"))]
use crate::handlers::typed::statement::statement as plain;
use crate::runtime::context::Handler;
#[cfg(target_arch = "x86_64")]
use crate::threaded::operands::Cursor;

/// Whether the handlers of [`statement`] have an instruction that picks bytes of a vector by number.
pub(crate) const PICKS_BYTES: bool = cfg!(target_arch = "x86_64");

/// The handler of a statement on vectors, if the processor can do it; if not, one that is not for vectors does the same.
pub(crate) fn statement<S: Statement>() -> Option<Handler> {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("sse4.2").then_some(with_sse::<S>)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        Some(plain::<S>)
    }
}

#[cfg(target_arch = "x86_64")]
handler! {
    /// As [`statement`](crate::handlers::typed::statement::statement), with all instructions of SSE.
    #[target_feature(enable = "sse4.2")]
    fn with_sse<S: Statement>(pc, regs, cx, facc) {
        execute_statement!(S, pc, regs, cx, facc)
    }
}
