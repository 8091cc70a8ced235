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

use crate::context::Context;
use crate::machine::Machine;
use crate::stack::frames::Reader;
use crate::value::Value;
use std::fmt;

/// What a frame is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// A function with bytecode.
    Guest,
    /// A function of the host, or one that stands for the host.
    Host,
    /// The border between dynamically typed code and typed code, with the function that was called over it.
    Border,
}

/// A place in a source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// Name of the source, as the user gave it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1; none where the text does not travel with the program, or the place begins on another line.
    pub column: Option<u32>,
    /// The bytes of the source.
    pub bytes: std::ops::Range<u32>,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        self.column.map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

/// What a variable holds. References are good until the run goes on; [`Machine::keep`] makes them last.
#[derive(Clone, Copy, Debug)]
pub enum VariableValue {
    /// Any value.
    Any(Value),
    /// An `i32`.
    I32(i32),
    /// An `i64`.
    I64(i64),
    /// An `f32`.
    F32(f32),
    /// An `f64`.
    F64(f64),
    /// A `v128`, whose first byte is the lowest.
    V128(u128),
    /// A reference to a record or an array, nil for null.
    Reference(Value),
}

/// A named local variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The name in the source.
    pub name: String,
    /// What it holds.
    pub value: VariableValue,
}

/// A frame of a stopped run.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What it is of.
    pub kind: FrameKind,
    /// The function.
    pub function: Value,
    /// The function's own name.
    pub name: String,
    /// The canonical instruction it is at: the next one in the innermost frame, in others the call that they wait for. None
    /// in functions without bytecode.
    pub instruction: Option<usize>,
    /// Where that is in the source, if the program says.
    pub position: Option<Position>,
    /// Its visible variables, in the order of the source.
    pub locals: Vec<Variable>,
    /// The fiber it is on.
    pub fiber: Value,
}

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
        Frames { reader: Reader::of_fiber(cx, fiber), first: crate::stack::frames::first_of(fiber) }
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
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut builder = minivm_builder::ProgramBuilder::new();
    /// # let mut f = builder.function("twice", minivm_isa::Signature::dynamic(1, false));
    /// # let doubled = f.add(f.param(0), f.param(0));
    /// # f.return_values(&[doubled.into()]);
    /// # let twice = builder.add(f)?;
    /// # builder.export_function("twice", twice);
    /// # let mut machine = minivm::Machine::new(minivm::Limits::default());
    /// # let instance = machine.instantiate(builder.finish()?)?;
    /// # let twice = machine.exported_function(instance, "twice").ok_or("it is exported")?;
    /// machine.prepare(twice, &[minivm::Value::int(21)]);
    /// machine.step(1);
    /// let frame = machine.frames().next().ok_or("it runs")?;
    /// assert_eq!((frame.name.as_str(), frame.instruction), ("twice", Some(1)));
    /// # Ok(())
    /// # }
    /// ```
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
                crate::machine::described(value, crate::stack::frames::known_identity(value))
            }
        }
    }
}
