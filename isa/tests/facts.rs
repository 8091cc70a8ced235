//! The facts of rows agree with their operands, their effects, and one another.

use minivm_isa::facts::{Class, Waits};
use minivm_isa::instruction::InstructionInfo;
use minivm_isa::operand::{Pattern, Role};
use minivm_isa::{INSTRUCTIONS, Opcode, Type};

fn check(rule: impl Fn(&InstructionInfo) -> bool, says: &str) {
    let wrong: Vec<&str> = INSTRUCTIONS.iter().filter(|row| !rule(row)).map(|row| row.name).collect();
    assert!(wrong.is_empty(), "{says}: {wrong:?}");
}

/// The patterns of the inputs of a row.
fn inputs(opcode: Opcode) -> Vec<Pattern> {
    let input = |(_, role): &(&str, Role)| match role {
        Role::In(pattern) => Some(*pattern),
        _ => None,
    };
    opcode.info().operands.iter().filter_map(input).collect()
}

fn results(row: &InstructionInfo) -> Vec<Pattern> {
    let result = |(_, role): &(&str, Role)| match role {
        Role::Out(pattern) => Some(*pattern),
        _ => None,
    };
    row.operands.iter().filter_map(result).collect()
}

#[test]
fn what_rows_are_to_one_another_goes_both_ways() {
    check(|row| row.facts.swapped.is_none_or(|other| other.info().facts.swapped == Some(row.opcode)), "swapped");
    check(|row| row.facts.negated.is_none_or(|other| other.info().facts.negated == Some(row.opcode)), "negated");
    check(|row| row.facts.swapped.is_none_or(|other| inputs(other) == inputs(row.opcode)), "swapped, of other types");
    check(|row| row.facts.negated.is_none_or(|other| inputs(other) == inputs(row.opcode)), "negated, of other types");
    check(|row| row.facts.compares.is_none_or(|other| inputs(other) == inputs(row.opcode)), "compares other types");
    let is_operation = |opcode: Opcode| opcode.info().facts.class == Class::Operation;
    check(|row| row.facts.compares.is_none_or(is_operation), "compares by what is no operation");
    check(|row| row.facts.same_as.is_none_or(is_operation), "is the same as what is no operation");
}

#[test]
fn a_class_says_what_operands_there_are() {
    let is_number = |(_, role): &(&str, Role)| match role {
        Role::Out(Pattern::Exactly(ty)) | Role::In(Pattern::Exactly(ty)) => {
            matches!(ty, Type::I32 | Type::I64 | Type::F32 | Type::F64)
        }
        _ => false,
    };
    // Neither more nor fewer: operators that are not of the class would be compiled one by one.
    check(
        |row| (row.facts.class == Class::Operation) == row.operands.iter().all(is_number) || row.operands.is_empty(),
        "operators over typed numbers",
    );
    let has_memory = |row: &InstructionInfo| row.operands.iter().any(|(name, _)| *name == "memory");
    check(|row| !matches!(row.facts.class, Class::Load | Class::Store) || has_memory(row), "accesses to no memory");
    check(|row| row.facts.class != Class::Load || results(row).len() == 1, "loads of nothing");
    check(|row| row.facts.class != Class::Store || results(row).is_empty(), "stores with a result");
}

#[test]
fn what_runs_other_code_says_what_it_waits_for() {
    // Typed tail calls leave nothing behind; fiber_new runs nothing yet.
    let leaves = |row: &InstructionInfo| row.name.starts_with("tail_call");
    check(|row| !row.effects.call || row.facts.waits.is_some() || leaves(row), "calls, and waits for nothing");
    check(|row| row.facts.waits.is_none() || row.effects.call, "waits for what it does not call");
    check(|row| row.facts.metamethod.is_none() || row.effects.call, "has a metamethod, and calls nothing");
    let is_of_metamethod =
        |waits: Waits| matches!(waits, Waits::Value | Waits::Truth | Waits::Branch | Waits::Nothing | Waits::Pieces);
    check(
        |row| row.facts.metamethod.is_some() == row.facts.waits.is_some_and(is_of_metamethod),
        "a metamethod is what is waited for",
    );
    let is_any = |row: &InstructionInfo| results(row).first() == Some(&Pattern::Exactly(Type::Any));
    check(
        |row| !matches!(row.facts.waits, Some(Waits::Value | Waits::Truth | Waits::Pieces)) || is_any(row),
        "gives no value",
    );
    check(|row| row.facts.waits != Some(Waits::Branch) || row.effects.end, "branches, and does not end its block");
    check(|row| row.facts.waits != Some(Waits::Nothing) || results(row).is_empty(), "gives a value");
    check(|row| row.facts.numbers.is_none() || row.facts.metamethod.is_some(), "makes numbers of what is no operator");
}
