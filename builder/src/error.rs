//! What can go wrong when a program is built.

use minivm_isa::Rejection;
use minivm_isa::entities::Func;
use minivm_isa::limits::FRAME_WORDS_MAX;
use minivm_isa::verify::Place;
use std::fmt;

/// Why a function or program cannot be built.
///
/// ```
/// # use minivm_builder::{BuildError, ProgramBuilder, Signature, Type};
/// let mut program = ProgramBuilder::new();
/// let mut f = program.function("f", Signature::typed(&[Type::I32], &[]));
/// f.i64_add(f.param(0), 1);
/// f.return_values((2,));
/// let function = program.add(f)?;
/// let Err(BuildError::Rejected(mistakes)) = program.finish() else { panic!("it is wrong") };
/// assert_eq!(mistakes.len(), 2);                  // all of them, each with its place
/// assert_eq!(mistakes[0].place.function, Some(function));
/// # Ok::<(), BuildError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum BuildError {
    /// The registers of a function take more than 60,000 frame words.
    FrameTooLarge {
        /// Name of the function.
        function: String,
        /// Words it would take.
        words: u64,
    },
    /// A function takes more memory to build than it was [given room](crate::FunctionBuilder::set_room) for.
    OutOfMemory,
    /// Functions were declared but never defined.
    Undefined {
        /// Their numbers, each with the name that it was declared with or is exported under, if it has one.
        functions: Vec<(Func, Option<String>)>,
    },
    /// Methods were used wrongly, all of them.
    Misused(Vec<Mistake>),
    /// A function that has its code already was defined.
    DefinedTwice {
        /// Name of the second one.
        function: String,
        /// Its number.
        number: Func,
    },
    /// A function was defined that was never declared, or is imported.
    NotDeclared {
        /// Name of the function.
        function: String,
        /// Its number.
        number: Func,
    },
    /// A function was declared with another signature than it is defined with.
    OtherSignature {
        /// Name of the function.
        function: String,
        /// Its number.
        number: Func,
        /// The signature that it was declared with.
        declared: String,
        /// The signature that it has.
        found: String,
    },
    /// The verifier refuses the program. Blocks have the numbers that [`FunctionBuilder::block`](crate::FunctionBuilder::block)
    /// gave them.
    Rejected(Vec<Rejection>),
}

/// As `Display`, so that a `main` that returns it says what is wrong.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::FrameTooLarge { function, words } => {
                write!(f, "function '{function}' needs {words} frame words, more than {FRAME_WORDS_MAX}")
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
            BuildError::Misused(mistakes) => lines(f, mistakes),
            BuildError::DefinedTwice { function, number } => {
                write!(f, "{number} '{}' is defined twice", function.escape_debug())
            }
            BuildError::NotDeclared { function, number } => {
                write!(f, "{number}, which '{}' is to define, was not declared", function.escape_debug())
            }
            BuildError::OtherSignature { function, number, declared, found } => {
                let function = function.escape_debug();
                write!(f, "{number} '{function}': expected the signature {declared} that was declared, found {found}")
            }
            BuildError::Rejected(rejections) => lines(f, rejections),
        }
    }
}

fn lines(f: &mut fmt::Formatter<'_>, items: &[impl fmt::Display]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if index == 0 { "" } else { "\n" })?;
    }
    Ok(())
}

impl std::error::Error for BuildError {}

/// A method of a [`FunctionBuilder`](crate::FunctionBuilder) that was used wrongly.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// Where: the instruction that is nearest. Blocks have the numbers that [`block`](crate::FunctionBuilder::block) gave them.
    pub place: Place,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.place, self.expected, self.found)
    }
}
