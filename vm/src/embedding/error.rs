//! What can go wrong for an embedder.

use super::value::{Value, kind_of, kind_word};
use crate::heap::{OutOfMemory, TableError};
use crate::raw;
use crate::runtime::context::Context;
use minivm_isa::TrapCode;
use std::fmt;

/// Why something that the host asked for was not done.
///
/// ```
/// # fn main() -> Result<(), minivm::Error> {
/// use minivm::{Error, Failure, Limits, Machine};
/// let mut machine = Machine::new(Limits::default());
/// let failing = machine.host_function("failing", |call| Err(call.error("no such thing")))?;
/// match machine.call(&failing, &[]) {
///     Err(Error::Failure(Failure::Error { message, trace, .. })) => println!("{message}\n{trace}"),
///     Err(Error::Failure(Failure::Exit(status))) => println!("it ended itself with {status}"),
///     Err(other) => return Err(other),                                // a mistake of the host
///     Ok(_) => unreachable!("it fails"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// A program has failed, or ended itself.
    Failure(Failure),
    /// Something belongs to another machine, or to the state that this one had before it loaded another.
    Foreign {
        /// What it is: a kind of value, `instance`, or `run`.
        what: &'static str,
    },
    /// A value is of another kind than it has to be.
    Kind {
        /// What was expected.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A program does not export that.
    NoExport {
        /// What was expected.
        expected: &'static str,
        /// Its name.
        name: String,
    },
    /// Nothing of the name of an import is there.
    UnknownImport {
        /// Module of the import.
        module: String,
        /// Its name.
        name: String,
        /// What there is instead, for people: the names in that module, else the modules.
        there_is: String,
    },
    /// Something of the name of an import is there, but not what the program asks for.
    IncompatibleImport {
        /// Module of the import.
        module: String,
        /// Its name.
        name: String,
        /// What the program asks for.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A segment of a program does not fit, or there is no memory for it.
    Trap(TrapCode),
    /// The start function of a program has failed.
    Start(Failure),
    /// Nil and NaN are no keys of tables, and a key after which the next one was asked for is not there.
    Key(&'static str),
    /// There is no memory for it.
    OutOfMemory(OutOfMemory),
}

/// Why a run failed.
///
/// ```
/// # use minivm::{Error, Failure, Limits, Machine};
/// let mut machine = Machine::new(Limits::default());
/// let function = machine.host_function("fail", |call| Err(call.error("no such file")))?;
/// match machine.call(&function, &[]) {
///     Err(Error::Failure(Failure::Error { message, trap, .. })) => {
///         assert!(message.contains("no such file") && trap.is_none());
///     }
///     other => panic!("it fails: {other:?}"),
/// }
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub enum Failure {
    /// An error nobody caught.
    Error {
        /// The error value.
        value: Value,
        /// The same for people.
        message: String,
        /// The trap behind it, unless the program raised it itself.
        trap: Option<TrapCode>,
        /// The stack where it happened, in PUC Lua's form.
        trace: String,
    },
    /// The program ended itself, with this status.
    Exit(i32),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Failure(failure) => failure.fmt(f),
            Error::Foreign { what } => {
                write!(f, "the {what} belongs to another machine, or to a state that was replaced")
            }
            Error::Kind { expected, found } => write!(f, "{expected} expected, got {found}"),
            Error::NoExport { expected, name } => write!(f, "no exported {expected} '{name}'"),
            Error::UnknownImport { module, name, there_is } => write!(f, "unknown import '{module}.{name}'{there_is}"),
            Error::IncompatibleImport { module, name, expected, found } => {
                write!(f, "incompatible import '{module}.{name}': expected {expected}, found {found}")
            }
            Error::Trap(code) => code.fmt(f),
            Error::Start(failure) => write!(f, "the start function failed: {failure}"),
            Error::Key(problem) => f.write_str(problem),
            Error::OutOfMemory(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Error { message, trace, .. } if trace.is_empty() => f.write_str(message),
            Failure::Error { message, trace, .. } => write!(f, "{message}\n{trace}"),
            Failure::Exit(code) => write!(f, "the program ended itself with status {code}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<OutOfMemory> for Error {
    fn from(error: OutOfMemory) -> Self {
        Error::OutOfMemory(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error::Failure(failure)
    }
}

impl From<TableError> for Error {
    fn from(error: TableError) -> Self {
        match error {
            TableError::NilKey => Error::Key("a key of a table cannot be nil"),
            TableError::NanKey => Error::Key("a key of a table cannot be NaN"),
            TableError::OutOfMemory(error) => Error::OutOfMemory(error),
        }
    }
}

impl Error {
    /// That a value is not of the kind it has to be.
    pub(crate) fn kind(expected: &'static str, found: raw::Value) -> Error {
        Error::Kind { expected, found: kind_word(kind_of(found.tag())) }
    }
}

impl Context {
    /// A failure that the host may hold.
    pub(crate) fn own_failure(&mut self, failure: raw::Failure) -> Failure {
        match failure {
            raw::Failure::Error { value, trap, trace } => {
                let known = crate::runtime::frames::known_identity(value);
                let message =
                    self.exception_text(value).unwrap_or_else(|| crate::api::machine::described(value, known));
                Failure::Error { value: self.root(value), message, trap, trace }
            }
            raw::Failure::Exit(code) => Failure::Exit(code),
        }
    }

    /// What linking said, for the host.
    pub(crate) fn own_link_error(&mut self, error: raw::LinkError) -> Error {
        match error {
            raw::LinkError::Unknown { module, name, there_is } => Error::UnknownImport { module, name, there_is },
            raw::LinkError::Incompatible { module, name, expected, found } => {
                Error::IncompatibleImport { module, name, expected, found }
            }
            raw::LinkError::Trap(code) => Error::Trap(code),
            raw::LinkError::Start(failure) => Error::Start(self.own_failure(failure)),
        }
    }
}
