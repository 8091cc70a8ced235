//! The machine beside the plain interpreter that says what bytecode means: both run the same, and must do the same.
//!
//! | file | runs |
//! |---|---|
//! | `generated` | random programs |
//! | `rows` | each row of the table of instructions that calls nothing, with random operands |
//! | `text` | cases in the text form |
//! | `wasm` | scripts of the WebAssembly testsuite |

pub mod generated;
pub mod rows;
pub mod text;
pub mod wasm;

use minivm_semantics::Any;

/// A value as it is noted: what it is, but not which object.
fn shown(value: &Any) -> String {
    match value {
        Any::Nil => "nil".to_owned(),
        Any::Bool(it) => it.to_string(),
        Any::Integer(it) => it.to_string(),
        Any::Float(it) => minivm::raw::format::float(*it),
        Any::String(bytes) => {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
            format!("{text:?}")
        }
        other => format!("kind {}", other.kind() as u32),
    }
}

/// A text without the names of variables that messages of a machine may tell: ` (local 'x')`.
pub(crate) fn without_names(text: &str) -> String {
    const KINDS: [&str; 8] = ["local", "upvalue", "global", "field", "method", "constant", "function", "metamethod"];
    let mut left = text;
    let mut found = String::new();
    while let Some(start) = left.find(" (") {
        let inside = &left[start + 2..];
        let is_name = KINDS.iter().any(|kind| inside.strip_prefix(kind).is_some_and(|rest| rest.starts_with(" '")));
        let end = inside.find("')").filter(|_| is_name || inside.starts_with("for iterator '"));
        let (kept, skipped) = match end {
            Some(end) => (start, start + 2 + end + 2),
            None => (start + 2, start + 2),
        };
        found.push_str(&left[..kept]);
        left = &left[skipped..];
    }
    found + left
}
