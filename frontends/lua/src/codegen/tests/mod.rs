//! What is generated verifies, and looks as it should where that matters for speed.

mod execution;
mod machine;
mod shape;

use super::{Options, compile, compile_at_hand, compile_file};
use minivm_isa::{Allowance, Verified};

/// The program of a chunk that must be valid.
fn program(source: &str) -> Verified {
    compile(source.as_bytes(), "=chunk").unwrap_or_else(|error| panic!("{error}\n{source}"))
}

/// Native stack that is enough for every chunk that is compiled without a thread of its own.
const SMALL_STACK_BYTES: usize = if cfg!(debug_assertions) { 1 << 20 } else { 1 << 18 };

#[test]
fn what_is_compiled_at_hand_needs_little_native_stack() {
    // What is before, inside of, and behind something that is nested, and how often it must be so at least.
    let shapes = [
        ("return ", "function() return ", "1", " end", 3),
        ("", "local function f() ", "", " end", 5),
        ("", "do ", "", " end", 8),
        ("", "if x then elseif y then ", "", " end", 8),
        ("", "while f(function() ", "", " end) do end", 3),
        ("return ", "(", "1", ")", 7),
        ("return ", "{ a = ", "1", " }", 7),
        ("return ", "- ", "1", "", 7),
        ("return ", "f(", "1", ")", 7),
        ("return ", "a .. ", "a", "", 7),
        ("return ", "a[", "1", "]", 7),
        ("return a", ".b", "", "", 100),
        ("return f", "()", "", "", 80),
        ("return a", " + 1", "", "", 80),
        ("return a", " and (b or c.d.e)", "", "", 20),
        ("x = {", "1, ", "", "", 1),
        ("if a then ", "elseif b then ", "", "", 1),
    ];
    for (before, open, inner, close, at_least) in shapes {
        let end = if before.ends_with('{') { "}" } else { " end" };
        let end = if close.is_empty() && !before.starts_with("return") { end } else { "" };
        let sources = move |count: usize| [before, &open.repeat(count), inner, &close.repeat(count), end].concat();
        let compile_all = move || {
            let at_hand = |count: &usize| {
                let source = sources(*count).into_bytes();
                compile_at_hand(&source, b"=chunk", Options::default(), &mut Allowance::default())
            };
            (1..260).take_while(|count| at_hand(count).is_some_and(|compiled| compiled.is_ok())).count()
        };
        let thread = std::thread::Builder::new().stack_size(SMALL_STACK_BYTES).spawn(compile_all).expect("a thread");
        let count = thread.join().expect("no panic");
        assert!(count >= at_least && count < 259, "{before}{open}: {count}");
    }
}

/// Every file below the folder in `MINIVM_LUA_FILES` compiles. Run by hand, on a checkout of the official suite.
#[test]
#[ignore = "needs MINIVM_LUA_FILES"]
fn files_of_a_folder_compile() {
    let folder = std::env::var_os("MINIVM_LUA_FILES").expect("MINIVM_LUA_FILES names a folder");
    let (mut folders, mut count) = (vec![std::path::PathBuf::from(folder)], 0);
    let mut failures = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "lua") {
                let source = std::fs::read(&path).expect("a file");
                count += 1;
                if let Err(error) = compile_file(&source, format!("@{}", path.display())) {
                    failures.push(error.to_string());
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} files\n{}", failures.len(), failures.join("\n"));
    eprintln!("{count} files");
}

/// Prints how long the stages take for the file in `MINIVM_FILE`. Run by hand, optimised.
#[test]
#[ignore = "needs MINIVM_FILE"]
fn time_of_a_file() {
    let source = std::fs::read(std::env::var_os("MINIVM_FILE").expect("MINIVM_FILE names a file")).expect("a file");
    let rounds: u32 = 10;
    let time = |name: &str, work: &dyn Fn()| {
        let start = std::time::Instant::now();
        (0..rounds).for_each(|_| work());
        eprintln!("{name}: {:?}", start.elapsed() / rounds);
    };
    time("parse", &|| drop(crate::syntax::parse_file(&source, "=file").expect("valid")));
    time("compile", &|| drop(compile_file(&source, "=file").expect("valid")));
}
