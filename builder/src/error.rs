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
        /// The function, and its last line.
        place: Box<Place>,
        /// Words it would take.
        words: u64,
    },
    /// A function takes more memory to build than it was [given room](crate::FunctionBuilder::set_room) for.
    OutOfMemory,
    /// Functions were declared but never defined.
    Undefined {
        /// All of them.
        functions: Vec<UndefinedFunction>,
    },
    /// Methods were used wrongly, all of them.
    Misused(Vec<Mistake>),
    /// A function that has its code already was defined.
    DefinedTwice {
        /// The second definition, and its first line.
        place: Box<Place>,
    },
    /// A function was defined that was never declared, or is imported.
    NotDeclared {
        /// The function, and its first line.
        place: Box<Place>,
    },
    /// A function was declared with another signature than it is defined with.
    OtherSignature {
        /// The function, and its first line.
        place: Box<Place>,
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
            BuildError::FrameTooLarge { place, words } => {
                write!(f, "{place}: expected at most {FRAME_WORDS_MAX} frame words, found {words}")
            }
            BuildError::OutOfMemory => f.write_str("not enough memory"),
            BuildError::Undefined { functions } => lines(f, functions),
            BuildError::Misused(mistakes) => lines(f, mistakes),
            BuildError::DefinedTwice { place } => write!(f, "{place}: expected one definition, found a second one"),
            BuildError::NotDeclared { place } => {
                write!(f, "{place}: expected a function that was declared, found one that was not")
            }
            BuildError::OtherSignature { place, declared, found } => {
                write!(f, "{place}: expected the signature {declared} that was declared, found {found}")
            }
            BuildError::Rejected(rejections) => lines(f, rejections),
        }
    }
}

impl BuildError {
    /// The places of all mistakes that have one.
    pub fn places(&self) -> Vec<&Place> {
        match self {
            BuildError::OutOfMemory => Vec::new(),
            BuildError::FrameTooLarge { place, .. }
            | BuildError::DefinedTwice { place }
            | BuildError::NotDeclared { place }
            | BuildError::OtherSignature { place, .. } => vec![place],
            BuildError::Undefined { functions } => {
                functions.iter().filter_map(|function| function.used.as_deref()).collect()
            }
            BuildError::Misused(mistakes) => mistakes.iter().map(|mistake| &mistake.place).collect(),
            BuildError::Rejected(rejections) => rejections.iter().map(|rejection| &rejection.place).collect(),
        }
    }

    pub(crate) fn places_mut(&mut self) -> Vec<&mut Place> {
        match self {
            BuildError::FrameTooLarge { place, .. } => vec![place],
            BuildError::Misused(mistakes) => mistakes.iter_mut().map(|mistake| &mut mistake.place).collect(),
            _ => Vec::new(),
        }
    }
}

/// A function that was declared and never defined.
///
/// ```
/// # use minivm_builder::{BuildError, ProgramBuilder, Signature};
/// let mut program = ProgramBuilder::new();
/// let missing = program.declare_named("missing", Signature::dynamic(0, false));
/// let mut f = program.function("f", Signature::dynamic(0, false));
/// let value = f.ref_func(missing);
/// f.return_values((value,));
/// program.add(f)?;
/// let Err(BuildError::Undefined { functions }) = program.finish() else { panic!("it is not defined") };
/// assert_eq!(functions[0].name.as_deref(), Some("missing"));
/// assert!(functions[0].used.as_ref().unwrap().to_string().contains("ref_func"));
/// # Ok::<(), BuildError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UndefinedFunction {
    /// Its number.
    pub number: Func,
    /// The name that it was declared with or is exported under, if it has one.
    pub name: Option<String>,
    /// The first instruction that names it, if there is one.
    pub used: Option<Box<Place>>,
}

impl fmt::Display for UndefinedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.used {
            write!(f, "{place}: ")?;
        }
        write!(f, "expected a definition of {}", self.number)?;
        if let Some(name) = &self.name {
            write!(f, " '{}'", name.escape_debug())?;
        }
        f.write_str(", found only that it was declared")
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
///
/// ```
/// # use minivm_builder::{BuildError, ProgramBuilder, Signature};
/// let mut program = ProgramBuilder::new();
/// let mut f = program.function("f", Signature::dynamic(1, false));
/// let second = f.param(1);
/// f.return_values((second,));
/// let Err(BuildError::Misused(mistakes)) = program.add(f) else { panic!("it has one parameter") };
/// assert_eq!((mistakes[0].place.operand, mistakes[0].found.as_str()), (Some("param"), "1"));
/// ```
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
