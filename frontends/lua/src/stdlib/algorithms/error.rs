//! The two ways in which a library function fails: with a message, or because of one of its arguments.

use std::fmt;

/// Why a library function failed. Messages are bytes, because they may quote the program's strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibraryError {
    /// The message as it is; the caller adds the source position.
    Message(Box<[u8]>),
    /// An argument is at fault: becomes `bad argument #index to 'function' (message)`.
    Argument {
        /// The argument's position, from 1, as the function declares it.
        index: u32,
        /// What is wrong with it.
        message: Box<[u8]>,
    },
}

/// What library functions return.
pub type LibraryResult<T> = Result<T, LibraryError>;

impl LibraryError {
    /// An error with a plain message.
    pub fn message(text: impl AsRef<[u8]>) -> Self {
        Self::Message(text.as_ref().into())
    }

    /// An error that names the argument at fault; `index` counts from 1.
    pub fn argument(index: u32, text: impl AsRef<[u8]>) -> Self {
        Self::Argument { index, message: text.as_ref().into() }
    }

    /// The text that the program sees when `function` fails with this error, without a source position.
    pub fn text(&self, function: &str) -> Vec<u8> {
        match self {
            Self::Message(message) => message.to_vec(),
            Self::Argument { index, message } => {
                let mut text = format!("bad argument #{index} to '{function}' (").into_bytes();
                text.extend_from_slice(message);
                text.push(b')');
                text
            }
        }
    }
}

impl fmt::Display for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text("?")))
    }
}

impl std::error::Error for LibraryError {}
