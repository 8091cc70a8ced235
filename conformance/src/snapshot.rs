//! Expected output, as `insta` snapshots beside the cases: `NAME.snap` beside `NAME.lua`, `expected.snap` in a program's folder.

use crate::cases::Case;
use std::path::PathBuf;

/// The snapshot of a case.
pub fn path(case: &Case) -> PathBuf {
    case.folder().join(format!("{}.snap", file_stem(case)))
}

fn file_stem(case: &Case) -> String {
    let stem = case.source.file_stem().expect("a case is a file").to_string_lossy().into_owned();
    if stem == "main" { "expected".to_owned() } else { stem }
}

/// The stored text of a case; none when there is no snapshot.
pub fn stored(case: &Case) -> Option<String> {
    let snapshot = insta::Snapshot::from_file(&path(case)).ok()?;
    snapshot.contents().as_text().map(ToString::to_string)
}

/// Compares a text with the stored one.
///
/// # Errors
/// The difference, as text.
pub fn check(case: &Case, text: &str) -> Result<(), String> {
    match stored(case) {
        None => Err(format!("no snapshot {}", path(case).display())),
        // insta does not keep white space around the text.
        Some(stored) if stored.trim() == text.trim() => Ok(()),
        Some(stored) => Err(difference(stored.trim(), text.trim())),
    }
}

/// Stores a text as the expected output of a case. Only a process with `INSTA_UPDATE=always` does.
pub fn store(case: &Case, text: &str) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(case.folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_input_file(&case.source);
    settings.bind(|| insta::assert_snapshot!(file_stem(case), text));
}

/// The first lines that differ, with what was stored and what came.
pub fn difference(expected: &str, found: &str) -> String {
    let (mut expected, mut found) = (expected.lines(), found.lines());
    let mut shown = Vec::new();
    let mut line = 0;
    loop {
        line += 1;
        match (expected.next(), found.next()) {
            (None, None) => break,
            (left, right) if left == right => {}
            (left, right) => {
                let text = |side: Option<&str>| side.unwrap_or("(nothing)").to_owned();
                shown.push(format!("line {line}\n  expected {}\n  found    {}", text(left), text(right)));
            }
        }
        if shown.len() == 8 {
            shown.push("…".to_owned());
            break;
        }
    }
    if shown.is_empty() { "the texts differ in white space only".to_owned() } else { shown.join("\n") }
}
