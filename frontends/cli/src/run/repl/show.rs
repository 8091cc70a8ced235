//! Values for people: tables as trees, cut where they are large or deep.

use super::super::interpreter::Interpreter;
use minivm::raw::{Tag, Value};
use std::fmt::Write;

/// Levels of tables that are shown.
const DEPTH_MAX: usize = 4;
/// Entries of a table that are shown.
const ENTRIES_MAX: usize = 40;
/// Bytes of a string that are shown.
const TEXT_MAX: usize = 400;
/// A table that is shorter stands on one line.
const LINE_MAX: usize = 76;

/// A value as text.
pub(super) fn shown(interpreter: &mut Interpreter, value: Value) -> String {
    let mut path = Vec::new();
    shown_at(interpreter, value, &mut path)
}

fn shown_at(interpreter: &mut Interpreter, value: Value, path: &mut Vec<Value>) -> String {
    if let Some(bytes) = value.as_bytes() {
        return quoted(bytes);
    }
    let has_text = value.tag() == Tag::TABLE && interpreter.has_metamethod(value, b"__tostring");
    if value.tag() != Tag::TABLE || has_text {
        // A metamethod may fail; then the kind has to do.
        return match interpreter.call(interpreter.to_text, vec![value]) {
            Ok(results) => results.first().and_then(Value::as_bytes).map_or(String::new(), lossy),
            Err(_) => "?".to_owned(),
        };
    }
    if path.iter().any(|above| above.raw_equals(value)) {
        return "{ … itself }".to_owned();
    }
    if path.len() >= DEPTH_MAX {
        return "{ … }".to_owned();
    }
    path.push(value);
    let entries = entries(interpreter, value, path);
    path.pop();
    if entries.is_empty() {
        return "{}".to_owned();
    }
    let line = format!("{{ {} }}", entries.join(", "));
    if line.chars().count() <= LINE_MAX && !line.contains('\n') {
        return line;
    }
    let mut text = String::from("{\n");
    for entry in entries {
        let _ = writeln!(text, "  {},", entry.replace('\n', "\n  "));
    }
    text.push('}');
    text
}

/// The entries of a table, those of the sequence without their keys.
fn entries(interpreter: &mut Interpreter, table: Value, path: &mut Vec<Value>) -> Vec<String> {
    let mut entries = Vec::new();
    let mut in_order = 1;
    let mut key = Value::NIL;
    while let Ok(Some((next, value))) = interpreter.session.machine.heap().table_next(table, key) {
        key = next;
        if entries.len() == ENTRIES_MAX {
            entries.push("…".to_owned());
            break;
        }
        let value = shown_at(interpreter, value, path);
        if key.as_int() == Some(in_order) {
            in_order += 1;
            entries.push(value);
            continue;
        }
        let name = match key.as_bytes() {
            Some(bytes) if is_name(bytes) => lossy(bytes),
            _ if key.tag() == Tag::TABLE => "[{ … }]".to_owned(),
            _ => format!("[{}]", shown_at(interpreter, key, path)),
        };
        entries.push(format!("{name} = {value}"));
    }
    entries
}

/// Whether a key can stand before `=` as it is.
pub(super) fn is_name(bytes: &[u8]) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    bytes.first().is_some_and(|&first| is_letter(first))
        && bytes.iter().all(|&byte| is_letter(byte) || byte.is_ascii_digit())
        && !super::typing::is_keyword(bytes)
}

/// A string in quotes.
fn quoted(bytes: &[u8]) -> String {
    let (part, rest) = bytes.split_at(bytes.len().min(TEXT_MAX));
    let mut text = String::from("\"");
    for character in lossy(part).chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\n' => text.push_str("\\n"),
            character if character.is_control() => {
                let _ = write!(text, "\\{}", u32::from(character));
            }
            character => text.push(character),
        }
    }
    text.push('"');
    if !rest.is_empty() {
        let _ = write!(text, " … {} bytes", bytes.len());
    }
    text
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
