//! What is generated verifies, and looks as it should where that matters for speed.

mod execution;
mod machine;
mod shape;

use super::{compile, compile_file};
use minivm_isa::Verified;

/// The program of a chunk that must be valid.
fn program(source: &str) -> Verified {
    compile(source.as_bytes(), "=chunk").unwrap_or_else(|error| panic!("{error}\n{source}"))
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
