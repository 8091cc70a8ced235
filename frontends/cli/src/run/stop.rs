//! What stops a program from outside: the time that it may take, and signals.
//!
//! The machine asks every now and then whether to stop, and the session then says why it did. A host function that waits, for
//! input say, cannot be asked: a thread looks after those, and ends the process where the machine has not stopped in time.

use crate::arguments::{Saving, Seconds, StopSignal};
use crate::exit::Exit;
use crate::report::{self, Report};
use crate::source::Failure;
use minivm::raw::Machine;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a program that is to stop may be in a host function before the process ends with it.
const GRACE: Duration = Duration::from_millis(250);

/// Why a program was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It has used up its fuel.
    Fuel,
    /// It has used up its time.
    Time(Seconds),
    /// The signal has come at which it is to be saved.
    Signal,
    /// It was interrupted, from the terminal most likely.
    Interrupt,
}

/// What stops one program, and whether it has.
#[derive(Default)]
pub(super) struct Stops {
    deadline: Option<(Instant, Seconds)>,
    signal: Option<Arc<AtomicBool>>,
    interrupt: Option<Arc<AtomicBool>>,
    /// Set where the machine has stopped: what comes then takes its time.
    has_stopped: Arc<AtomicBool>,
}

impl Stops {
    /// Listens from now on; the time counts from now.
    pub(super) fn new(timeout: Option<Seconds>, saving: &Saving) -> Result<Self, Failure> {
        let deadline = timeout.and_then(|seconds| Some((Instant::now().checked_add(seconds.0)?, seconds)));
        let has_stopped = Arc::new(AtomicBool::new(false));
        let signal = match saving.snapshot_on {
            Some(StopSignal::Usr1) => Some(signals::listen(signals::STOP).map_err(|error| cannot_wait(&error))?),
            None => None,
        };
        let interrupt = signals::listen_for_interrupt(&has_stopped).map_err(|error| cannot_wait(&error))?;
        let stops = Stops { deadline, signal, interrupt, has_stopped };
        stops.look_after_time();
        Ok(stops)
    }

    /// Lets a machine ask whether to stop.
    pub(super) fn apply(&self, machine: &mut Machine) {
        let deadline = self.deadline.map(|(deadline, _)| deadline);
        let flags: Vec<Arc<AtomicBool>> = self.signal.iter().chain(&self.interrupt).cloned().collect();
        let has_stopped = self.has_stopped.clone();
        if deadline.is_none() && flags.is_empty() {
            return;
        }
        machine.set_interrupt(move || {
            let is_time = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let stops = is_time || flags.iter().any(|flag| flag.load(Ordering::Relaxed));
            if stops {
                has_stopped.store(true, Ordering::Relaxed);
            }
            stops
        });
    }

    /// Why the machine has stopped.
    pub(super) fn cause(&self) -> Cause {
        let is_set = |flag: &Option<Arc<AtomicBool>>| flag.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
        match self.deadline {
            _ if !self.has_stopped.load(Ordering::Relaxed) => Cause::Fuel,
            _ if is_set(&self.interrupt) => Cause::Interrupt,
            _ if is_set(&self.signal) => Cause::Signal,
            Some((_, seconds)) => Cause::Time(seconds),
            None => Cause::Fuel,
        }
    }

    /// Whether an interrupt has stopped it, which then is over: the next one stops it again.
    pub(super) fn take_interrupt(&self) -> bool {
        if !self.has_stopped.load(Ordering::Relaxed) || self.cause() != Cause::Interrupt {
            return false;
        }
        if let Some(interrupt) = &self.interrupt {
            interrupt.store(false, Ordering::Relaxed);
        }
        self.has_stopped.store(false, Ordering::Relaxed);
        true
    }

    /// Whether it was stopped by something else than fuel.
    pub(super) fn is_stopped(&self) -> bool {
        self.has_stopped.load(Ordering::Relaxed)
    }

    /// Ends the process when the time is over and the machine does not notice, as it waits for something.
    fn look_after_time(&self) {
        let Some((deadline, seconds)) = self.deadline else { return };
        let has_stopped = self.has_stopped.clone();
        std::thread::spawn(move || {
            std::thread::sleep((deadline + GRACE).saturating_duration_since(Instant::now()));
            if !has_stopped.load(Ordering::Relaxed) {
                let message = format!("{} while it waited for something outside", Cause::Time(seconds).message());
                report::print(&[Report::new(message)]);
                std::process::exit(i32::from(Exit::OutOfTime.code()));
            }
        });
    }
}

impl Cause {
    /// What people are told; fuel says how much there was.
    pub(super) fn message(self) -> String {
        match self {
            Cause::Fuel => "the fuel is used up".to_owned(),
            Cause::Time(seconds) => format!("stopped after {} seconds: the time is used up", seconds.0.as_secs_f64()),
            Cause::Signal => "stopped by a signal".to_owned(),
            Cause::Interrupt => "interrupted".to_owned(),
        }
    }
}

fn cannot_wait(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Unsupported, Report::new(format!("cannot wait for a signal: {error}")))
}

/// Dies of an interrupt, so that whoever has started this process knows.
pub(crate) fn die_of_interrupt() {
    signals::die_of_interrupt();
}

#[cfg(unix)]
mod signals {
    use super::GRACE;
    use signal_hook::consts::SIGINT;
    use signal_hook::{flag, low_level};
    use std::io::{self, Read};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// The signal at which a program is saved.
    pub(super) const STOP: i32 = signal_hook::consts::SIGUSR1;

    /// A flag that a signal sets.
    pub(super) fn listen(signal: i32) -> io::Result<Arc<AtomicBool>> {
        let set = Arc::new(AtomicBool::new(false));
        flag::register(signal, set.clone())?;
        Ok(set)
    }

    /// A flag that the first interrupt sets. The second one kills the process, and so does the first if the machine does not
    /// stop soon.
    pub(super) fn listen_for_interrupt(has_stopped: &Arc<AtomicBool>) -> io::Result<Option<Arc<AtomicBool>>> {
        let set = Arc::new(AtomicBool::new(false));
        // In this order: at the first one the flag is not set yet.
        flag::register_conditional_default(SIGINT, set.clone())?;
        flag::register(SIGINT, set.clone())?;
        let (mut comes, tells) = UnixStream::pair()?;
        low_level::pipe::register(SIGINT, tells)?;
        let (has_stopped, is_set) = (has_stopped.clone(), set.clone());
        std::thread::spawn(move || {
            while comes.read_exact(&mut [0]).is_ok() {
                std::thread::sleep(GRACE);
                // A program that has taken the interrupt for an error goes on.
                if !has_stopped.load(Ordering::Relaxed) && is_set.load(Ordering::Relaxed) {
                    die_of_interrupt();
                }
            }
        });
        Ok(Some(set))
    }

    pub(super) fn die_of_interrupt() {
        // Where that does not end the process, its exit code tells.
        let _ = low_level::emulate_default_handler(SIGINT);
    }
}

#[cfg(not(unix))]
mod signals {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    pub(super) const STOP: i32 = 0;

    pub(super) fn listen(_: i32) -> io::Result<Arc<AtomicBool>> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no such signal"))
    }

    /// Interrupts end the process here.
    pub(super) fn listen_for_interrupt(_: &Arc<AtomicBool>) -> io::Result<Option<Arc<AtomicBool>>> {
        Ok(None)
    }

    pub(super) fn die_of_interrupt() {}
}
