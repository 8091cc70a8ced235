//! Names of variables, found by looking at the code: which local, captured variable, field or global a register holds.

use super::words::Name;
use crate::runtime::context::Context;
use crate::runtime::function::Body;
use crate::runtime::function::GuestFunction;
use crate::runtime::walk::{Level, Walk};
use crate::threaded::Flow;
use crate::threaded::continuation::{Continuation, ContinuationKind};
use crate::value::Value;
use minivm_isa::entities::Reg;
use minivm_isa::operand::OperandRef;
use minivm_isa::program::{Constant, Function, FunctionDef};
use minivm_isa::{Input, Instruction, Operand, steps};

/// Values that are followed through copies.
const COPIES_MAX: usize = 8;
/// Keys up to this are named as integers.
const SMALL_KEY_MAX: i64 = 255;

/// What register or constant `operand` of instruction `at` is called.
pub(crate) fn name_of(guest: &GuestFunction, at: usize, operand: Operand) -> Option<Name> {
    match operand.input() {
        Input::Reg(reg) => name_of_register(guest, at, reg, COPIES_MAX),
        Input::Const(constant) => match &guest.portable().constants[constant] {
            Constant::String(bytes) => Some(("constant", text_of(bytes))),
            _ => None,
        },
    }
}

fn name_of_register(guest: &GuestFunction, at: usize, reg: Reg, copies: usize) -> Option<Name> {
    let function = guest.portable();
    let visible = guest.lookups().locals_at(at).into_iter().map(|index| &function.locals[index]);
    if let Some(local) = visible.rev().find(|local| local.register == reg) {
        return Some(("local", local.name.clone()));
    }
    let made_at = definition_before(function, at, reg)?;
    match &function.code[made_at] {
        Instruction::Get { object, key, .. } => {
            let global = is_environment(guest, made_at, *object);
            Some((if global { "global" } else { "field" }, name_of_key(function, *key)))
        }
        Instruction::GlobalGet { global, .. } => Some(("global", guest.program().global_name(*global)?.to_owned())),
        Instruction::GetMethod { key, .. } => Some(("method", name_of_key(function, *key))),
        Instruction::CaptureGet { index, .. } | Instruction::CaptureCellGet { index, .. } => {
            Some(("upvalue", function.capture_names.get(*index as usize)?.clone()))
        }
        Instruction::CurrentFunction { .. } => Some(("upvalue", name_of_itself(guest)?)),
        Instruction::CellGet { cell, .. } => match cell.input() {
            Input::Reg(cell) => name_of_register(guest, made_at, cell, copies.checked_sub(1)?),
            Input::Const(_) => None,
        },
        Instruction::Copy { src, .. } => match src.input() {
            Input::Reg(source) => name_of_register(guest, made_at, source, copies.checked_sub(1)?),
            Input::Const(_) => name_of(guest, made_at, *src),
        },
        _ => None,
    }
}

/// The variable that a function knows itself by: the local that its closure becomes.
fn name_of_itself(guest: &GuestFunction) -> Option<String> {
    // SAFETY: instances outlive their functions.
    let (outer, at) = unsafe { &*guest.instance }.closure_site(guest.index)?;
    let FunctionDef::Code(code) = &guest.program().functions[outer] else { return None };
    let Instruction::Closure { dst, .. } = &code.code[at] else { return None };
    // SAFETY: instances outlive their functions.
    let Body::Guest(outer) = (unsafe { &(*guest.instance).known_function(outer)?.body }) else { return None };
    let mut visible = outer.lookups().locals_at(at + 1).into_iter().map(|index| &code.locals[index]);
    let local = visible.find(|local| local.register == *dst && local.start as usize == at + 1)?;
    Some(local.name.clone())
}

/// Instructions before a place that are searched for what a register holds there: names in longer functions are not worth it.
const SEARCHED_MAX: usize = 1 << 16;

/// The instruction before `at` that has written a register last, unless it may have been jumped over.
fn definition_before(function: &Function, at: usize, reg: Reg) -> Option<usize> {
    let mut found = None;
    // Whether the code before this place is run depends on a jump.
    let mut jumped_to = 0;
    let start = at.saturating_sub(SEARCHED_MAX);
    steps::count(at - start);
    for (index, instruction) in (start..at).zip(&function.code[start..at]) {
        instruction.for_each_target(|target| {
            let target = function.blocks[target] as usize;
            if target <= at {
                jumped_to = jumped_to.max(target);
            }
        });
        instruction.for_each_def(|def| {
            if def == reg {
                found = (index >= jumped_to).then_some(index);
            }
        });
    }
    // What is made at the end of a block for a later one is the value of a choice, which has no name.
    found.filter(|&index| !matches!(function.code[index + 1], Instruction::Jump { .. }))
}

/// A string as a name in a message: up to its first zero byte, as in C.
fn text_of(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// What the element with this key is called.
fn name_of_key(function: &Function, key: Operand) -> String {
    match key.constant().map(|constant| &function.constants[constant]) {
        Some(Constant::String(bytes)) => text_of(bytes),
        // PUC Lua has an instruction for these keys, and names them so.
        Some(Constant::Integer(0..=SMALL_KEY_MAX)) => "integer index".to_string(),
        _ => "?".to_string(),
    }
}

/// Whether an operand is the table of globals.
fn is_environment(guest: &GuestFunction, at: usize, operand: Operand) -> bool {
    matches!(name_of(guest, at, operand), Some(("upvalue" | "local", name)) if name == "_ENV")
}

/// ` (kind 'name')` for an operand of the instruction at `at`, or nothing. `operand` is its name in the table of instructions;
/// for lists, a number follows after a dot.
pub(crate) fn describe_operand(cx: &Context, at: Flow, operand: &str) -> String {
    described(operand_name(cx, at, operand).as_ref())
}

/// ` (kind 'name')`, or nothing.
pub(crate) fn described(name: Option<&Name>) -> String {
    name.map_or(String::new(), |(kind, name)| format!(" ({kind} '{name}')"))
}

/// What an operand of the instruction at `at` is called, see [`describe_operand`].
pub(crate) fn operand_name(cx: &Context, at: Flow, operand: &str) -> Option<Name> {
    // SAFETY: `at` is the state of the running frame.
    let level = (!cx.is_machine_place(at.pc)).then(|| unsafe { Walk::new(cx, at, false).next() }).flatten();
    let Some((Level::Guest { guest, instruction, .. }, _)) = level else { return None };
    if guest.stands_for_host() {
        return None;
    }
    let function = guest.portable();
    // A threaded instruction may do several canonical ones; the first that has such an operand is meant.
    let end = function.block_range(function.block_of(instruction)).end;
    for index in instruction..end.min(instruction + 4) {
        if let Some(input) = find_operand(&function.code[index], operand) {
            return name_of(guest, index, input);
        }
    }
    None
}

fn find_operand(instruction: &Instruction, wanted: &str) -> Option<Operand> {
    let (name, index) = match wanted.split_once('.') {
        Some((name, index)) => (name, index.parse::<usize>().ok()?),
        None => (wanted, 0),
    };
    let mut found = None;
    instruction.for_each_operand(|operand_name, operand| {
        if operand_name == name {
            found = match operand {
                OperandRef::In(input, _) => Some(input),
                OperandRef::Ins(inputs, _) => inputs.get(index).copied(),
                OperandRef::InOut(reg, _) => Some(reg.into()),
                _ => None,
            };
        }
    });
    found
}

/// The message for calling something that cannot be called.
pub(crate) fn describe_callee(cx: &Context, at: Flow, callee: Value) -> String {
    let kind = super::type_name(cx, callee);
    let name = called_name(cx, at);
    let described = described(name.as_ref());
    super::note(cx, super::ErrorKind::Call, &[callee], name);
    format!("attempt to call a {kind} value{described}")
}

/// What the function is called that the call at `at` has called; `at` is a return place, or a continuation of an instruction.
pub(crate) fn call_site_name(cx: &Context, at: Flow) -> Option<Name> {
    // SAFETY: `at` is a live state of the stack.
    unsafe { name_called(Walk::new(cx, at, true)) }
}

/// What the running host function was called as, whose caller `walk` is about to give.
pub(crate) fn name_in_caller(walk: Walk) -> Option<Name> {
    // SAFETY: the walk starts at the running host function, and the stack has not changed since.
    unsafe { name_called(walk) }
}

/// What is called by the first level of a walk.
///
/// # Safety
/// The stack has not changed since the walk began.
unsafe fn name_called(mut walk: Walk) -> Option<Name> {
    // SAFETY: passed on.
    unsafe {
        let mut level = walk.next()?.0;
        if let Level::Continuation { continuation } = level {
            // Instructions that called a metamethod know, and so does a frame that has given itself up for the call.
            match Continuation::at(continuation).kind {
                ContinuationKind::Finaliser => return Some(("metamethod", "__gc".to_string())),
                ContinuationKind::Hook => return Some(("hook", "?".to_string())),
                ContinuationKind::Return
                | ContinuationKind::Store
                | ContinuationKind::StoreTruthy
                | ContinuationKind::Branch
                | ContinuationKind::Discard
                | ContinuationKind::Concat => level = walk.next()?.0,
                _ => return None,
            }
        }
        if let Level::Boundary { .. } = level {
            level = walk.next()?.0;
        }
        match level {
            Level::Host { continuation, .. } if Continuation::at(continuation).kind == ContinuationKind::Hook => {
                Some(("hook", "?".to_string()))
            }
            // What an error has ended calls nothing any more.
            Level::Guest { guest, instruction, .. } if !guest.cleans_up(instruction) => {
                name_called_by(guest, instruction)
            }
            _ => None,
        }
    }
}

fn called_name(cx: &Context, at: Flow) -> Option<Name> {
    if at.pc == cx.continuation_return() {
        return None;
    }
    // SAFETY: `at` is a live state of the stack.
    let mut walk = Walk::new(cx, at, false);
    // SAFETY: as above.
    let mut level = unsafe { walk.next() }?.0;
    if let Level::Boundary { .. } = level {
        // SAFETY: as above.
        level = unsafe { walk.next() }?.0;
    }
    let Level::Guest { guest, instruction, .. } = level else { return None };
    name_called_by(guest, instruction)
}

fn name_called_by(guest: &GuestFunction, at: usize) -> Option<Name> {
    if guest.stands_for_host() {
        return None;
    }
    let function = guest.portable();
    match &function.code[at] {
        Instruction::ForEach { .. } => Some(("for iterator", "for iterator".to_string())),
        Instruction::Call { function: callee, .. } | Instruction::TailCall { function: callee, .. } => {
            match &guest.program().functions[*callee] {
                FunctionDef::Code(code) => Some(("function", code.name.clone())),
                FunctionDef::Import { import, .. } => Some(("function", import.name.clone())),
            }
        }
        instruction => match instruction.callee() {
            Some(callee) => name_of(guest, at, callee).or_else(|| imported_metamethod(guest, at, callee)),
            None => instruction.info().facts.metamethod.map(|name| ("metamethod", name.to_string())),
        },
    }
}

/// The metamethod that an imported function stands for, which is named like one.
fn imported_metamethod(guest: &GuestFunction, at: usize, callee: Operand) -> Option<Name> {
    let function = guest.portable();
    let made_at = definition_before(function, at, callee.reg()?)?;
    let Instruction::RefFunc { function: named, .. } = &function.code[made_at] else { return None };
    match &guest.program().functions[*named] {
        FunctionDef::Import { import, .. } => Some(("metamethod", import.name.strip_prefix("__")?.to_string())),
        FunctionDef::Code(_) => None,
    }
}
