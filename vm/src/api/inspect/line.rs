//! Running to the next source line.

use crate::api::machine::Machine;
use crate::api::run::RunState;
use crate::runtime::frames::{FrameKey, Reader, Standing};
use std::collections::HashMap;

/// A line of a source, of one program. Where lines are not known, every position of an instruction counts as one: so it is with
/// WebAssembly without line tables, where it is an operator.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Line {
    program: usize,
    source: u32,
    line: u32,
    start: u32,
}

impl Line {
    fn of(standing: &Standing<'_>) -> Option<Line> {
        let span = standing.span()?;
        let program = standing.guest.program();
        let start = if span.line > 0 { 0 } else { span.start };
        let program = std::ptr::from_ref(program).addr();
        Some(Line { program, source: span.source.as_u32(), line: span.line, start })
    }
}

/// The frames that were there when a step began, and the lines they were on.
struct Began {
    lines: Vec<Option<Line>>,
    /// Where a frame is in the list.
    order: HashMap<FrameKey, usize>,
    /// The innermost of them that is still there.
    innermost: usize,
}

impl Began {
    fn new(mut reader: Reader<'_>) -> Self {
        let mut began = Began { lines: Vec::new(), order: HashMap::new(), innermost: 0 };
        while let Some((standing, key)) = reader.next_standing() {
            began.order.insert(key, began.lines.len());
            began.lines.push(Line::of(&standing));
        }
        began
    }

    /// Whether another line begins where the run stands now.
    fn another_begins(&mut self, mut reader: Reader<'_>, into: bool) -> bool {
        let Some((standing, key)) = reader.next_standing() else { return false };
        let Some(line) = Line::of(&standing) else { return false };
        match self.order.get(&key) {
            Some(&order) if order >= self.innermost => {
                self.innermost = order;
                self.lines[order] != Some(line)
            }
            // A callee.
            _ => into,
        }
    }
}

impl Machine {
    /// Goes on with a run until another source line begins, in the frame that runs or in one that it returns to; what it
    /// calls is run to its end. A function that is called in the place of the frame counts as that frame.
    ///
    /// It ends with [`RunState::Stepped`] there, and else as [`step`](Self::step) does: after an `OutOfFuel`, the next call
    /// goes on to where another line begins than the one it stopped on. Instructions are done and charged one by one.
    pub fn step_line(&mut self) -> RunState {
        self.step_to_line(false)
    }

    /// As [`step_line`](Self::step_line), but also stops where a line begins in what the frame calls: functions, fibers,
    /// metamethods, whatever language they are in.
    pub fn step_into_line(&mut self) -> RunState {
        self.step_to_line(true)
    }

    fn step_to_line(&mut self, into: bool) -> RunState {
        let mut began = Began::new(Reader::of_run(&self.cx));
        loop {
            match self.step(1) {
                RunState::Stepped if !began.another_begins(Reader::of_run(&self.cx), into) => {}
                end => return end,
            }
        }
    }
}
