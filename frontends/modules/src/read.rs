//! From bytes to a verified program, in any form but Lua source.

use crate::LATER_BYTES_MIN;
use crate::language::{Language, detect};
use minivm_isa::size::checking_bytes;
use minivm_isa::{Allowance, Program, Verified, binary, text, verify};
use minivm_wasm::Features;
use std::fmt::Display;
use std::path::Path;

/// Whether bytes are a program themselves, not the name of a file that holds one.
pub(crate) fn is_program(bytes: &[u8]) -> bool {
    matches!(detect(Path::new(""), bytes), Ok(Language::Wasm | Language::Wat | Language::Mvt | Language::Mvm))
}

/// The program in a file, or why there is none; it is made in so much memory.
pub(crate) fn program(
    name: &str,
    bytes: &[u8],
    features: Features,
    allowance: &mut Allowance,
) -> Result<Verified, String> {
    let program = match detect(Path::new(name), bytes)? {
        Language::Wasm if bytes.len() >= LATER_BYTES_MIN => {
            minivm_wasm::translate_later(kept(bytes, allowance)?, name, features, allowance).map_err(text_of)?
        }
        Language::Mvm if bytes.len() >= LATER_BYTES_MIN => {
            binary::decode_later(kept(bytes, allowance)?, allowance).map_err(text_of)?
        }
        Language::Wasm => minivm_wasm::translate_within(bytes, name, features, allowance).map_err(text_of)?,
        Language::Wat => {
            let binary = minivm_wasm::parse_text_within(bytes, name, allowance).map_err(text_of)?;
            allowance.take(binary.len() as u64).map_err(text_of)?;
            minivm_wasm::translate_within(&binary, name, features, allowance).map_err(text_of)?
        }
        Language::Mvt => mvt(bytes, allowance)?,
        Language::Mvm => binary::decode_within(bytes, allowance).map_err(text_of)?,
        Language::Tern => return tern(name, bytes, allowance),
        Language::Lua => return Err("it is neither WebAssembly nor MiniVM bytecode".to_owned()),
    };
    allowance.touch(checking_bytes(&program)).map_err(text_of)?;
    verify(program).map_err(|rejections| match rejections.first() {
        Some(first) => format!("it is not valid: {first}"),
        None => "it is not valid".to_owned(),
    })
}

/// A copy of a file, for functions that are made later.
fn kept(bytes: &[u8], allowance: &mut Allowance) -> Result<Vec<u8>, String> {
    allowance.take(bytes.len() as u64).map_err(text_of)?;
    Ok(bytes.to_vec())
}

/// As [`program`], but Lua source, too, is compiled.
pub(crate) fn any_program(name: &str, bytes: &[u8], features: Features) -> Result<Verified, String> {
    match detect(Path::new(name), bytes)? {
        Language::Lua => minivm_lua::compile_file(bytes, format!("@{name}")).map_err(text_of),
        Language::Wasm | Language::Wat | Language::Mvt | Language::Mvm | Language::Tern => {
            program(name, bytes, features, &mut Allowance::default())
        }
    }
}

fn tern(name: &str, bytes: &[u8], allowance: &mut Allowance) -> Result<Verified, String> {
    let source = std::str::from_utf8(bytes).map_err(text_of)?;
    allowance.touch(minivm_tutorial::compiling_bytes(source)).map_err(text_of)?;
    minivm_tutorial::compile(name, source, minivm_tutorial::Mode::File).map_err(text_of)
}

fn mvt(bytes: &[u8], allowance: &mut Allowance) -> Result<Program, String> {
    let source = std::str::from_utf8(bytes).map_err(text_of)?;
    text::parse_within(source, allowance).map_err(|errors| match errors.first() {
        Some(first) => format!("{}:{}: {}", first.line, first.column, first.message),
        None => "it is not valid".to_owned(),
    })
}

fn text_of(error: impl Display) -> String {
    error.to_string()
}
