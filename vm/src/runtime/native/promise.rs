//! What native code of `any` functions may be expected to save, as far as was seen of their runs.
//!
//! Numbers in loops take a quarter of the interpreter's time; new tables, and what host functions do, take as long as before.

use super::seen::{MANY_NODES, Seen};
use crate::value::Tag;
use minivm_isa::Instruction;

const NUMBERS: u16 = 1 << Tag::INT.0 | 1 << Tag::FLOAT.0;
const NIL: u16 = 1 << Tag::NIL.0;
const TABLE: u16 = 1 << Tag::TABLE.0;

/// What the interpreter takes for something, and how much of it native code saves: tenths of a simple instruction.
#[derive(Clone, Copy, Default)]
pub(super) struct Promise {
    cost: i64,
    saved: i64,
}

/// How much is expected of native code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Expectation {
    /// Hardly anything: compiling it early would not pay.
    Little,
    /// Something.
    Some,
    /// More than half of the time: it is compiled as soon as it is hot.
    Much,
}

/// Percent of the time that are hardly anything, and that are much.
const LITTLE: i64 = 35;
const MUCH: i64 = 60;

const fn of(cost: i64, saved: i64) -> Promise {
    Promise { cost, saved }
}

/// What the interpreter does for native code.
const STEP: Promise = of(60, -30);

impl Promise {
    /// Adds what was seen of a function.
    pub(super) fn add(&mut self, code: &[Instruction], profile: &[Seen]) {
        for (instruction, seen) in code.iter().zip(profile).filter(|(_, seen)| seen.count > 0) {
            let one = weigh(instruction, seen);
            self.cost += one.cost * i64::from(seen.count);
            self.saved += one.saved * i64::from(seen.count);
        }
    }

    pub(super) fn expectation(self) -> Expectation {
        match self.saved.saturating_mul(100) {
            saved if saved >= self.cost.saturating_mul(MUCH) && self.cost > 0 => Expectation::Much,
            saved if saved >= self.cost.saturating_mul(LITTLE) => Expectation::Some,
            _ => Expectation::Little,
        }
    }
}

/// An instruction, done once.
fn weigh(instruction: &Instruction, seen: &Seen) -> Promise {
    use Instruction as I;
    let are_numbers = seen.tags[0] & !NUMBERS == 0 && seen.tags[1] & !NUMBERS == 0;
    match instruction {
        I::Add { .. }
        | I::Sub { .. }
        | I::Mul { .. }
        | I::Div { .. }
        | I::Modulo { .. }
        | I::FloorDiv { .. }
        | I::BitAnd { .. }
        | I::BitOr { .. }
        | I::BitXor { .. }
        | I::ShiftLeft { .. }
        | I::ShiftRight { .. }
        | I::Negate { .. }
        | I::Less { .. }
        | I::LessEqual { .. }
        | I::BranchLess { .. }
        | I::BranchLessEqual { .. } => {
            if are_numbers {
                of(10, 8)
            } else {
                STEP
            }
        }
        I::Pow { .. } if are_numbers => of(40, 5),
        I::Equal { .. }
        | I::BranchEqual { .. }
        | I::BranchTruthy { .. }
        | I::BranchKind { .. }
        | I::IsTruthy { .. }
        | I::Not { .. }
        | I::Copy { .. }
        | I::Jump { .. }
        | I::BranchIf { .. }
        | I::ForPrepare { .. }
        | I::ForLoop { .. } => of(8, 6),
        I::CaptureGet { .. } | I::CaptureCellGet { .. } | I::CellGet { .. } | I::CurrentFunction { .. } => of(8, 5),
        I::CaptureCellSet { .. } | I::CellSet { .. } | I::ReturnValues { .. } => of(10, 5),
        I::Get { .. } => get(seen),
        I::Set { .. } => set(seen),
        I::GetMethod { .. } if seen.node < MANY_NODES => of(15, 9),
        I::GetMethod { .. } => of(25, 2),
        I::Length { .. } => of(15, 3),
        I::CallAny { .. }
        | I::CallAnyToOpen { .. }
        | I::CallAnyOpen { .. }
        | I::CallAnyOpenToOpen { .. }
        | I::TailCallAny { .. }
        | I::TailCallAnyOpen { .. } => call(seen),
        I::TableNew { .. } | I::Closure { .. } | I::CellNew { .. } => of(250, 5),
        I::Append { .. } | I::AppendOpen { .. } => of(80, 5),
        I::ForEach { .. } if seen.tags[1] == TABLE => of(40, 8),
        _ => STEP,
    }
}

fn get(seen: &Seen) -> Promise {
    match seen.tags[0] {
        TABLE if seen.found.is_power_of_two() && seen.found != NIL => of(12, 9),
        TABLE => of(20, 4),
        _ => STEP,
    }
}

fn set(seen: &Seen) -> Promise {
    let is_index = seen.tags[1] == 1 << Tag::INT.0;
    match seen.tags[0] {
        TABLE if seen.found & NIL == 0 => of(12, 8),
        TABLE if is_index => of(20, 10),
        TABLE => of(60, 0),
        _ => STEP,
    }
}

fn call(seen: &Seen) -> Promise {
    if seen.calls_guests && !seen.calls_others {
        of(30, 18)
    } else if seen.calls_slowly || seen.calls_guests {
        of(150, -20)
    } else if seen.numeric.is_some() {
        of(40, 35)
    } else {
        of(80, 5)
    }
}
