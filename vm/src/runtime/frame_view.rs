//! What a frame of a stopped run looks like to people and tools.

use crate::value::Value;
use std::fmt;

/// What a frame is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// A function with bytecode.
    Guest,
    /// A function of the host, or one that stands for the host.
    Host,
    /// The boundary between dynamically typed code and typed code, with the function that was called over it.
    Boundary,
}

/// A place in a source.
///
/// ```
/// use minivm::Position;
/// let place = |line, column, bytes| Position { file: "game.lua".into(), line, column, bytes };
/// assert_eq!(place(3, Some(7), 40..45).to_string(), "game.lua:3:7");
/// assert_eq!(place(3, None, 40..45).to_string(), "game.lua:3");                // its text is not at hand
/// assert_eq!(place(0, None, 0x9c..0x9c).to_string(), "game.lua:0x9c");         // a byte of a module
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// Name of the source, as the user gave it.
    pub file: String,
    /// Line, from 1; 0 where the source has no lines, as a module without line tables.
    pub line: u32,
    /// Column in bytes, from 1; none where the text does not travel with the program, or the place begins on another line.
    pub column: Option<u32>,
    /// The bytes of the source; an empty range is a byte of the module that the source was compiled to.
    pub bytes: std::ops::Range<u32>,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "{}:{:#x}", self.file, self.bytes.start);
        }
        write!(f, "{}:{}", self.file, self.line)?;
        self.column.map_or(Ok(()), |column| write!(f, ":{column}"))
    }
}

/// What a variable holds. References are good until the run goes on; [`Machine::keep`](crate::raw::Machine::keep) makes them last.
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
    /// Whether the function has captured it from the one around it.
    pub is_captured: bool,
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
    /// Its visible variables: those that it has captured, then its own, in the order of the source.
    pub locals: Vec<Variable>,
    /// The fiber it is on.
    pub fiber: Value,
}
