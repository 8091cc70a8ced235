//! Why a module cannot be translated.

use crate::features::{self, Features};
use std::fmt;

/// Why a module cannot be translated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WasmError {
    /// Whose fault it is.
    pub kind: WasmErrorKind,
    /// Where it was found.
    pub place: Option<WasmPlace>,
    /// What is wrong.
    pub message: String,
    /// Whether the validator found it, which may only mean that a proposal is switched off.
    pub(super) is_of_validation: bool,
}

/// Whose fault an error is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WasmErrorKind {
    /// The module is malformed, invalid, or larger than it may be.
    Invalid,
    /// The module is right, but uses what is missing here, or switched off.
    Unsupported,
}

/// A place in a module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WasmPlace {
    /// A byte of the binary format.
    Byte(u64),
    /// A line and a column in bytes of the text format, from 1, in the file of that name.
    Text {
        /// The file.
        name: String,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
}

impl WasmError {
    pub(super) fn new(offset: u64, message: impl Into<String>) -> Self {
        WasmError { place: Some(WasmPlace::Byte(offset)), ..WasmError::without_place(message.into()) }
    }

    pub(super) fn without_place(message: String) -> Self {
        WasmError { kind: WasmErrorKind::Invalid, place: None, message, is_of_validation: false }
    }

    /// An error of the text format.
    pub(super) fn of_text(name: &str, text: &str, error: &wast::Error) -> Self {
        let (line, column) = error.span().linecol_in(text);
        let place = WasmPlace::Text { name: name.to_owned(), line: line + 1, column: column + 1 };
        WasmError { place: Some(place), ..WasmError::without_place(error.message()) }
    }

    /// The error as users get it: when the module is valid with proposals that it may not use, it names these.
    pub(super) fn named(self, bytes: &[u8], features: Features) -> Self {
        if !self.is_of_validation {
            return self;
        }
        match features::missing(bytes, features) {
            Err(error) => error.into(),
            Ok(missing) if missing.is_empty() => self,
            Ok(missing) => {
                let names: Vec<String> = missing.iter().map(|proposal| format!("'{}'", proposal.name)).collect();
                let proposals = if names.len() == 1 { "proposal" } else { "proposals" };
                let is_off = missing.iter().all(|proposal| proposal.is_supported);
                let off = if is_off { ", switched off" } else { "" };
                let list = names.join(", ");
                let what = format!("the WebAssembly {proposals} {list}{off} ({})", self.message);
                let kind = WasmErrorKind::Unsupported;
                WasmError { kind, message: format!("not supported: {what}"), is_of_validation: false, ..self }
            }
        }
    }

    pub(super) fn unsupported(offset: u64, what: impl fmt::Display) -> Self {
        WasmError { kind: WasmErrorKind::Unsupported, ..WasmError::new(offset, format!("not supported: {what}")) }
    }
}

impl fmt::Display for WasmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = &self.message;
        match &self.place {
            Some(WasmPlace::Byte(offset)) => write!(f, "{message} (at byte {offset:#x})"),
            Some(WasmPlace::Text { name, line, column }) => write!(f, "{name}:{line}:{column}: {message}"),
            None => f.write_str(message),
        }
    }
}

impl std::error::Error for WasmError {}

impl From<wasmparser::Error> for WasmError {
    fn from(error: wasmparser::Error) -> Self {
        WasmError { is_of_validation: true, ..WasmError::new(error.offset(), error.message()) }
    }
}
