//! What the work of library functions costs, and how much of it one state of a function does.
//!
//! A call costs an instruction; work beyond what fits into one is paid for in units as [`HostCall::charge`] defines them, before
//! anything of it can be seen. The charge depends on the arguments and on what they refer to, never on how a run is cut into
//! slices. Longer work is a loop of states: each does a part of fixed size, keeps where it has got to, and goes on.
//!
//! | functions | units |
//! |---|---|
//! | `rep` `reverse` `lower` `upper` `sub`, and wherever a string is made | bytes of the result past the first 4,096 / 64 |
//! | `byte` `char` `utf8.char` `utf8.codepoint` | values / 16 |
//! | `find` `match` `gmatch` `gsub` with a pattern | (steps - 64) / 4, bytes of a pattern of more than 64 / 4, the result as above |
//! | – steps | 1 for each node of the pattern visited, 1 for each 4 bytes looked at one by one, 1 for each 16 searched for a byte |
//! | `find` plain | bytes searched / 64 |
//! | `gsub` | besides: a step for each 4 bytes of its replacement text read |
//! | `format` | 8 for each directive past the eighth, bytes of literals as above, bytes of `%q` / 16 |
//! | `pack` `unpack` `packsize` | options / 4, bytes of the result or of what is taken out / 64 |
//! | `utf8.len` `utf8.offset` `utf8.codes` | bytes looked at / 16 |
//! | `tonumber`, and numerals as arguments | bytes / 16 |
//! | `table.insert` `remove` `move` | elements moved / 4 |
//! | `table.concat` `unpack` `pack`, `select` | elements / 16, and of the result as above |
//! | `table.sort` | elements / 16, elements of each long partition / 4, comparisons of short ones / 4; an order function is guest code |
//! | `next`, `pairs` | slots without an entry that are passed over / 16 |
//! | `rawequal`, `rawget`, `rawset` | bytes of strings compared or hashed past the first 4,096 / 64 |
//! | `load` `loadfile` `dofile` `require` | bytes of the source × [`COMPILE_UNITS_PER_BYTE`] |
//! | `collectgarbage` | bytes in use / 64; of a step, the bytes that it counts for / 16 |
//! | `io` | bytes read or written past the first 4,096 / 64 |
//! | `os.date` | as `format` |
//! | `error` `assert` `warn` `tostring` | bytes of the text as above |
//! | everything else | nothing |

use minivm::raw::FAST_PATH_BYTES_MAX;
use minivm::raw::{HostCall, Raise};

/// Bytes that one state copies or writes at most.
pub(super) const WINDOW_BYTES: usize = 1 << 19;
/// Values that one state copies, or elements that it moves, at most.
pub(super) const VALUES_MAX: usize = 1 << 14;
/// Steps of a pattern matcher, or of a reader of formats, that one state does at most.
pub(super) const STEPS_MAX: u64 = 1 << 14;
/// Steps that cost nothing.
const STEPS_FREE: u64 = 64;
/// Bytes that one state looks at one by one at most.
pub(super) const LOOKS_MAX: usize = 1 << 17;
/// What compiling costs, for each byte of the source.
pub(super) const COMPILE_UNITS_PER_BYTE: u64 = 16;

/// Values that one state may add to so many that it keeps: more where there are many, as each state has a toll for all of them.
pub(super) fn values_max(kept: usize) -> usize {
    VALUES_MAX.max(kept / 4)
}

/// Units for steps of a matcher; the first few of a state cost nothing.
#[inline]
pub(super) fn step_units(steps: u64) -> u64 {
    steps.saturating_sub(STEPS_FREE) / 4
}

/// Units for copying, comparing or hashing bytes, as [`HostCall::charge_bytes`] charges them.
#[inline]
pub(super) fn byte_units(bytes: usize) -> u64 {
    bytes.saturating_sub(FAST_PATH_BYTES_MAX) as u64 / 64
}

/// Charges by kind of work.
pub(super) trait Work {
    /// For copying values, or reading elements in order.
    fn charge_values(&mut self, count: usize) -> Result<(), Raise>;
    /// For elements that are read or written one by one.
    fn charge_elements(&mut self, count: usize) -> Result<(), Raise>;
    /// For bytes that are looked at one by one.
    fn charge_looks(&mut self, bytes: usize) -> Result<(), Raise>;
    /// For steps of a matcher; the first few of a state cost nothing.
    fn charge_steps(&mut self, steps: u64) -> Result<(), Raise>;
}

impl Work for HostCall<'_> {
    #[inline]
    fn charge_values(&mut self, count: usize) -> Result<(), Raise> {
        if count < 16 { Ok(()) } else { self.charge(count as u64 / 16) }
    }

    #[inline]
    fn charge_elements(&mut self, count: usize) -> Result<(), Raise> {
        if count < 4 { Ok(()) } else { self.charge(count as u64 / 4) }
    }

    #[inline]
    fn charge_looks(&mut self, bytes: usize) -> Result<(), Raise> {
        if bytes < 16 { Ok(()) } else { self.charge(bytes as u64 / 16) }
    }

    #[inline]
    fn charge_steps(&mut self, steps: u64) -> Result<(), Raise> {
        if steps < STEPS_FREE + 4 { Ok(()) } else { self.charge(step_units(steps)) }
    }
}
