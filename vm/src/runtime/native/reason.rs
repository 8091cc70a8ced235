//! Why native code leaves.

/// No fuel.
pub const REASON_FUEL: u64 = 1;
/// No room on a stack: the callee, whose frame is complete, is to be entered again.
pub const REASON_ROOM: u64 = 2;
/// What only the interpreter does: traps, slow cases.
pub const REASON_CHECK: u64 = 3;
/// An instruction that is not compiled.
pub const REASON_INSTRUCTION: u64 = 4;
/// A callee without native code.
pub const REASON_CALLEE: u64 = 5;
/// A test asked for it.
pub const REASON_FORCED: u64 = 6;
/// The interpreter has done an instruction, and has not come to the next one.
pub const REASON_STEPPED: u64 = 7;
/// A guard: a value is of another kind than those that were seen.
pub const REASON_GUARD: u64 = 8;
/// One more than the largest.
pub const REASONS: usize = 9;
