//! Why a module cannot be translated.

use std::fmt;

/// Why a module cannot be translated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WasmError {
    /// The byte of the module where it was found; nothing for errors in the text format, whose message has the line.
    pub offset: Option<u64>,
    /// What is wrong; begins with `not supported:` when the module is right but uses something that is missing here.
    pub message: String,
}

impl WasmError {
    pub(super) fn new(offset: u64, message: impl Into<String>) -> Self {
        WasmError { offset: Some(offset), message: message.into() }
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
        let missing = error.missing_wasm_feature();
        match missing.and_then(|features| features.iter_names().next()) {
            Some((feature, _)) => {
                let proposal = feature.to_lowercase().replace('_', " ");
                let what = format!("the WebAssembly proposal '{proposal}' ({})", error.message());
                WasmError::unsupported(error.offset(), what)
            }
            None => WasmError::new(error.offset(), error.message()),
        }
    }
}
