//! Positions and tracebacks.

use super::names::call_site_name;
use crate::context::Context;
use crate::dispatch::Flow;
use crate::function::GuestFunction;
use crate::stack::walk::{Level, Walk};
use std::fmt::Write;

/// Levels that a traceback shows at each end before it leaves some out.
const LEVELS_FIRST: usize = 10;
const LEVELS_LAST: usize = 11;

/// `source:line:` and a space for an instruction, or nothing.
fn position(guest: &GuestFunction, instruction: usize) -> String {
    match guest.portable().span_at(instruction) {
        Some(span) => format!("{}:{}: ", guest.program().sources[span.source].name, span.line),
        None => String::new(),
    }
}

/// `source:line:` and a space when `at` is in guest code, or nothing.
pub(crate) fn position_at(cx: &Context, at: Flow) -> String {
    if at.pc == cx.record_return() || at.pc.is_null() {
        return String::new();
    }
    // SAFETY: `at` is the state of the running frame.
    match unsafe { Walk::new(cx, at, false).next() } {
        Some((Level::Guest { guest, instruction, .. }, _)) => position(guest, instruction),
        _ => String::new(),
    }
}

/// The position of the function `level` calls above the host function whose values start at `at.regs`.
pub(crate) fn position_of_caller(cx: &Context, base: crate::dispatch::Regs, level: usize) -> String {
    let mut found = 0;
    let mut walk = Walk::from_host(cx, base);
    // SAFETY: the walk starts at the running host function.
    while let Some((next, _)) = unsafe { walk.next() } {
        match next {
            Level::Guest { guest, instruction, .. } => {
                found += 1;
                if found == level {
                    return position(guest, instruction);
                }
            }
            Level::Host { .. } => {
                found += 1;
                if found == level {
                    return String::new();
                }
            }
            Level::Record { .. } => {}
        }
    }
    String::new()
}

/// A traceback in PUC Lua's form, from the state `at` down.
pub(crate) fn traceback(cx: &Context, at: Flow, calling: bool) -> String {
    lines(cx, Walk::new(cx, at, calling), 0)
}

/// A traceback of what is below a host function, leaving out its first `skip` levels.
pub(crate) fn traceback_of_caller(cx: &Context, base: crate::dispatch::Regs, skip: usize) -> String {
    lines(cx, Walk::from_host(cx, base), skip)
}

/// The lines of a walk.
pub(crate) fn lines(cx: &Context, mut walk: Walk, skip: usize) -> String {
    let mut levels = Vec::new();
    // SAFETY: the walk starts at a live state.
    while let Some((level, _)) = unsafe { walk.next() } {
        let below = walk.peek();
        let line = match level {
            Level::Guest { guest, instruction, .. } => {
                let position = position(guest, instruction);
                let position = position.strip_suffix(' ').unwrap_or("?:");
                format!("{position} in {}", guest_name(cx, guest, below))
            }
            Level::Host { host, .. } => format!("[C]: in {}", host_name(cx, host, below)),
            Level::Record { .. } => continue,
        };
        levels.push(line);
    }
    let mut text = String::from("stack traceback:");
    let levels = &levels[skip.min(levels.len())..];
    let hidden = levels.len().saturating_sub(LEVELS_FIRST + LEVELS_LAST);
    for (index, line) in levels.iter().enumerate() {
        if hidden > 0 && index == LEVELS_FIRST {
            let _ = write!(text, "\n\t...\t(skipping {hidden} levels)");
        }
        if hidden == 0 || index < LEVELS_FIRST || index >= LEVELS_FIRST + hidden {
            let _ = write!(text, "\n\t{line}");
        }
    }
    text
}

fn guest_name(cx: &Context, guest: &GuestFunction, caller: Option<Flow>) -> String {
    let own = &guest.portable().name;
    if own == "main chunk" {
        return own.clone();
    }
    match caller.and_then(|at| call_site_name(cx, at)) {
        Some((kind, name)) if kind == "global" => format!("function '{name}'"),
        Some((kind, name)) => format!("{kind} '{name}'"),
        None if own.starts_with("function <") => own.clone(),
        None => format!("function '{own}'"),
    }
}

fn host_name(cx: &Context, host: &crate::function::HostFunction, caller: Option<Flow>) -> String {
    if !host.name.is_empty() {
        return format!("function '{}'", host.name);
    }
    match caller.and_then(|at| call_site_name(cx, at)) {
        Some((kind, name)) => format!("{kind} '{name}'"),
        None => "?".to_string(),
    }
}
