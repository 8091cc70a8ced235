//! From bytes to a verified program, in any form but Lua source.

use crate::language::{Language, detect};
use minivm_isa::{Program, Verified, binary, text, verify};
use std::fmt::Display;
use std::path::Path;

/// Whether bytes are a program themselves, not the name of a file that holds one.
pub(crate) fn is_program(bytes: &[u8]) -> bool {
    matches!(detect(Path::new(""), bytes), Ok(Language::Wasm | Language::Wat | Language::Mvt | Language::Mvm))
}

/// The program in a file, or why there is none.
pub(crate) fn program(name: &str, bytes: &[u8]) -> Result<Verified, String> {
    let program = match detect(Path::new(name), bytes)? {
        Language::Wasm => minivm_wasm::translate(bytes, name).map_err(text_of)?,
        Language::Wat => {
            let binary = minivm_wasm::parse_text(bytes, name).map_err(text_of)?;
            minivm_wasm::translate(&binary, name).map_err(text_of)?
        }
        Language::Mvt => mvt(bytes)?,
        Language::Mvm => binary::decode(bytes).map_err(text_of)?,
        Language::Lua => return Err("it is neither WebAssembly nor MiniVM bytecode".to_owned()),
    };
    verify(program).map_err(|rejections| match rejections.first() {
        Some(first) => format!("it is not valid: {first}"),
        None => "it is not valid".to_owned(),
    })
}

/// As [`program`], but Lua source, too, is compiled.
pub(crate) fn any_program(name: &str, bytes: &[u8]) -> Result<Verified, String> {
    match detect(Path::new(name), bytes)? {
        Language::Lua => minivm_lua::compile_file(bytes, format!("@{name}")).map_err(text_of),
        Language::Wasm | Language::Wat | Language::Mvt | Language::Mvm => program(name, bytes),
    }
}

fn mvt(bytes: &[u8]) -> Result<Program, String> {
    let source = std::str::from_utf8(bytes).map_err(text_of)?;
    text::parse(source).map_err(|errors| match errors.first() {
        Some(first) => format!("{}:{}: {}", first.line, first.column, first.message),
        None => "it is not valid".to_owned(),
    })
}

fn text_of(error: impl Display) -> String {
    error.to_string()
}
