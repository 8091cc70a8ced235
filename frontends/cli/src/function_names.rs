//! The names that a program's text gives its functions: by what a closure is stored in first.

use minivm_isa::entities::{Func, Reg};
use minivm_isa::program::{Constant, Function, FunctionDef, Program};
use minivm_isa::{Instruction, Operand};
use std::collections::HashMap;

/// For each function that a closure is made of under a name, that name: of a variable, a field with what it is a field of
/// where that has a name (`shape.area`), or a constant of an instruction that stores it.
pub(crate) fn function_names(program: &Program) -> HashMap<Func, String> {
    let mut names = HashMap::new();
    for function in program.functions.values() {
        let FunctionDef::Code(code) = function else { continue };
        for (at, instruction) in code.code.iter().enumerate() {
            if let Instruction::Closure { dst, function: made, .. } = instruction
                && let Some(name) = stored_as(code, at, *dst)
            {
                names.entry(*made).or_insert(name);
            }
        }
    }
    names
}

/// The name that the closure made by instruction `at` is stored under.
fn stored_as(function: &Function, at: usize, closure: Reg) -> Option<String> {
    let rest = function.code.get(at + 1..)?;
    // The variable's scope begins behind the instructions that fill its register.
    let begins = |local: &&minivm_isa::program::Local| local.register == closure && local.start as usize == at + 1;
    if let Some(local) = function.locals.iter().find(begins) {
        return Some(local.name.clone());
    }
    let holds = |operand: Operand| operand.reg() == Some(closure);
    for (index, instruction) in rest.iter().enumerate() {
        match instruction {
            Instruction::Set { object, key, value } if holds(*value) => {
                let key = string(function, *key)?;
                return Some(match variable(function, at + 1 + index, object.reg()?) {
                    Some(object) => format!("{object}.{key}"),
                    None => key,
                });
            }
            Instruction::CellNew { dst, src } if holds(*src) => return variable(function, at + 2 + index, *dst),
            Instruction::CellSet { cell, src } if holds(*src) => {
                return variable(function, at + 1 + index, cell.reg()?);
            }
            Instruction::Copy { dst, src } if holds(*src) => return variable(function, at + 2 + index, *dst),
            _ => {}
        }
        let mut is_overwritten = false;
        instruction.for_each_def(|reg| is_overwritten |= reg == closure);
        if is_overwritten || instruction.info().effects.end {
            return None;
        }
    }
    None
}

/// The variable that a register is at an instruction.
fn variable(function: &Function, at: usize, register: Reg) -> Option<String> {
    let is_in_scope = |local: &&minivm_isa::program::Local| {
        local.register == register && (local.start as usize..local.end as usize).contains(&at)
    };
    function.locals.iter().rev().find(is_in_scope).map(|local| local.name.clone())
}

fn string(function: &Function, operand: Operand) -> Option<String> {
    match &function.constants[operand.constant()?] {
        Constant::String(bytes) => String::from_utf8(bytes.to_vec()).ok(),
        _ => None,
    }
}
