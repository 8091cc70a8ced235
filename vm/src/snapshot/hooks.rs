//! The hooks of fibers, and continuations of hooks, as bytes and back.

use super::load::Loading;
use crate::bytes::{Reader, SnapshotError, Writer};
use crate::heap::transfer::{HeapLoader, HeapSaver};
use crate::runtime::fiber::Fiber;
use crate::runtime::hook::{Entered, Hook, HookEvents, Last, SUSPENDED};
use crate::runtime::walk::Level;
use crate::threaded::operands::words_between;

/// Writes the hook of a fiber, if it has one, without what depends on the stack.
pub(super) fn write_hook(fiber: &Fiber, heap: &mut HeapSaver, out: &mut Writer) {
    let Some(hook) = &fiber.hook else { return out.flag(false) };
    out.flag(true);
    heap.value(hook.function, out);
    let HookEvents { calls, returns, lines, count } = hook.events;
    out.byte(u8::from(calls) | u8::from(returns) << 1 | u8::from(lines) << 2);
    out.number(u64::from(count));
    out.number(u64::from(hook.left));
    out.byte(hook.entered as u8);
    out.byte(hook.reported);
    let (kind, instruction) = match hook.last {
        Last::Unknown => (0, 0),
        Last::Entered(_) => (1, 0),
        Last::Done(_, instruction) => (2, instruction),
    };
    out.byte(kind);
    out.count(instruction);
}

/// The number of the level of a stack at a height, from 1; 0 if there is none.
fn level_at(fiber: &Fiber, levels: &[Level<'_>], wanted: usize) -> u64 {
    let is_it = |level: &Level<'_>| match level {
        Level::Guest { regs, .. } => words_between(fiber.stack.start(), *regs) == wanted,
        Level::Host { continuation, .. } | Level::Continuation { continuation } => {
            words_between(fiber.stack.start(), *continuation) == wanted
        }
        Level::Boundary { .. } => false,
    };
    levels.iter().position(is_it).map_or(0, |index| index as u64 + 1)
}

/// Writes the levels of a stack that the hook of its fiber knows.
pub(super) fn write_hook_levels(fiber: &Fiber, levels: &[Level<'_>], out: &mut Writer) {
    let Some(hook) = &fiber.hook else { return };
    out.number(hook.running_at.map_or(0, |height| level_at(fiber, levels, height)));
    out.number(match hook.last {
        Last::Unknown => 0,
        Last::Entered(height) | Last::Done(height, _) => level_at(fiber, levels, height),
    });
}

/// Sets what [`write_hook_levels`] has written, with the heights of the levels.
pub(super) fn set_hook_levels(hook: &mut Hook, levels: [Option<usize>; 2]) {
    let [running_at, last] = levels;
    hook.running_at = running_at;
    // The frame may be gone; no frame is so high.
    let height = last.unwrap_or(usize::MAX);
    hook.last = match hook.last {
        Last::Entered(_) => Last::Entered(height),
        Last::Done(_, instruction) => Last::Done(height, instruction),
        Last::Unknown => Last::Unknown,
    };
}

impl Loading<'_> {
    /// Reads the hook of a fiber, if it has one.
    pub(super) fn hook(
        &mut self,
        cells: &HeapLoader,
        from: &mut Reader<'_>,
    ) -> Result<Option<Box<Hook>>, SnapshotError> {
        if !from.flag()? {
            return Ok(None);
        }
        let function = cells.value(from)?;
        let events = from.byte()?;
        let [calls, returns, lines] = [0, 1, 2].map(|bit| events >> bit & 1 != 0);
        let count = from.u32()?;
        let mut hook = Hook::new(function, HookEvents { calls, returns, lines, count }, &self.cx.hooks.count);
        hook.left = from.u32()?.min(count);
        hook.entered = match from.byte()? {
            0 => Entered::Not,
            1 => Entered::Called,
            2 => Entered::TailCalled,
            _ => return Err(from.damaged("unknown way into a function")),
        };
        hook.reported = from.byte()?;
        let (last, instruction) = (from.byte()?, from.size()?);
        hook.last = match last {
            0 => Last::Unknown,
            1 => Last::Entered(usize::MAX),
            2 => Last::Done(usize::MAX, instruction),
            _ => return Err(from.damaged("unknown last event of a hook")),
        };
        Ok(Some(hook))
    }
}

/// Reads which event was reported to a hook.
pub(super) fn hook_event(from: &mut Reader<'_>) -> Result<u64, SnapshotError> {
    let event = from.number()?;
    if event > SUSPENDED { Err(from.damaged("unknown event of a hook")) } else { Ok(event) }
}
