//! A machine's state for people: stacks with source lines and locals, heap by kind, memories.

use super::SnapshotError;
use crate::context::{Context, Status};
use crate::dispatch::Flow;
use crate::machine::Machine;
use crate::stack::walk::{Level, Walk};
use std::fmt::Write;

impl Machine {
    /// Describes a run that has stopped: its stack with source lines and local variables, heap and memories.
    ///
    /// # Errors
    /// As for [`save`](Self::save): what cannot travel is not counted.
    pub fn describe_state(&mut self) -> Result<String, SnapshotError> {
        let mut text = String::new();
        let census = super::save::save(&mut self.cx, &[], super::save::Code::Shared)?.census;
        let cx = &mut *self.cx;
        let is_run = matches!(cx.status, Status::Running | Status::OutOfFuel | Status::Stepped);
        if is_run {
            text += "stack:\n";
            stack(cx, &mut text);
        } else {
            text += "stack: nothing runs\n";
        }
        let _ = writeln!(text, "heap: {} bytes in use, {} collections", cx.heap.used_bytes(), cx.heap.cycles());
        for (kind, (count, bytes)) in census {
            let _ = writeln!(text, "  {kind}: {count}, {bytes} bytes");
        }
        let _ = writeln!(text, "programs: {}", cx.instances.iter().flatten().count());
        for (number, instance) in cx.instances.iter().flatten().enumerate() {
            for memory in &instance.memories {
                // SAFETY: nothing runs meanwhile.
                let pages = unsafe { (*memory.get()).pages() };
                let _ = writeln!(text, "memory of program {number}: {pages} pages of 64 KiB");
            }
        }
        Ok(text)
    }
}

fn stack(cx: &mut Context, text: &mut String) {
    let at = Flow { pc: cx.pc, regs: cx.regs };
    let mut walk = Walk::new(cx, at, false);
    // SAFETY: the state is that of a run that has stopped, and the stack does not change.
    while let Some((level, _)) = unsafe { walk.next() } {
        if matches!(level, Level::Record { .. } | Level::Border { .. }) {
            continue;
        }
        // SAFETY: the level is one of that stack.
        let info = unsafe { crate::error::level_info(cx, &level, walk.peek()) };
        let place = match (&info.source, info.line) {
            (Some(source), Some(line)) => format!("{source}:{line}"),
            (Some(source), None) => source.clone(),
            _ => "host".to_string(),
        };
        let _ = writeln!(text, "  {place}: {}", info.own_name);
        for (name, value) in info.locals {
            let _ = writeln!(text, "    {name} = {}", cx.describe(value));
        }
    }
}
