//! The canonical text of a chunk through `full_moon`.

use super::prepass::Canonical;
use full_moon::ast::Ast;
use full_moon::{LuaVersion, parse_fallible};

/// Parses a canonical text. The grammar check has accepted the chunk, so that an error here is a mistake of ours; it
/// is returned as the parser words it.
pub(super) fn parse(canonical: &Canonical) -> Result<Ast, String> {
    let result = parse_fallible(&canonical.text, LuaVersion::lua54());
    match result.errors().first() {
        None => Ok(result.into_ast()),
        Some(error) => {
            let (start, _) = error.range();
            let around: String = canonical.text.chars().skip(start.bytes().saturating_sub(20)).take(40).collect();
            Err(format!("{} in '{around}'", error.error_message()))
        }
    }
}
