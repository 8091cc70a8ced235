//! Runs something on a thread with a small stack, so that recursion on the native stack is found.

use std::panic;
use std::thread;

/// Stack of the thread, in bytes: an eighth of what a main thread has.
pub const STACK_BYTES: usize = 512 << 10;

/// Calls `work` on a thread with a stack of [`STACK_BYTES`].
pub fn with_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, work).expect("a thread can be made");
        thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
    })
}
