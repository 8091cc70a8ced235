//! A machine that takes over a state keeps its account of memory: what hosts have taken from it before goes on counting, and
//! nothing of the state that went does.

mod common;

use common::{machine, main};
use minivm::raw::memory::MemoryBudget;
use minivm::raw::{CodeForm, Limits, Machine, SnapshotError};

const LIMIT: u64 = 16 << 20;
const MEGABYTE: u64 = 1 << 20;

/// A machine whose program keeps a string of so many bytes, and has run.
fn keeping(bytes: usize) -> Machine {
    let limits = Limits { memory_bytes_max: LIMIT, ..Limits::default() };
    let (mut machine, function) = machine(limits, |p| main(p, |f| f.return_values(&[])));
    let text = machine.heap().string_value(&vec![b'x'; bytes]).expect("there is room");
    machine.keep(text);
    machine.call(function, &[]).unwrap_or_else(|_| panic!("it returns nothing"));
    machine
}

fn saved(machine: &mut Machine) -> Vec<u8> {
    machine.save(b"", CodeForm::Whole).expect("it can be saved")
}

fn used(machine: &Machine) -> u64 {
    machine.memory_budget().used()
}

#[test]
fn what_hosts_take_counts_after_loading() {
    let mut machine = keeping(1000);
    // As a codec or a library of the host keeps it, from before a state is loaded.
    let account: MemoryBudget = machine.memory_budget();
    let state = saved(&mut machine);
    machine.load(&state).expect("it was just saved");
    let before = used(&machine);
    let held = account.hold(5 * MEGABYTE).expect("there is room");
    assert_eq!(used(&machine), before + 5 * MEGABYTE, "what the host holds counts in the machine");
    assert!(account.hold(LIMIT - 5 * MEGABYTE).is_err(), "what the program holds counts for the host");
    machine.load(&state).expect("both fit");
    assert_eq!(used(&machine), before + 5 * MEGABYTE, "it counts as long as the host holds it");
    drop(held);
    assert_eq!(used(&machine), before);
}

#[test]
fn what_has_gone_does_not_count() {
    let mut machine = keeping(MEGABYTE as usize);
    let state = saved(&mut machine);
    machine.load(&state).expect("it was just saved");
    let before = used(&machine);
    for _ in 0..50 {
        machine.load(&state).expect("there is as much room as before");
    }
    assert_eq!(used(&machine), before);
    for end in [0, 100, state.len() / 2, state.len() - 1] {
        machine.load(&state[..end]).expect_err("it ends early");
        assert_eq!((used(&machine), machine.memory_budget().maximum()), (before, LIMIT));
    }
}

#[test]
fn both_states_count_while_one_is_loaded() {
    let mut machine = keeping(LIMIT as usize / 8 * 7);
    let state = saved(&mut machine);
    let before = used(&machine);
    assert_eq!(machine.load(&state), Err(SnapshotError::OutOfMemory));
    assert_eq!((used(&machine), machine.memory_budget().maximum()), (before, LIMIT));
    assert_eq!(saved(&mut machine), state, "the machine is as before");
    keeping(0).load(&state).expect("another machine has room");
}
