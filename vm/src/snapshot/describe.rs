//! A machine's state for people: stacks with source lines and locals, heap by kind, memories.

use super::SnapshotError;
use crate::inspect::{FrameKind, VariableValue};
use crate::machine::Machine;
use std::fmt::Write;

impl Machine {
    /// Describes a run that has stopped: its stack with source lines and local variables, heap and memories.
    ///
    /// # Errors
    /// As for [`save`](Self::save): what cannot travel is not counted.
    pub fn describe_state(&mut self) -> Result<String, SnapshotError> {
        let mut text = String::new();
        let census = super::save::save(&mut self.cx, &[], None)?.census;
        if self.is_stopped() {
            if let Some(error) = self.uncaught_error() {
                let _ = writeln!(text, "uncaught error: {}", self.show(&VariableValue::Any(error)));
            }
            text += "stack:\n";
            stack(self, &mut text);
        } else {
            text += "stack: nothing runs\n";
        }
        let cx = &*self.cx;
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

/// The frames of the run, with what their variables hold.
fn stack(machine: &Machine, text: &mut String) {
    for frame in machine.frames().filter(|frame| frame.kind != FrameKind::Border) {
        let place = frame.position.map_or("host".to_string(), |position| position.to_string());
        let _ = writeln!(text, "  {place}: {}", frame.name);
        for variable in &frame.locals {
            let _ = writeln!(text, "    {} = {}", variable.name, machine.show(&variable.value));
        }
    }
}
