//! Threaded code for people: what the loader made of a function.

use crate::compile::plan::Plan;
use crate::runtime::context::Context;
use crate::runtime::definitions::InstanceId;
use crate::runtime::function::{Body, FunctionInfo};
use crate::threaded::Code;
use crate::threaded::stack_map::Fate;
use minivm_isa::entities::Func;
use std::fmt;

/// What the loader made of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadedForm {
    /// The threaded instructions in the order of their places.
    pub lines: Vec<ThreadedLine>,
    /// For each canonical instruction that is done inside of another one: inside of which.
    pub inside: Vec<Option<u32>>,
}

/// One threaded instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadedLine {
    /// Where it starts, in units of 16 bits from the entry of the function.
    pub offset: u32,
    /// Canonical index of the instruction that it does, or helps to do.
    pub canonical: u32,
    /// Address of its handler; the symbols of the executable have its name.
    pub handler: usize,
    /// Its operands, with what fills the last 8 bytes up.
    pub operands: Vec<u16>,
}

/// Why there is no threaded form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExplainError {
    /// The function is imported, or there is no function of this number.
    NoCode,
    /// The loader refuses it.
    NotLoaded(String),
}

impl fmt::Display for ExplainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExplainError::NoCode => f.write_str("the function has no code of its own"),
            ExplainError::NotLoaded(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for ExplainError {}

/// The instruction that an instruction is folded into, in the end.
fn root(plan: &Plan, index: usize) -> Option<u32> {
    let mut found = None;
    let mut at = index;
    while let Fate::Folded(into) = plan.fate(at) {
        found = Some(into);
        at = into as usize;
    }
    found
}

fn lines(code: &Code) -> Vec<ThreadedLine> {
    let instructions = code.instructions();
    let ends = instructions.iter().skip(1).map(|&(start, _)| start).chain([code.end()]);
    let line = |(&(start, canonical), end): (&(u32, u32), u32)| {
        let halves = code.halves(start, end);
        let (handler, operands) = halves.split_at(HANDLER_HALVES.min(halves.len()));
        let address = handler.iter().rev().fold(0, |address, &half| address << 16 | u64::from(half));
        ThreadedLine { offset: start, canonical, handler: address as usize, operands: operands.to_vec() }
    };
    instructions.iter().zip(ends).map(line).collect()
}

/// An instruction begins with the address of its handler.
const HANDLER_HALVES: usize = 4;

/// What the compiler makes of a function; see [`Machine::threaded_form`](crate::raw::Machine::threaded_form).
pub(crate) fn threaded_form(
    cx: &mut Context,
    instance: InstanceId,
    function: Func,
) -> Result<ThreadedForm, ExplainError> {
    let instance = cx.instance(instance);
    let info = instance.functions.get(function.as_u32() as usize).and_then(Option::as_ref);
    let info: *const FunctionInfo = &raw const **info.ok_or(ExplainError::NoCode)?;
    // SAFETY: functions live as long as the machine, in their own boxes.
    let info = unsafe { &*info };
    let Body::Guest(guest) = &info.body else { return Err(ExplainError::NoCode) };
    let refused = |error: crate::compile::LoadError| ExplainError::NotLoaded(error.to_string());
    let constants = crate::compile::make_constants(cx, guest).map_err(refused)?;
    let (code, plan) = crate::compile::translate(guest, info, constants, cx.main_memory_of, false).map_err(refused)?;
    let inside = (0..guest.portable().code.len()).map(|index| root(&plan, index)).collect();
    Ok(ThreadedForm { lines: lines(&code), inside })
}
