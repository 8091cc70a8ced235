//! The thread that compiles.

#![allow(unsafe_code)]

use crate::code_memory::CodePages;
use crate::compiler::Compiler;
use crate::{Options, Unsupported};
use minivm::native::{NativeCode, NativeJob, NativeTier, Refusal};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// Stack of the thread, in bytes.
const STACK_BYTES: usize = 16 << 20;

type Done = (u64, Result<NativeCode, Refusal>);

/// Compiles functions on a thread of its own, which ends with it.
pub struct Tier {
    jobs: Sender<(u64, NativeJob)>,
    done: Receiver<Done>,
    waits: bool,
    open: usize,
}

impl Tier {
    /// A tier for the processor at hand.
    ///
    /// # Errors
    /// When it cannot make code for it, or the system gives no executable memory or no thread.
    pub fn new(options: Options) -> Result<Tier, Unsupported> {
        CodePages::new(&[0]).map_err(|error| Unsupported(format!("it gives no executable memory ({error})")))?;
        let mut compiler = Compiler::new(options)?;
        let (jobs, waiting) = channel::<(u64, NativeJob)>();
        let (finished, done) = channel();
        let builder = thread::Builder::new().name("minivm-jit".to_owned()).stack_size(STACK_BYTES);
        let work = move || {
            for (ticket, job) in waiting {
                if finished.send((ticket, compiler.compile(&job))).is_err() {
                    return;
                }
            }
        };
        builder.spawn(work).map_err(|error| Unsupported(format!("it gives no thread ({error})")))?;
        Ok(Tier { jobs, done, waits: options.waits, open: 0 })
    }
}

// SAFETY: code follows the rules of `minivm::native`; this crate is about nothing else, and its tests compare it with the
// interpreter.
unsafe impl NativeTier for Tier {
    fn start(&mut self, ticket: u64, job: NativeJob) {
        // A thread that is gone answers nothing, and nothing more is compiled.
        if self.jobs.send((ticket, job)).is_ok() {
            self.open += 1;
        }
    }

    fn finished(&mut self) -> Option<Done> {
        if self.open == 0 {
            return None;
        }
        let done = if self.waits { self.done.recv().ok() } else { self.done.try_recv().ok() };
        match done {
            Some(done) => {
                self.open -= 1;
                Some(done)
            }
            None => {
                if self.waits {
                    self.open = 0;
                }
                None
            }
        }
    }
}
