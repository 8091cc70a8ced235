//! The thread that compiles.

#![allow(unsafe_code)]

use crate::code_memory::CodePages;
use crate::compiler::Compiler;
use crate::{Options, Unsupported};
use minivm::raw::native::{NativeCode, NativeJob, NativeTier, Refusal};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// Stack of the thread, in bytes.
const STACK_BYTES: usize = 16 << 20;

type Done = (u64, Result<NativeCode, Refusal>);

/// Compiles functions on a thread of its own, which begins with the first function and ends with the tier.
pub struct Tier {
    options: Options,
    worker: Option<Worker>,
    /// Jobs that are not done.
    open: usize,
}

/// The thread, as the tier sees it.
struct Worker {
    jobs: Sender<(u64, NativeJob)>,
    done: Receiver<Done>,
}

impl Tier {
    /// A tier for the processor at hand.
    ///
    /// # Errors
    /// When it cannot make code for it, or the system gives no executable memory.
    pub fn new(options: Options) -> Result<Tier, Unsupported> {
        crate::compiler::check_processor()?;
        CodePages::new(&[0]).map_err(|error| Unsupported(format!("it gives no executable memory ({error})")))?;
        Ok(Tier { options, worker: None, open: 0 })
    }

    fn worker(&mut self) -> Option<&Worker> {
        if self.worker.is_none() {
            self.worker = Worker::start(self.options);
        }
        self.worker.as_ref()
    }
}

impl Worker {
    fn start(options: Options) -> Option<Worker> {
        let (jobs, waiting) = channel::<(u64, NativeJob)>();
        let (finished, done) = channel();
        let work = move || {
            let mut compiler = Compiler::new(options);
            let mut open = Vec::new();
            while let Some((ticket, job)) = next(&waiting, &mut open) {
                let result = match &mut compiler {
                    Ok(compiler) => compiler.compile(&job),
                    Err(error) => Err(Refusal::Failed(error.to_string())),
                };
                if finished.send((ticket, result)).is_err() {
                    return;
                }
            }
        };
        let builder = thread::Builder::new().name("minivm-jit".to_owned()).stack_size(STACK_BYTES);
        builder.spawn(work).ok().map(|_| Worker { jobs, done })
    }
}

/// The shortest of the functions that wait, as others wait for less time then; none when the tier has ended.
fn next(waiting: &Receiver<(u64, NativeJob)>, open: &mut Vec<(u64, NativeJob)>) -> Option<(u64, NativeJob)> {
    if open.is_empty() {
        open.push(waiting.recv().ok()?);
    }
    open.extend(waiting.try_iter());
    let shortest = open.iter().enumerate().min_by_key(|(_, (ticket, job))| (job.function.code.len(), *ticket));
    let (index, _) = shortest?;
    Some(open.swap_remove(index))
}

// SAFETY: code follows the rules of `minivm::raw::native`; this crate is about nothing else, and its tests compare it with the
// interpreter.
unsafe impl NativeTier for Tier {
    fn start(&mut self, ticket: u64, job: NativeJob) {
        // Without a thread nothing is compiled.
        if self.worker().is_some_and(|worker| worker.jobs.send((ticket, job)).is_ok()) {
            self.open += 1;
        }
    }

    fn finished(&mut self) -> Option<Done> {
        let worker = self.worker.as_ref().filter(|_| self.open > 0)?;
        let done = if self.options.waits {
            Some(worker.done.recv().expect("the thread that compiles ends with its tier"))
        } else {
            worker.done.try_recv().ok()
        };
        self.open -= usize::from(done.is_some());
        done
    }
}
