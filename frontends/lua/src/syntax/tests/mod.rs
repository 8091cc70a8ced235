//! The front half of the compiler against the reference implementation, and on damaged input.

mod mutation;
mod reference;
mod shape;
mod snippets;

use super::{parse_chunk, parse_file};

/// What the compiler says about a chunk called `chunk`: nothing if it is valid, else the message.
fn verdict(source: &[u8]) -> Result<(), Vec<u8>> {
    crate::compile(source, "=chunk").map(drop).map_err(|error| error.message().to_vec())
}

/// Fails unless both agree on every source; skipped, saying so, where `lua5.4` is not installed.
fn check_against_reference<S: AsRef<[u8]>>(sources: &[S]) {
    let Some(expected) = reference::verdicts(sources) else {
        eprintln!("skipped: lua5.4 is not installed");
        return;
    };
    let mut differences = Vec::new();
    for (source, expected) in sources.iter().map(AsRef::as_ref).zip(expected) {
        let found = verdict(source);
        if !same(&found, &expected) {
            let show = |verdict: &Result<(), Vec<u8>>| match verdict {
                Ok(()) => "valid".to_owned(),
                Err(message) => String::from_utf8_lossy(message).into_owned(),
            };
            let source = String::from_utf8_lossy(source);
            differences.push(format!("{source}\n  lua5.4: {}\n  here:   {}", show(&expected), show(&found)));
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

/// Whether two verdicts agree, but for two things. The message about nesting has no place in the reference
/// implementation, but a traceback. And its releases differ in the line at which a call begins that spans several.
fn same(found: &Result<(), Vec<u8>>, expected: &Result<(), Vec<u8>>) -> bool {
    let find = |message: &[u8], text: &str| message.windows(text.len()).position(|window| window == text.as_bytes());
    let without_place = |message: &[u8]| match (find(message, " (to close '('"), find(message, " near ")) {
        (Some(from), Some(to)) => [&message[..from], &message[to..]].concat(),
        _ => message.to_vec(),
    };
    match (found, expected) {
        (Err(found), Err(expected)) if find(expected, "C stack overflow").is_some() => {
            find(found, "C stack overflow").is_some()
        }
        (Err(found), Err(expected)) => without_place(found) == without_place(expected),
        _ => found == expected,
    }
}

#[test]
fn first_line_of_a_file_may_be_for_the_shell() {
    assert!(parse_file(b"#!/usr/bin/lua\nreturn 1", "@f").is_ok());
    assert!(parse_file(b"\xEF\xBB\xBF# comment", "@f").is_ok());
    assert!(parse_file(b"\xEF\xBB\xBFreturn 1", "@f").is_ok());
    assert!(parse_chunk(b"#!/usr/bin/lua\nreturn 1", "@f").is_err());
    let error = parse_file(b"#!shell\nx = = 1", "@f").expect_err("two signs");
    assert_eq!(error.to_string(), "f:2: unexpected symbol near '='");
    assert_eq!((error.span(), error.columns()), (12..13, 5..6));
}

/// Every file below the folder in `MINIVM_LUA_FILES` is accepted. Run by hand, on a checkout of the official suite.
#[test]
#[ignore = "needs MINIVM_LUA_FILES"]
fn files_of_a_folder_are_accepted() {
    let folder = std::env::var_os("MINIVM_LUA_FILES").expect("MINIVM_LUA_FILES names a folder");
    let (mut folders, mut count) = (vec![std::path::PathBuf::from(folder)], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "lua") {
                let source = std::fs::read(&path).expect("a file");
                if let Err(error) = parse_file(&source, format!("@{}", path.display())) {
                    panic!("{error}");
                }
                count += 1;
            }
        }
    }
    eprintln!("{count} files");
}
