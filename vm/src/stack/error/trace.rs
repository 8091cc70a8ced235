//! Positions and tracebacks.

use super::names::call_site_name;
use crate::context::Context;
use crate::dispatch::Flow;
use crate::fiber::{Fiber, FiberState};
use crate::function::{Body, FunctionInfo, GuestFunction};
use crate::loader::frame_map::Place;
use crate::stack::host_services::LevelInfo;
use crate::stack::walk::{Level, Walk};
use crate::value::Value;
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
fn lines(cx: &Context, mut walk: Walk, skip: usize) -> String {
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
        Some(("global", name)) => format!("function '{name}'"),
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

/// A traceback of a fiber that does not run.
pub(crate) fn traceback_of_fiber(cx: &Context, fiber: Value, skip: usize) -> String {
    let Some(cell) = fiber.as_fiber() else { return "stack traceback:".to_string() };
    // SAFETY: the value at hand is reachable.
    let fiber = unsafe { Fiber::of(cell) };
    let shown = match fiber.state {
        FiberState::Suspended => !fiber.pc.is_null(),
        FiberState::Normal => true,
        FiberState::Dead => fiber.failed,
        FiberState::Running => false,
    };
    if !shown {
        return "stack traceback:".to_string();
    }
    let at = Flow { pc: fiber.pc, regs: fiber.saved_regs() };
    lines(cx, Walk::new(cx, at, fiber.state != FiberState::Dead), skip)
}

/// What is known of a function by itself.
pub(crate) fn static_info(info: &FunctionInfo) -> LevelInfo {
    match &info.body {
        Body::Guest(guest) => {
            let function = guest.portable();
            let source = function.spans.first().map(|span| guest.program().sources[span.source].name.clone());
            LevelInfo {
                source,
                own_name: function.name.clone(),
                captures: function.captures.len(),
                params: guest.params as usize,
                variadic: guest.convention == minivm_isa::Convention::Variadic,
                ..LevelInfo::default()
            }
        }
        Body::Host(host) => {
            LevelInfo { own_name: host.name.clone(), is_host: true, variadic: true, ..LevelInfo::default() }
        }
        Body::Bridge(_) => LevelInfo { is_host: true, ..LevelInfo::default() },
    }
}

/// What is known of a level of the stack.
///
/// # Safety
/// The level comes from a walk of the stack as it is.
pub(crate) unsafe fn level_info(cx: &Context, level: &Level, caller: Option<Flow>) -> LevelInfo {
    // SAFETY: the caller vouches for the level.
    unsafe {
        let closure = match level {
            Level::Guest { closure, .. } | Level::Host { closure, .. } => *closure,
            Level::Record { .. } => return LevelInfo::default(),
        };
        let mut info = static_info(&*(*closure).function.cast::<FunctionInfo>());
        info.function = Value::from_function(closure);
        info.name = caller.and_then(|at| call_site_name(cx, at)).map(|(kind, name)| (kind.to_string(), name));
        if let Level::Guest { guest, regs, instruction, calling, plain, .. } = level {
            let place = Place { instruction: *instruction, calling: *calling, plain: *plain };
            let function = guest.portable();
            info.line = function.span_at(*instruction).map(|span| span.line);
            let here = *instruction as u32;
            for local in function.locals.iter().filter(|local| local.start <= here && here < local.end) {
                // Names are the frontend's claim; only what the dataflow knows to be written is read.
                let holds = guest.frame_map.get().is_some_and(|map| map.holds(function, place, local.register));
                if holds && function.registers[local.register] == minivm_isa::Type::Any {
                    let value = crate::dispatch::operands::get_any(*regs, guest.slots().of(local.register) as usize);
                    info.locals.push((local.name.clone(), value));
                }
            }
        }
        info
    }
}
