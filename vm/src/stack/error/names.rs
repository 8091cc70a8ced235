//! Names of variables, found by looking at the code: which local, captured variable, field or global a register holds.

use crate::context::Context;
use crate::dispatch::Flow;
use crate::function::GuestFunction;
use crate::stack::record::{Record, RecordKind};
use crate::stack::walk::{Level, Walk};
use crate::value::Value;
use minivm_isa::entities::Reg;
use minivm_isa::operand::OperandRef;
use minivm_isa::program::{Constant, Function};
use minivm_isa::{Input, Instruction, Operand};

/// What a value is called in the source: kind ("local", "global", "field", …) and name.
pub(crate) type Name = (&'static str, String);

/// Values that are followed through copies.
const COPIES_MAX: usize = 8;

/// What register or constant `operand` of instruction `at` is called.
pub(crate) fn name_of(function: &Function, at: usize, operand: Operand) -> Option<Name> {
    match operand.input() {
        Input::Reg(reg) => name_of_register(function, at, reg, COPIES_MAX),
        Input::Const(constant) => match &function.constants[constant] {
            Constant::String(bytes) => Some(("constant", String::from_utf8_lossy(bytes).into_owned())),
            _ => None,
        },
    }
}

fn name_of_register(function: &Function, at: usize, reg: Reg, copies: usize) -> Option<Name> {
    let visible = |local: &&minivm_isa::program::Local| {
        local.register == reg && (local.start as usize) <= at && at < local.end as usize
    };
    if let Some(local) = function.locals.iter().rfind(visible) {
        return Some(("local", local.name.clone()));
    }
    let start = function.block_range(function.block_of(at)).start;
    let (made_at, made) = (start..at).rev().map(|index| (index, &function.code[index])).find(|(_, instruction)| {
        let mut writes = false;
        instruction.for_each_def(|def| writes |= def == reg);
        writes
    })?;
    match made {
        Instruction::Get { object, key, .. } => {
            let key = constant_string(function, *key)?;
            let global = is_environment(function, made_at, *object);
            Some((if global { "global" } else { "field" }, key))
        }
        Instruction::GetMethod { key, .. } => Some(("method", constant_string(function, *key)?)),
        Instruction::CaptureGet { index, .. } | Instruction::CaptureCellGet { index, .. } => {
            Some(("upvalue", function.capture_names.get(*index as usize)?.clone()))
        }
        Instruction::CellGet { cell, .. } => match cell.input() {
            Input::Reg(cell) => name_of_register(function, made_at, cell, copies.checked_sub(1)?),
            Input::Const(_) => None,
        },
        Instruction::Copy { src, .. } => match src.input() {
            Input::Reg(source) => name_of_register(function, made_at, source, copies.checked_sub(1)?),
            Input::Const(_) => name_of(function, made_at, *src),
        },
        _ => None,
    }
}

fn constant_string(function: &Function, operand: Operand) -> Option<String> {
    match &function.constants[operand.constant()?] {
        Constant::String(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

/// Whether an operand is the table of globals.
fn is_environment(function: &Function, at: usize, operand: Operand) -> bool {
    matches!(name_of(function, at, operand), Some(("upvalue" | "local", name)) if name == "_ENV")
}

/// ` (kind 'name')` for an operand of the instruction at `at`, or nothing. `operand` is its name in the table of instructions;
/// for lists, a number follows after a dot.
pub(crate) fn describe_operand(cx: &Context, at: Flow, operand: &str) -> String {
    // SAFETY: `at` is the state of the running frame.
    let level = (!cx.is_machine_place(at.pc)).then(|| unsafe { Walk::new(cx, at, false).next() }).flatten();
    let Some((Level::Guest { guest, instruction, .. }, _)) = level else { return String::new() };
    let function = guest.portable();
    // A threaded instruction may do several canonical ones; the first that has such an operand is meant.
    let end = function.block_range(function.block_of(instruction)).end;
    for index in instruction..end.min(instruction + 4) {
        if let Some(input) = find_operand(&function.code[index], operand) {
            return match name_of(function, index, input) {
                Some((kind, name)) => format!(" ({kind} '{name}')"),
                None => String::new(),
            };
        }
    }
    String::new()
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
    let name = match called_name(cx, at, false) {
        Some((kind, name)) => format!(" ({kind} '{name}')"),
        None => String::new(),
    };
    format!("attempt to call a {kind} value{name}")
}

/// What the function is called that the call at `at` has called; `at` is a return place.
pub(crate) fn call_site_name(cx: &Context, at: Flow) -> Option<Name> {
    called_name(cx, at, true)
}

/// What the running host function was called as, whose caller `walk` is about to give.
pub(crate) fn name_in_caller(mut walk: Walk) -> Option<Name> {
    // SAFETY: the walk starts at the running host function, and the stack has not changed since.
    unsafe {
        let mut level = walk.next()?.0;
        if let Level::Record { record } = level {
            // A frame that has given itself up for the call still knows.
            if Record::at(record).kind != RecordKind::Return {
                return None;
            }
            level = walk.next()?.0;
        }
        if let Level::Border { .. } = level {
            level = walk.next()?.0;
        }
        let Level::Guest { guest, instruction, .. } = level else { return None };
        name_called_by(guest, instruction)
    }
}

fn called_name(cx: &Context, at: Flow, calling: bool) -> Option<Name> {
    if at.pc == cx.record_return() {
        return None;
    }
    // SAFETY: `at` is a live state of the stack.
    let mut walk = Walk::new(cx, at, calling);
    // SAFETY: as above.
    let mut level = unsafe { walk.next() }?.0;
    if let Level::Border { .. } = level {
        // SAFETY: as above.
        level = unsafe { walk.next() }?.0;
    }
    let Level::Guest { guest, instruction, .. } = level else { return None };
    name_called_by(guest, instruction)
}

fn name_called_by(guest: &GuestFunction, at: usize) -> Option<Name> {
    let function = guest.portable();
    match &function.code[at] {
        Instruction::ForEach { .. } => Some(("for iterator", "for iterator".to_string())),
        Instruction::Call { function: callee, .. } | Instruction::TailCall { function: callee, .. } => {
            match &guest.program().functions[*callee] {
                minivm_isa::program::FunctionDef::Code(code) => Some(("function", code.name.clone())),
                minivm_isa::program::FunctionDef::Import { import, .. } => Some(("function", import.name.clone())),
            }
        }
        instruction => {
            let callee = find_operand(instruction, "callee")?;
            name_of(function, at, callee)
        }
    }
}
