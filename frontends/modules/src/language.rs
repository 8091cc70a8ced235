//! Which language a file is in, by its ending or by its content.

use std::fmt;
use std::path::Path;

/// A form that programs come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Lua 5.4 source.
    Lua,
    /// A WebAssembly module.
    Wasm,
    /// A WebAssembly module as text.
    Wat,
    /// MiniVM bytecode as text.
    Mvt,
    /// MiniVM bytecode.
    Mvm,
    /// Tern source, the language of the guide for language authors.
    Tern,
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Language::Lua => "Lua",
            Language::Wasm => "WebAssembly",
            Language::Wat => "WebAssembly text",
            Language::Mvt => "MiniVM text",
            Language::Mvm => "MiniVM bytecode",
            Language::Tern => "Tern",
        })
    }
}

/// Tells the language, or why nothing here understands the file.
pub fn detect(path: &Path, bytes: &[u8]) -> Result<Language, &'static str> {
    match by_ending(path) {
        Some(language) => Ok(language),
        None => by_content(bytes),
    }
}

fn by_ending(path: &Path) -> Option<Language> {
    match path.extension()?.to_ascii_lowercase().to_str()? {
        "lua" => Some(Language::Lua),
        "wasm" => Some(Language::Wasm),
        "wat" => Some(Language::Wat),
        "mvt" => Some(Language::Mvt),
        "mvm" => Some(Language::Mvm),
        "tern" => Some(Language::Tern),
        _ => None,
    }
}

fn by_content(bytes: &[u8]) -> Result<Language, &'static str> {
    if bytes.starts_with(b"\0asm") {
        return Ok(Language::Wasm);
    }
    if bytes.starts_with(b"\0mvm") {
        return Ok(Language::Mvm);
    }
    if bytes.starts_with(b"\x1bLua") {
        return Err("it is bytecode of another Lua; give the source instead");
    }
    let text = without_comments(bytes);
    if text.starts_with(b"(module") {
        return Ok(Language::Wat);
    }
    if text.strip_prefix(b"minivm ").is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit)) {
        return Ok(Language::Mvt);
    }
    // Anything can be Lua that is text at all.
    if bytes.iter().take(4096).any(|&byte| byte == 0) {
        return Err("it is neither WebAssembly nor MiniVM bytecode, nor text");
    }
    Ok(Language::Lua)
}

/// Skips white space and the comments of WebAssembly text and MiniVM text. A Lua program can
/// begin with `;` too, but not go on with what these languages begin with.
fn without_comments(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_start();
        if text.starts_with(b";") {
            let end = text.iter().position(|&byte| byte == b'\n').unwrap_or(text.len());
            text = &text[end..];
        } else if text.starts_with(b"(;") {
            match text.windows(2).position(|pair| pair == b";)") {
                Some(end) => text = &text[end + 2..],
                None => return text,
            }
        } else {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides() {
        assert_eq!(detect(Path::new("a.lua"), b"\0asm"), Ok(Language::Lua));
        assert_eq!(detect(Path::new("a.b.WASM"), b""), Ok(Language::Wasm));
        assert_eq!(detect(Path::new("a.wat"), b""), Ok(Language::Wat));
        assert_eq!(detect(Path::new("a.mvt"), b""), Ok(Language::Mvt));
        assert_eq!(detect(Path::new("a.mvm"), b""), Ok(Language::Mvm));
        assert_eq!(detect(Path::new("a.tern"), b""), Ok(Language::Tern));
    }

    #[test]
    fn else_the_content_does() {
        let told = |bytes: &[u8]| detect(Path::new("script"), bytes);
        assert_eq!(told(b"\0asm\x01\0\0\0"), Ok(Language::Wasm));
        assert_eq!(told(b"\0mvm"), Ok(Language::Mvm));
        assert_eq!(told(b"#!/usr/bin/env minivm\nprint(1)"), Ok(Language::Lua));
        assert_eq!(told(b""), Ok(Language::Lua));
        assert_eq!(told(b" ;; comment\n(; another ;) (module)"), Ok(Language::Wat));
        assert_eq!(told(b"; comment\nminivm 1\n"), Ok(Language::Mvt));
        assert_eq!(told(b"minivm = 1"), Ok(Language::Lua));
        assert_eq!(told(b"; print(1)"), Ok(Language::Lua));
        assert_eq!(told(b"(; without end"), Ok(Language::Lua));
        assert!(told(b"\x1bLua\x54").is_err());
        assert!(told(b"\x7fELF\0\0").is_err());
    }
}
