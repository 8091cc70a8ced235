//! The style rules as tests, over every source file of the workspace.

mod cycles;
mod layers;
mod rust_text;
mod sources;

use minivm_conformance::{cases, known, snapshot};
use rust_text::RustText;
use sources::{Source, collect};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
// rustfmt wraps code at 120; it leaves comments and long strings alone, which may go a little further.
const COLUMNS_MAX: usize = 140;

/// Where `unsafe` may stand; every other file forbids it.
const UNSAFE: [&str; 27] = [
    "conformance/src/poison.rs",
    "conformance/src/raw_machine.rs",
    "frontends/cli/src/mapped.rs",
    "frontends/cli/src/raw_machine.rs",
    "frontends/lua/src/codegen/tests/machine.rs",
    "frontends/lua/src/stdlib/embedding.rs",
    "frontends/modules/src/lib.rs",
    "frontends/wasm/src/wasi/link.rs",
    "vm/tests/common/mod.rs",
    "vm/tests/native.rs",
    "vm/jit/src/code_memory.rs",
    "vm/jit/src/compiler.rs",
    "vm/jit/src/worker.rs",
    "vm/pool/src/lib.rs",
    "vm/src/api/",
    "vm/src/compile/",
    "vm/src/embedding/data.rs",
    "vm/src/embedding/exports.rs",
    "vm/src/embedding/machine.rs",
    "vm/src/handlers/",
    "vm/src/heap/",
    "vm/src/link/",
    "vm/src/memory/",
    "vm/src/runtime/",
    "vm/src/snapshot/",
    "vm/src/threaded/",
    "vm/src/value.rs",
];

/// Words that the field has other words for, and phrases that are no English, with what to write instead.
const WORDS: [(&str, &str); 16] = [
    ("frame map", "stack map"),
    ("ledger", "fuel map"),
    ("plain code", "baseline code"),
    ("fast code", "optimised code"),
    ("twin", "clone"),
    ("word32", "u32"),
    ("word64", "u64"),
    ("border frame", "boundary frame"),
    ("put aside", "suspended"),
    ("taken up", "switched to, resumed"),
    ("has come to an end", "has ended"),
    ("told of", "reported, given"),
    ("its state is none", "unknown state"),
    ("the checksum is another one", "checksum mismatch"),
    ("is no i32", "is not a valid i32"),
    ("is no i64", "is not a valid i64"),
];

/// Files that are one long table.
const TABLES: [&str; 1] = ["isa/src/instructions.rs"];

fn is_test(path: &str) -> bool {
    let tests = |part: &str| part.trim_end_matches(".rs").ends_with("tests") || part == "examples";
    path.split('/').any(tests)
}

/// Runs a rule over the files and lists everything that breaks it.
fn check(sources: &[Source], rule: impl Fn(&Source) -> Vec<String>) {
    let problems: Vec<String> = sources
        .iter()
        .flat_map(|source| rule(source).into_iter().map(|problem| format!("{}:{problem}", source.path)))
        .collect();
    assert!(problems.is_empty(), "{} places break the rule:\n{}", problems.len(), problems.join("\n"));
}

/// The lines for which `test` holds, as "number: what".
fn lines(source: &Source, what: &str, test: impl Fn(&str) -> bool) -> Vec<String> {
    let numbered = source.text.lines().enumerate();
    numbered.filter(|(_, line)| test(line)).map(|(index, _)| format!("{}: {what}", index + 1)).collect()
}

#[test]
fn files_are_short() {
    check(&collect(&["rs"]), |source| {
        let count = source.text.lines().count();
        let long = count > FILE_LINES_MAX && !is_test(&source.path) && !TABLES.contains(&source.path.as_str());
        if long { vec![format!("{count}: a file has at most {FILE_LINES_MAX} lines")] } else { Vec::new() }
    });
}

#[test]
fn functions_fit_a_screen() {
    check(&collect(&["rs"]), |source| {
        if is_test(&source.path) {
            return Vec::new();
        }
        let functions = RustText::new(&source.text).functions();
        let long = functions.into_iter().filter(|function| function.lines > FUNCTION_LINES_MAX);
        long.map(|function| format!("{}: fn {} has {} lines", function.line, function.name, function.lines)).collect()
    });
}

#[test]
fn files_say_what_they_are() {
    check(&collect(&["rs"]), |source| {
        let first = source.text.lines().next().unwrap_or_default();
        if first.starts_with("//! ") {
            Vec::new()
        } else {
            vec!["1: a file begins with `//!` and what it is".to_owned()]
        }
    });
}

#[test]
fn unsafe_code_is_in_named_files() {
    check(&collect(&["rs"]), |source| {
        if UNSAFE.iter().any(|prefix| source.path.starts_with(prefix)) {
            return Vec::new();
        }
        let places = RustText::new(&source.text).lines_with_word("unsafe");
        places.into_iter().map(|line| format!("{line}: unsafe code belongs in the named files of vm")).collect()
    });
}

#[test]
fn crates_forbid_unsafe_code() {
    let sources = collect(&["rs"]);
    let roots =
        sources.into_iter().filter(|source| source.path.ends_with("src/lib.rs") && !source.path.starts_with("vm/"));
    check(&roots.collect::<Vec<_>>(), |source| {
        // Those that are given a raw machine say at one place why they may have it.
        let lints = ["#![forbid(unsafe_code)]", "#![deny(unsafe_code)]"];
        let has_lint = lints.iter().any(|lint| source.text.contains(lint));
        if has_lint { Vec::new() } else { vec!["1: a crate forbids unsafe code, or denies it".to_owned()] }
    });
}

#[test]
fn lines_are_clean() {
    check(&collect(&["rs", "toml", "sh", "md", "lua", "c"]), |source| {
        let mut problems = lines(source, "white space at the end of a line", |line| line.ends_with([' ', '\t']));
        // The rules for tabs and columns are for our own languages; programs that are cases have their own form.
        if source.path.ends_with(".rs") || source.path.ends_with(".toml") {
            problems.extend(lines(source, "a tab", |line| line.contains('\t')));
        }
        if source.path.ends_with(".rs") && !is_test(&source.path) && !TABLES.contains(&source.path.as_str()) {
            // Tables in documentation cannot be wrapped.
            let is_table =
                |line: &str| line.trim_start().starts_with("//! |") || line.trim_start().starts_with("/// |");
            let long = |line: &str| line.chars().count() > COLUMNS_MAX && !is_table(line);
            problems.extend(lines(source, "too many columns", long));
        }
        problems
    });
}

#[test]
fn words_are_those_of_the_field() {
    check(&collect(&["rs", "md"]), |source| {
        if source.path == "conformance/tests/tidy/main.rs" {
            return Vec::new();
        }
        let has = |line: &str, phrase: &str| {
            let is_part = |character: Option<char>| character.is_some_and(|character| character.is_alphanumeric());
            line.match_indices(phrase).any(|(at, _)| {
                let (before, after) = (line[..at].chars().next_back(), line[at + phrase.len()..].chars().next());
                !is_part(before) && !is_part(after)
            })
        };
        WORDS
            .iter()
            .flat_map(|(phrase, instead)| lines(source, &format!("say {instead}"), |line| has(line, phrase)))
            .collect()
    });
}

#[test]
fn nothing_is_left_to_do() {
    // Written in parts, so that this file does not break its own rule.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("dbg", "!(")];
    check(&collect(&["rs", "toml", "sh"]), |source| {
        if source.path == "conformance/src/known.rs" {
            return Vec::new();
        }
        lines(source, "a mark of unfinished work", |line| marks.iter().any(|mark| line.contains(mark)))
    });
}

#[test]
fn snapshots_have_their_case() {
    let limited = ["memory", "bridges", "failed_starts", "finalisers_at_the_end"].map(cases::limited).to_vec();
    let all =
        [cases::lua(), cases::lua_programs(), cases::mixed(), cases::c_programs(), cases::text(), limited].concat();
    let expected: BTreeSet<PathBuf> = all.iter().map(snapshot::path).collect();
    let found: BTreeSet<PathBuf> =
        sources::snapshots(&cases::folder()).into_iter().filter(|path| !explains(path)).collect();
    let dead: Vec<_> = found.difference(&expected).collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    assert!(dead.is_empty(), "snapshots without a case: {dead:#?}");
    assert!(missing.is_empty(), "cases without a snapshot: {missing:#?}");
}

/// Whether a snapshot is the machine's code of the case beside it, which the tests of the command compare.
fn explains(snapshot: &Path) -> bool {
    let Some(case) = snapshot.to_str().and_then(|path| path.strip_suffix(".explain.snap")) else { return false };
    ["lua", "wat", "mvt"].iter().any(|ending| Path::new(&format!("{case}.{ending}")).is_file())
}

#[test]
fn known_failures_are_cases() {
    let all = [cases::lua(), cases::lua_programs(), cases::mixed(), cases::c_programs(), cases::text()].concat();
    for name in known::names() {
        assert!(all.iter().any(|case| case.name == name), "known_failures.txt names {name}, which is no case");
    }
}
