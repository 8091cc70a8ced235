//! Counts the steps that passes take, so that tests can see that they are as many as the input is large.
//!
//! Only builds with debug assertions count; elsewhere nothing is left of it. Each thread counts for itself.

#[cfg(debug_assertions)]
use std::cell::Cell;

#[cfg(debug_assertions)]
thread_local! {
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

/// So many more steps were taken.
#[inline(always)]
pub fn count(steps: usize) {
    #[cfg(debug_assertions)]
    TAKEN.with(|taken| taken.set(taken.get() + steps as u64));
    #[cfg(not(debug_assertions))]
    let _ = steps;
}

/// The steps that this thread has taken; 0 where they are not counted.
pub fn taken() -> u64 {
    #[cfg(debug_assertions)]
    return TAKEN.with(Cell::get);
    #[cfg(not(debug_assertions))]
    0
}
