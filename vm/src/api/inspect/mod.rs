//! A stopped run, looked at by the host: its frames from the innermost outwards, their places in the source, their variables.
//!
//! Nothing here changes the run: it goes on as if nobody had looked, instruction for instruction. It knows no source
//! language; what it shows of one is what the program's spans and names say.
//!
//! | file | what |
//! |---|---|
//! | `mod` | frames and what they hold, for the host |
//! | `line` | running to the next source line |
//! | `stack::frames` | how frames are read, whichever form their code has |

mod line;

use crate::api::machine::Machine;
use crate::runtime::context::Context;
use crate::runtime::frame_view::Frame;
use crate::runtime::frame_view::VariableValue;
use crate::runtime::frames::Reader;
use crate::value::Value;

/// The frames of a run or of a fiber, from the innermost outwards; read as they are asked for.
pub struct Frames<'m> {
    reader: Reader<'m>,
    /// The frame that a fiber will begin with, which has not.
    first: Option<Frame>,
}

impl<'m> Frames<'m> {
    pub(crate) fn of(reader: Reader<'m>) -> Self {
        Frames { reader, first: None }
    }

    /// The frames of a fiber that does not run.
    pub(crate) fn of_fiber(cx: &'m Context, fiber: Value) -> Self {
        Frames { reader: Reader::of_fiber(cx, fiber), first: crate::runtime::frames::first_of(fiber) }
    }
}

impl Iterator for Frames<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        self.first.take().or_else(|| self.reader.next())
    }

    /// How many there are, without reading what they hold.
    fn count(self) -> usize {
        usize::from(self.first.is_some()) + self.reader.count()
    }
}

impl Machine {
    /// The frames of a run that has stopped and can go on, from the innermost outwards: those of the running fiber, then
    /// those of the fibers that have resumed it. None when there is no such run.
    pub fn frames(&self) -> Frames<'_> {
        Frames::of(Reader::of_run(&self.cx))
    }

    /// The frames of a fiber that does not run, from the innermost outwards: it is suspended, waits for one that it has
    /// resumed, or has failed. None for others, and for values that are no fibers.
    pub fn frames_of(&self, fiber: Value) -> Frames<'_> {
        Frames::of(Reader::of_fiber(&self.cx, fiber))
    }

    /// What a variable holds, for people: as [`describe`](Self::describe), but objects that no program has asked the
    /// identity of are shown without one, as it would be another without the look.
    pub fn show(&self, value: &VariableValue) -> String {
        match *value {
            VariableValue::I32(value) => value.to_string(),
            VariableValue::I64(value) => value.to_string(),
            VariableValue::F32(value) => value.to_string(),
            VariableValue::F64(value) => crate::format::number(Value::float(value)),
            VariableValue::V128(value) => format!("{value:#034x}"),
            VariableValue::Any(value) | VariableValue::Reference(value) => {
                crate::api::machine::described(value, crate::runtime::frames::known_identity(value))
            }
        }
    }
}
