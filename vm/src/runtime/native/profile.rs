//! What a short run in baseline code has seen of `any` code: kinds of operands, callees, places of fields.
//!
//! The run goes on meanwhile, one canonical instruction at a time, as a debugger would have it: nothing of it changes.

use super::seen::{HOPS_MAX, MANY_NODES, MANY_OPEN, NO_NODE, NO_OPEN, OPERANDS, Seen};
use crate::heap::{Closure, Str, Table};
use crate::runtime::context::{Context, Status};
use crate::runtime::function::{Body, FunctionInfo, GuestFunction};
use crate::runtime::host::Intrinsic;
use crate::runtime::metamethod::Metamethod;
use crate::runtime::stepping::function_of;
use crate::threaded::operands::get_any;
use crate::threaded::{Regs, UNPAID_MAX};
use crate::value::{Tag, Value};
use minivm_isa::operand::OperandRef;
use minivm_isa::{Input, Instruction, Operand, Type};

/// Canonical instructions of one such run.
const STEPS: u64 = 3000;

/// Runs some instructions one by one and notes what they see.
pub(super) fn run(cx: &mut Context) {
    cx.stepping = true;
    for _ in 0..STEPS {
        let has_fuel = !cx.is_limited || cx.fuel > UNPAID_MAX;
        if !has_fuel || !matches!(cx.status, Status::OutOfFuel | Status::Stepped) || cx.run.owed > 0 {
            break;
        }
        // SAFETY: a run that has stopped stands in a frame, or at a place of the machine.
        unsafe { note(cx) };
        cx.steps = 1;
        cx.run_once(0);
    }
    cx.stepping = false;
    cx.steps = u64::MAX;
    if cx.status == Status::Stepped {
        cx.status = Status::OutOfFuel;
    }
}

/// # Safety
/// The run has stopped.
unsafe fn note(cx: &Context) {
    if cx.pc.is_null() || cx.is_machine_place(cx.pc) {
        return;
    }
    // SAFETY: the run stands in a guest frame.
    let (_, guest) = unsafe { function_of(cx.regs) };
    if !guest.is_baseline(cx.pc) {
        return;
    }
    // SAFETY: the frame is complete before an instruction of baseline code.
    unsafe { note_at(cx, guest, cx.regs, guest.baseline_stop(cx.pc)) };
}

/// Notes what an instruction is about to see.
///
/// # Safety
/// `regs` are those of a frame of the function that is complete before its instruction `at`.
pub(super) unsafe fn note_at(cx: &Context, guest: &GuestFunction, regs: Regs, at: usize) {
    let native = guest.native().get();
    native.noted.set(native.noted.get().saturating_add(1));
    let mut profile = native.profile.borrow_mut();
    let code = &guest.portable().code;
    if profile.is_empty() {
        profile.resize(code.len(), Seen::NOTHING);
    }
    let seen = &mut profile[at];
    seen.count = seen.count.saturating_add(1);
    if code[at].info().effects.takes_open {
        let open = u32::try_from(cx.open_count).unwrap_or(MANY_OPEN);
        seen.open = if seen.open == NO_OPEN || seen.open == open { open } else { MANY_OPEN };
    }
    // SAFETY: passed on.
    unsafe { note_instruction(cx, guest, regs, &code[at], seen) };
}

/// # Safety
/// `regs` are those of a frame of the function that is about to do the instruction in baseline code.
unsafe fn note_instruction(
    cx: &Context,
    guest: &GuestFunction,
    regs: Regs,
    instruction: &Instruction,
    seen: &mut Seen,
) {
    // SAFETY: passed on.
    let value = |operand| unsafe { value_of(guest, regs, operand) };
    let mut index = 0;
    instruction.for_each_operand(|_, operand| {
        let mut look = |operand: Operand| {
            if let Some(value) = value(operand)
                && index < OPERANDS
            {
                seen.tags[index] |= 1 << value.tag().0;
                index += 1;
            }
        };
        match operand {
            OperandRef::In(operand, _) => look(operand),
            OperandRef::InOut(reg, _) => look(reg.into()),
            OperandRef::Ins(operands, _) => operands.iter().copied().for_each(look),
            _ => {}
        }
    });
    match instruction {
        Instruction::Get { object, key, .. } | Instruction::Set { object, key, .. } => {
            if let (Some(object), Some(key_value)) = (value(*object), value(*key)) {
                if key.constant().is_some() {
                    note_field(object, key_value, seen);
                }
                note_found(object, key_value, seen);
            }
        }
        Instruction::GetMethod { object, key, .. } => {
            if let (Some(object), Some(key)) = (value(*object), value(*key)) {
                note_method(cx, object, key, seen);
            }
        }
        Instruction::CallAny { callee, .. }
        | Instruction::CallAnyToOpen { callee, .. }
        | Instruction::CallAnyOpen { callee, .. }
        | Instruction::CallAnyOpenToOpen { callee, .. }
        | Instruction::TailCallAny { callee, .. }
        | Instruction::TailCallAnyOpen { callee, .. } => {
            if let Some(callee) = value(*callee) {
                note_callee(guest, callee, seen);
            }
        }
        _ => {}
    }
}

fn note_field(object: Value, key: Value, seen: &mut Seen) {
    let (Some(table), Some(key)) = (object.as_table(), key.as_string()) else { return };
    // SAFETY: the operands are reachable from the frame.
    let Some(index) = (unsafe { Table::find_str_index(table, key) }) else { return };
    seen.node = if seen.node == NO_NODE || seen.node == index { index } else { MANY_NODES };
}

fn note_method(cx: &Context, object: Value, key: Value, seen: &mut Seen) {
    let (Some(table), Some(key)) = (object.as_table(), key.as_string()) else { return };
    let found = find_method(cx, table, key);
    if found.is_some_and(|found| seen.node == NO_NODE || found == (seen.node, seen.behind)) {
        (seen.node, seen.behind) = found.expect("it was just looked at");
    } else {
        seen.node = MANY_NODES;
    }
}

/// The places of a method and of what leads to it.
fn find_method(cx: &Context, mut table: *mut Table, key: *mut Str) -> Option<(u32, [u32; HOPS_MAX])> {
    let mut behind = [NO_NODE; HOPS_MAX];
    let name = cx.metamethods[Metamethod::Index as usize];
    // SAFETY: the object is reachable from the frame, and its metatables with it; the names are roots, and indices those of nodes.
    unsafe {
        for hop in 0..=HOPS_MAX {
            let index = Table::find_str_index(table, key);
            if let Some(index) =
                index.filter(|&index| (*(*table).nodes.add(index as usize)).value_tag != Tag::NIL.0 as u8)
            {
                return Some((index, behind));
            }
            let metatable = Table::metatable(table);
            if hop == HOPS_MAX || Table::has_more(table) || metatable.is_null() {
                return None;
            }
            let index = Table::find_str_index(metatable, name)?;
            table = (*(*metatable).nodes.add(index as usize)).value().as_table()?;
            behind[hop] = index;
        }
    }
    None
}

fn note_found(object: Value, key: Value, seen: &mut Seen) {
    let Some(table) = object.as_table() else { return };
    // SAFETY: the operands are reachable from the frame; slots below the length hold values.
    let tag = unsafe {
        let index = key.payload().wrapping_sub(1);
        if key.tag() == Tag::INT && index < u64::from((*table).array_len) {
            (*(*table).array.add(index as usize)).tag
        } else if key.tag() == Tag::INT {
            Tag::NIL
        } else {
            let node = Table::peek(table, key);
            if node.is_null() { Tag::NIL } else { Tag(u32::from((*node).value_tag)) }
        }
    };
    seen.found |= 1 << tag.0;
}

fn note_callee(caller: &GuestFunction, callee: Value, seen: &mut Seen) {
    if callee.tag() != Tag::FUNCTION {
        (seen.calls_others, seen.calls_slowly) = (true, true);
        return;
    }
    let closure: *const Closure = callee.pointer().cast();
    // SAFETY: the callee is reachable from the frame; closures point to functions.
    let (address, info) = unsafe { ((*closure).function, &*(*closure).function.cast::<FunctionInfo>()) };
    let exposed = address.expose_provenance() as u64;
    match &info.body {
        Body::Guest(guest) => {
            seen.calls_guests = true;
            if let Some(place) = seen.guests.iter_mut().find(|seen| **seen == 0 || **seen == exposed) {
                *place = exposed;
                caller.native().get().note_callee(exposed, guest.native());
            }
            return;
        }
        Body::Host(host) => {
            seen.calls_slowly |= host.intrinsic.and_then(Intrinsic::fast_path).is_none();
            seen.numeric = match host.intrinsic {
                Some(Intrinsic::Numeric(numeric, _)) => Some(numeric),
                _ => None,
            };
        }
        Body::Bridge(_) => seen.calls_slowly = true,
    }
    seen.calls_others = true;
    seen.host = if seen.host == 0 || seen.host == exposed { exposed } else { 1 };
}

/// An `any` operand.
///
/// # Safety
/// As for [`note_instruction`].
unsafe fn value_of(guest: &GuestFunction, regs: Regs, operand: Operand) -> Option<Value> {
    match operand.input() {
        Input::Reg(reg) if guest.portable().registers[reg] == Type::Any => {
            // SAFETY: it is an `any` register of the frame.
            let value = unsafe { get_any(regs, guest.slots().of(reg) as usize) };
            Some(value)
        }
        Input::Reg(_) => None,
        Input::Const(constant) => {
            let is_any = guest.portable().constants[constant].ty() == Type::Any;
            guest.constants().filter(|_| is_any).map(|constants| constants[constant.as_u32() as usize])
        }
    }
}
