//! What can go wrong when a program is built.

use minivm_isa::Rejection;
use minivm_isa::entities::{Block, Func};
use minivm_isa::limits::FRAME_WORDS_MAX;
use std::fmt;

/// Why a function or program cannot be built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BuildError {
    /// The registers of a function take more than 65,535 frame words.
    FrameTooLarge {
        /// Name of the function.
        function: String,
        /// Words it would take.
        words: u64,
    },
    /// A block was switched to, but nothing was put into it.
    EmptyBlock {
        /// Name of the function.
        function: String,
        /// The block, by the number that [`FunctionBuilder::block`](crate::FunctionBuilder::block) gave it.
        block: Block,
    },
    /// A function takes more memory to build than it was [given room](crate::FunctionBuilder::set_room) for.
    OutOfMemory,
    /// Functions were declared but never defined.
    Undefined {
        /// Their numbers, each with the name under which it is exported, if it is.
        functions: Vec<(Func, Option<String>)>,
    },
    /// The verifier refuses the program.
    Rejected(Vec<Rejection>),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::FrameTooLarge { function, words } => {
                write!(f, "function '{function}' needs {words} frame words, more than {FRAME_WORDS_MAX}")
            }
            BuildError::EmptyBlock { function, block } => {
                write!(f, "{block} of function '{function}' has no instructions")
            }
            BuildError::OutOfMemory => f.write_str("not enough memory"),
            BuildError::Undefined { functions } => {
                f.write_str("declared but not defined:")?;
                for (index, (function, name)) in functions.iter().enumerate() {
                    write!(f, "{} {function}", if index == 0 { "" } else { "," })?;
                    if let Some(name) = name {
                        write!(f, " '{}'", name.escape_debug())?;
                    }
                }
                Ok(())
            }
            BuildError::Rejected(rejections) => {
                for (index, rejection) in rejections.iter().enumerate() {
                    write!(f, "{}{rejection}", if index == 0 { "" } else { "\n" })?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for BuildError {}
