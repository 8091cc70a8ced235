//! How errors are told that a program did not catch: in the form that the `lua` program has.

use std::io::Write;

/// In whose name they are told.
pub(super) enum Teller {
    /// That of this command, in colour.
    Minivm,
    /// That of an interpreter, as it was called.
    Interpreter(Vec<u8>),
    /// Nobody's, as a person sees who speaks.
    Prompt,
}

impl Teller {
    /// Tells of an error; the trace may be empty, and so may the line of the source where it was raised.
    pub(super) fn tell_with(&self, message: &[u8], excerpt: &str, trace: &str) {
        match self {
            Teller::Minivm if !excerpt.is_empty() => {
                self.tell(message, "");
                let _ = writeln!(anstream::stderr(), "{excerpt}");
                if !trace.is_empty() {
                    let _ = std::io::stderr().write_all(format!("{trace}\n").as_bytes());
                }
            }
            Teller::Minivm | Teller::Interpreter(_) | Teller::Prompt => self.tell(message, trace),
        }
    }

    /// Tells of an error; the trace may be empty.
    pub(super) fn tell(&self, message: &[u8], trace: &str) {
        // Only the prefix is ours: what the program says goes out as it is. Where errors cannot be told, nothing can.
        let (prefix, message) = match self {
            Teller::Minivm => {
                let _ = write!(anstream::stderr(), "\x1b[1m\x1b[31mminivm:\x1b[0m ");
                (Vec::new(), message)
            }
            Teller::Interpreter(name) => ([name, &b": "[..]].concat(), as_in_c(message)),
            Teller::Prompt => (Vec::new(), as_in_c(message)),
        };
        let end = if trace.is_empty() { "" } else { "\n" };
        let _ = std::io::stderr().write_all(&[&prefix, message, end.as_bytes(), trace.as_bytes(), b"\n"].concat());
    }
}

/// A text up to its first zero, where it ends for C.
fn as_in_c(text: &[u8]) -> &[u8] {
    text.split(|&byte| byte == 0).next().unwrap_or_default()
}
