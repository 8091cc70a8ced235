//! Why a module cannot be translated.

use crate::features::{self, Features};
use std::fmt;

/// Why a module cannot be translated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WasmError {
    /// The byte of the module where it was found; nothing for errors in the text format, whose message has the line.
    pub offset: Option<u64>,
    /// What is wrong; begins with `not supported:` when the module is right but uses something that is missing here.
    pub message: String,
    /// Whether the validator found it, which may only mean that a proposal is switched off.
    pub(super) is_of_validation: bool,
}

impl WasmError {
    pub(super) fn new(offset: u64, message: impl Into<String>) -> Self {
        WasmError { offset: Some(offset), message: message.into(), is_of_validation: false }
    }

    pub(super) fn without_place(message: String) -> Self {
        WasmError { offset: None, message, is_of_validation: false }
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
                WasmError { message: format!("not supported: {what}"), is_of_validation: false, ..self }
            }
        }
    }

    pub(super) fn unsupported(offset: u64, what: impl fmt::Display) -> Self {
        WasmError::new(offset, format!("not supported: {what}"))
    }
}

impl fmt::Display for WasmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.offset {
            Some(offset) => write!(f, " (at byte {offset:#x})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for WasmError {}

impl From<wasmparser::Error> for WasmError {
    fn from(error: wasmparser::Error) -> Self {
        WasmError { is_of_validation: true, ..WasmError::new(error.offset(), error.message()) }
    }
}
