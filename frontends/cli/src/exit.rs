//! Exit codes: one list, which the help prints.

use std::process::ExitCode;

/// How the command ends; the numbers are part of its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Success,
    /// The program said so itself.
    Program(u8),
    /// An error that the program did not catch, or a trap.
    Error,
    /// The command line makes no sense.
    Usage,
    /// The file is not a valid program.
    Invalid,
    /// A file cannot be read.
    Unreadable,
    /// Something is not supported here.
    Unsupported,
    /// A file cannot be written.
    Unwritable,
    /// The program used up its fuel, or was stopped by a signal in order to be saved.
    OutOfFuel,
    /// The program used up its time.
    OutOfTime,
    /// The program was interrupted.
    Interrupted,
    /// Nobody reads the output any more.
    PipeClosed,
}

/// The codes, for the help.
pub(crate) const HELP: &str = "\
Exit codes:
    0  success, or the code that the program itself exits with
    1  the program ended with an error or a trap
    2  the command line is wrong
   65  the file is not a valid program
   66  a file cannot be read
   69  something is not supported
   73  a file cannot be written
  124  the program used up its fuel or its time
  130  the program was interrupted (SIGINT)
  134  the program aborted (128 + signal, for any signal that it raises)
  141  nobody reads the output any more";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Program(code) => code,
            Exit::Error => 1,
            Exit::Usage => 2,
            Exit::Invalid => 65,
            Exit::Unreadable => 66,
            Exit::Unsupported => 69,
            Exit::Unwritable => 73,
            Exit::OutOfFuel | Exit::OutOfTime => 124,
            Exit::Interrupted => 130,
            Exit::PipeClosed => 141,
        }
    }
}
