//! The command of a language: files and a prompt.

use crate::{flush, run_chunk};
use minivm::{Machine, Value};
use minivm_isa::Verified;
use std::fmt;
use std::io::{self, BufRead, Write};

/// What a text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A file: variables of the top level belong to it alone.
    File,
    /// Lines at a prompt: variables of the top level are for the next lines to see, and the value of the last expression is returned.
    Prompt,
}

/// What went wrong in a [command](run_command). Shown for debugging it is its text, so that a `main` that returns it says that.
pub struct CommandError(String);

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CommandError {}

/// The command of a language whose programs are [chunks](crate::install_require). Of its `words` the first one names a file, which it runs
/// with the others as arguments; without any it is a prompt on the standard streams, which shows what lines return and what goes
/// wrong in them. `compile` gets the name of a file, its text, and what it is. While `is_open` says of lines that there is more to
/// come, another one belongs to them.
///
/// # Errors
/// When the file cannot be read, is not compiled, or fails; or when a standard stream does.
pub fn run_command<E: fmt::Display>(
    machine: &mut Machine,
    globals: &Value,
    words: &[String],
    compile: impl Fn(&str, &str, Mode) -> Result<Verified, E>,
    is_open: impl Fn(&str) -> bool,
) -> Result<(), CommandError> {
    let text_of = |error: &dyn fmt::Display| error.to_string();
    let mut run = |file: &str, text: &str, mode, arguments: &[String]| {
        let program = compile(file, text, mode).map_err(|error| text_of(&error))?;
        let arguments: Result<Vec<Value>, _> = arguments.iter().map(|word| machine.string(word)).collect();
        let arguments = arguments.map_err(|error| text_of(&error))?;
        let results = run_chunk(machine, program, globals, &arguments).map_err(|error| text_of(&error));
        flush(machine).map_err(|error| text_of(&error))?;
        let shown = |value: &Value| machine.describe(value);
        Ok::<_, String>(results?.iter().filter(|value| !value.is_nil()).map(shown).collect::<Vec<_>>().join("\t"))
    };
    if let [file, arguments @ ..] = words {
        let text =
            std::fs::read_to_string(file).map_err(|error| CommandError(format!("cannot read {file}: {error}")))?;
        return run(file, &text, Mode::File, arguments).map(drop).map_err(CommandError);
    }
    let answer = |text: &str| run("prompt", text, Mode::Prompt, &[]).unwrap_or_else(|error| error);
    prompt(io::stdin().lock(), io::stdout(), is_open, answer).map_err(|error| CommandError(error.to_string()))
}

/// Reads programs from lines, runs them by `answer`, and writes what that says, up to the end of the input. While `is_open` says of
/// the lines so far that there is more to come, another line belongs to them.
///
/// ```
/// let input = "1 +\n2\n\nlen\n".as_bytes();
/// let mut output = Vec::new();
/// let is_open = |text: &str| text.trim_end().ends_with('+');
/// minivm_std::prompt(input, &mut output, is_open, |text| format!("{} bytes", text.len()))?;
/// assert_eq!(String::from_utf8_lossy(&output), "> . 6 bytes\n> > 4 bytes\n> \n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// When input cannot be read or output cannot be written.
pub fn prompt(
    mut input: impl BufRead,
    mut output: impl Write,
    is_open: impl Fn(&str) -> bool,
    mut answer: impl FnMut(&str) -> String,
) -> io::Result<()> {
    let mut text = String::new();
    loop {
        write!(output, "{}", if text.is_empty() { "> " } else { ". " })?;
        output.flush()?;
        let is_end = input.read_line(&mut text)? == 0;
        if !is_end && is_open(&text) {
            continue;
        }
        let answer = if text.trim().is_empty() { String::new() } else { answer(&text) };
        if !answer.is_empty() || is_end {
            writeln!(output, "{answer}")?;
        }
        if is_end {
            return Ok(());
        }
        text.clear();
    }
}
