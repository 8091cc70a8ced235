//! Compiling hot functions to machine code, where that works.

use super::Session;
use crate::arguments::{Jit, Run};
use crate::exit::Exit;
use crate::source::Failure;
use minivm::raw::Machine;
use minivm::raw::native::{NativeTier, layout};

/// What people want to know of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// What was compiled, and why it was left.
    pub(super) log: bool,
    /// Names for `perf`.
    pub(super) perf_map: bool,
}

impl Wanted {
    pub(super) fn of(options: &Run) -> Self {
        Wanted { log: options.jit_log, perf_map: options.perf_map }
    }
}

/// Has the functions of a session compiled as it was asked for.
pub(super) fn install(session: &mut Session, when: Jit, wanted: Wanted) -> Result<(), Failure> {
    if when == Jit::Off {
        return Ok(());
    }
    match tier(when == Jit::Always, wanted.perf_map) {
        Ok(tier) => {
            let (always, any) = (when == Jit::Always, when != Jit::Typed);
            let policy = minivm::raw::native::NativePolicy { always, any, logs: wanted.log, ..Default::default() };
            session.machine.set_native_tier(Some(tier), policy);
            Ok(())
        }
        // The interpreter does the same.
        Err(_) if matches!(when, Jit::Auto | Jit::Typed) => Ok(()),
        Err(error) => Err(Failure::new(Exit::Unsupported, session.report(error).help("run it with `--jit auto`"))),
    }
}

#[cfg(all(feature = "jit", target_arch = "x86_64", target_os = "linux"))]
fn tier(waits: bool, perf_map: bool) -> Result<Box<dyn NativeTier>, String> {
    match minivm_jit::Tier::new(minivm_jit::Options { waits, forces_exits: false, perf_map }) {
        Ok(tier) => Ok(Box::new(tier)),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(not(all(feature = "jit", target_arch = "x86_64", target_os = "linux")))]
fn tier(_: bool, _: bool) -> Result<Box<dyn NativeTier>, String> {
    Err("this build compiles nothing to machine code: that needs x86-64 Linux and the feature `jit`".to_owned())
}

/// Tells what was compiled.
pub(super) fn tell(machine: &Machine) {
    let figures = machine.native_figures();
    let milliseconds = |nanoseconds: u64| nanoseconds as f64 / 1e6;
    anstream::eprintln!(
        "native code: {} compiled in {:.1} ms (longest {:.1} ms), {} bytes; {} refused, {} for native callers only",
        figures.compiled,
        milliseconds(figures.nanoseconds),
        milliseconds(figures.nanoseconds_max),
        figures.bytes,
        figures.refused,
        figures.detached,
    );
    let left = |reason: u64| figures.exits[reason as usize];
    anstream::eprintln!(
        "entered {} times; left for fuel {}, room {}, checks {}, guards {}, instructions {}, callees {}; {} instructions stepped",
        figures.entries,
        left(layout::REASON_FUEL),
        left(layout::REASON_ROOM),
        left(layout::REASON_CHECK),
        left(layout::REASON_GUARD),
        left(layout::REASON_INSTRUCTION) + left(layout::REASON_STEPPED),
        left(layout::REASON_CALLEE),
        figures.steps,
    );
}

/// Tells what was compiled when, what was not, and where native code was left how often.
pub(super) fn tell_all(machine: &Machine) {
    let log = machine.native_log();
    for event in &log.events {
        anstream::eprintln!("jit: {event}");
    }
    let mut exits: Vec<_> = log.exits.iter().collect();
    exits.sort_by_key(|&(exit, &count)| (std::cmp::Reverse(count), exit));
    for (exit, count) in exits {
        anstream::eprintln!("jit: {exit}, {count} times");
    }
}
