//! What a run left behind, and its text form, which snapshots hold.

use serde::{Deserialize, Serialize};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// It returned.
    Finished,
    /// It ended itself with this status.
    Exited(i32),
    /// An error nobody caught, as its message.
    Failed(String),
}

/// What a run printed, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its standard output.
    pub output: Vec<u8>,
    /// How it ended.
    pub ending: Ending,
}

impl Outcome {
    /// The output, then a line `error: …` or `exit: …` unless the run simply returned.
    pub fn text(&self) -> String {
        let mut text = readable(&self.output);
        let end_line = match &self.ending {
            Ending::Finished | Ending::Exited(0) => return text,
            Ending::Exited(status) => format!("exit: {status}\n"),
            Ending::Failed(message) => format!("error: {message}\n"),
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&end_line);
        text
    }
}

/// Bytes as text: what is not printable is escaped, so that a snapshot is a text file.
pub fn readable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\n' | '\t' => text.push(letter),
                control if control.is_control() => text.push_str(&format!("\\x{:02X}", u32::from(control))),
                plain => text.push(plain),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_that_is_not_text_is_escaped() {
        assert_eq!(readable(b"a\tb\n\0\xFF\xC3\xA4\r"), "a\tb\n\\x00\\xFFä\\x0D");
    }

    #[test]
    fn the_ending_is_a_line_of_its_own() {
        let outcome = Outcome { output: b"no break".to_vec(), ending: Ending::Failed("x.lua:1: bad".into()) };
        assert_eq!(outcome.text(), "no break\nerror: x.lua:1: bad\n");
        assert_eq!(Outcome { output: Vec::new(), ending: Ending::Exited(3) }.text(), "exit: 3\n");
    }
}
