//! Writes instructions on whole memories and tables, and jumps through a table: each for itself, never in a tree.

use super::tree::{Leaf, leaf};
use super::write::write_leaf;
use super::{Compiling, notes, settle};
use crate::handlers::typed::array_ranges::{ArrayCopy, ArrayFill, ArrayInitData, ArrayInitElement};
use crate::handlers::typed::bulk;
use crate::handlers::typed::bulk::*;
use crate::handlers::typed::ranges::{self, range};
use crate::handlers::typed::statement::statement;
use crate::handlers::typed::vector;
use crate::handlers::typed::word::Wide;
use crate::heap::ElementKind;
use crate::runtime::context::Handler;
use crate::threaded::notes::Shown;
use crate::threaded::rows;
use crate::value::Value;
use minivm_isa::entities::{Memory, Reg, Table};
use minivm_isa::operand::{IndexKind, OperandRef, Role};
use minivm_isa::{Instruction, Operand};

/// The handler for a statement over one address type.
macro_rules! by_width {
    ($wide:expr, $statement:ident) => {
        if $wide { statement::<bulk::$statement<u64>> } else { statement::<bulk::$statement<u32>> }
    };
}

/// The same for work on a range.
macro_rules! range_by_width {
    ($wide:expr, $work:ident) => {
        if $wide { range::<ranges::$work<u64>> } else { range::<ranges::$work<u32>> }
    };
}

/// The handler for a copy between two things that may have different address types: the length has the narrower one.
macro_rules! by_widths {
    ($to:expr, $from:expr, $work:ident) => {
        match ($to, $from) {
            (false, false) => range::<ranges::$work<u32, u32, u32>>,
            (false, true) => range::<ranges::$work<u32, u64, u32>>,
            (true, false) => range::<ranges::$work<u64, u32, u32>>,
            (true, true) => range::<ranges::$work<u64, u64, u64>>,
        }
    };
}

/// Writes instruction `at`. False when it is not one of these.
pub(super) fn emit(compiling: &mut Compiling, at: usize) -> bool {
    // The borrow of the function is longer than that of the loading, so instructions are at hand while code is written.
    let function = compiling.function;
    emit_memory(compiling, at, &function.code[at])
        || super::atomic::emit(compiling, at)
        || emit_table(compiling, at, &function.code[at])
        || emit_array(compiling, at, &function.code[at])
        || emit_vector(compiling, at, &function.code[at])
        || emit_wide(compiling, at, &function.code[at])
        || emit_branch_table(compiling, at, &function.code[at])
}

fn emit_memory(compiling: &mut Compiling, at: usize, instruction: &Instruction) -> bool {
    let wide = |memory: Memory| compiling.program.memories[memory].is_64;
    let bytes = |memory: Memory| compiling.instance.memory(memory) as usize as u64;
    match *instruction {
        Instruction::MemorySize { dst, memory } => {
            let (handler, pointer): (Handler, u64) = (by_width!(wide(memory), MemorySize), bytes(memory));
            write(compiling, at, handler, &[], &[pointer], Some(dst));
        }
        Instruction::MemoryGrow { dst, memory, pages } => {
            let (handler, pointer): (Handler, u64) = (by_width!(wide(memory), MemoryGrow), bytes(memory));
            write(compiling, at, handler, &[pages], &[pointer], Some(dst));
        }
        Instruction::MemoryFill { memory, address, value, length } => {
            let (handler, pointer): (Handler, u64) = (range_by_width!(wide(memory), MemoryFill), bytes(memory));
            write(compiling, at, handler, &[address, value, length], &[pointer], None);
        }
        Instruction::MemoryCopy { memory, source_memory, address, source, length } => {
            let handler: Handler = by_widths!(wide(memory), wide(source_memory), MemoryCopy);
            let pointers = [bytes(memory), bytes(source_memory)];
            write(compiling, at, handler, &[address, source, length], &pointers, None);
        }
        Instruction::MemoryInit { memory, data, address, source, length } => {
            let handler: Handler = range_by_width!(wide(memory), MemoryInit);
            let pointers = [bytes(memory), compiling.instance.data(data) as usize as u64];
            write(compiling, at, handler, &[address, source, length], &pointers, None);
        }
        Instruction::DataDrop { data } => {
            let pointer = compiling.instance.data(data) as usize as u64;
            write(compiling, at, statement::<DataDrop>, &[], &[pointer], None);
        }
        Instruction::DataCheck { data, source, length, size } => {
            let pointer = compiling.instance.data(data) as usize as u64;
            write(compiling, at, statement::<DataCheck>, &[source, length], &[pointer, size], None);
        }
        _ => return false,
    }
    true
}

fn emit_table(compiling: &mut Compiling, at: usize, instruction: &Instruction) -> bool {
    let wide = |table: Table| compiling.program.tables[table].is_64;
    let values = |table: Table| compiling.instance.table(table) as usize as u64;
    match *instruction {
        Instruction::TableGet { dst, table, index } => {
            let (handler, pointer): (Handler, u64) = (by_width!(wide(table), TableGet), values(table));
            write(compiling, at, handler, &[index], &[pointer], Some(dst));
        }
        Instruction::TableSet { table, index, src } => {
            let (handler, pointer): (Handler, u64) = (by_width!(wide(table), TableSet), values(table));
            write(compiling, at, handler, &[index, src], &[pointer], None);
        }
        Instruction::TableSize { dst, table } => {
            let (handler, pointer): (Handler, u64) = (by_width!(wide(table), TableSize), values(table));
            write(compiling, at, handler, &[], &[pointer], Some(dst));
        }
        Instruction::TableGrow { dst, table, src, count } => {
            let (handler, pointer): (Handler, u64) = (range_by_width!(wide(table), TableGrow), values(table));
            write(compiling, at, handler, &[src, count], &[pointer], Some(dst));
        }
        Instruction::TableFill { table, index, src, length } => {
            let (handler, pointer): (Handler, u64) = (range_by_width!(wide(table), TableFill), values(table));
            write(compiling, at, handler, &[index, src, length], &[pointer], None);
        }
        Instruction::TableCopy { table, source_table, index, source, length } => {
            let handler: Handler = by_widths!(wide(table), wide(source_table), TableCopy);
            let pointers = [values(table), values(source_table)];
            write(compiling, at, handler, &[index, source, length], &pointers, None);
        }
        Instruction::TableInit { table, element, index, source, length } => {
            let handler: Handler = range_by_width!(wide(table), TableInit);
            let pointers = [values(table), compiling.instance.element(element) as usize as u64];
            write(compiling, at, handler, &[index, source, length], &pointers, None);
        }
        Instruction::ElementDrop { element } => {
            let pointer = compiling.instance.element(element) as usize as u64;
            write(compiling, at, statement::<ElementDrop>, &[], &[pointer], None);
        }
        Instruction::ElementCheck { element, source, length } => {
            let pointer = compiling.instance.element(element) as usize as u64;
            write(compiling, at, statement::<ElementCheck>, &[source, length], &[pointer], None);
        }
        _ => return false,
    }
    true
}

fn emit_array(compiling: &mut Compiling, at: usize, instruction: &Instruction) -> bool {
    match *instruction {
        Instruction::ArrayFill { layout, object, index, src, length } => {
            let handler: Handler = match compiling.element(layout) {
                ElementKind::I8 | ElementKind::I16 | ElementKind::I32 | ElementKind::F32 => range::<ArrayFill<u32>>,
                ElementKind::I64 | ElementKind::F64 | ElementKind::Ref => range::<ArrayFill<u64>>,
                ElementKind::V128 => range::<ArrayFill<Wide>>,
                ElementKind::Any => range::<ArrayFill<Value>>,
            };
            write(compiling, at, handler, &[object, index, src, length], &[], None);
        }
        Instruction::ArrayCopy { object, index, source, source_index, length, .. } => {
            write(compiling, at, range::<ArrayCopy>, &[object, index, source, source_index, length], &[], None);
        }
        Instruction::ArrayInitData { object, index, data, source, length, .. } => {
            let pointer = compiling.instance.data(data) as usize as u64;
            write(compiling, at, range::<ArrayInitData<'_>>, &[object, index, source, length], &[pointer], None);
        }
        Instruction::ArrayInitElement { object, index, element, source, length, .. } => {
            let pointer = compiling.instance.element(element) as usize as u64;
            write(compiling, at, range::<ArrayInitElement<'_>>, &[object, index, source, length], &[pointer], None);
        }
        _ => return false,
    }
    true
}

fn emit_wide(compiling: &mut Compiling, at: usize, instruction: &Instruction) -> bool {
    let (handler, [low, high], inputs): (Handler, _, &[Operand]) = match *instruction {
        Instruction::I64MulWideS { low, high, lhs, rhs } => (statement::<I64MulWideS>, [low, high], &[lhs, rhs]),
        Instruction::I64MulWideU { low, high, lhs, rhs } => (statement::<I64MulWideU>, [low, high], &[lhs, rhs]),
        Instruction::I64Add128 { low, high, lhs_low, lhs_high, rhs_low, rhs_high } => {
            (statement::<I64Add128>, [low, high], &[lhs_low, lhs_high, rhs_low, rhs_high])
        }
        Instruction::I64Sub128 { low, high, lhs_low, lhs_high, rhs_low, rhs_high } => {
            (statement::<I64Sub128>, [low, high], &[lhs_low, lhs_high, rhs_low, rhs_high])
        }
        _ => return false,
    };
    write(compiling, at, handler, inputs, &[], Some(low));
    let slot = compiling.destination(at, high);
    compiling.asm.shows("high", || Shown::Word(slot));
    compiling.asm.u16(slot as u16);
    true
}

fn emit_vector(compiling: &mut Compiling, at: usize, instruction: &Instruction) -> bool {
    let opcode = instruction.opcode();
    let Some(mixed) = vector::handler::<vector::Mixed>(opcode) else { return false };
    let (mut inputs, mut lane, mut result) = (Vec::with_capacity(3), None, None);
    instruction.for_each_operand(|_, operand| match operand {
        OperandRef::In(input, _) => inputs.push(leaf(compiling, input)),
        OperandRef::Immediate(_, value) => lane = Some(value),
        OperandRef::Out(register, _) => result = Some(register),
        _ => {}
    });
    let simple = match inputs.iter().position(|input| input.slot.is_none()) {
        None => vector::handler::<vector::Registers>(opcode),
        Some(first) if first + 1 == inputs.len() => vector::handler::<vector::LastConstant>(opcode),
        Some(_) => None,
    };
    let inputs: Vec<_> = inputs.into_iter().map(Some).collect();
    write_leaves(compiling, (at, simple.unwrap_or(mixed)), &inputs, simple.is_none(), lane.as_slice(), result);
    true
}

/// Writes an instruction: its inputs, addresses of what it works on, its result.
pub(super) fn write(
    compiling: &mut Compiling,
    at: usize,
    handler: Handler,
    inputs: &[Operand],
    pointers: &[u64],
    dst: Option<Reg>,
) {
    let mut leaves: [Option<Leaf>; 5] = [None; 5];
    for (place, &input) in leaves.iter_mut().zip(inputs) {
        *place = Some(leaf(compiling, input));
    }
    write_leaves(compiling, (at, handler), &leaves, true, pointers, dst);
}

/// As [`write`], for inputs that are known; `either` says that the handler finds out what each of them is.
fn write_leaves(
    compiling: &mut Compiling,
    (at, handler): (usize, Handler),
    leaves: &[Option<Leaf>],
    either: bool,
    pointers: &[u64],
    dst: Option<Reg>,
) {
    compiling.asm.begin(handler, at);
    note(compiling, at, leaves, pointers);
    for input in leaves.iter().copied().flatten() {
        write_leaf(&mut compiling.asm, input, either);
    }
    for &pointer in pointers {
        compiling.asm.u64(pointer);
    }
    if let Some(dst) = dst {
        let slot = compiling.destination(at, dst);
        compiling.asm.shows("dst", || Shown::Word(slot));
        compiling.asm.u16(slot as u16);
    }
}

/// Notes what [`write`] writes, but the result.
fn note(compiling: &mut Compiling, at: usize, leaves: &[Option<Leaf>], pointers: &[u64]) {
    let info = compiling.function.code[at].info();
    compiling.asm.does(info.name);
    for ((name, pattern), input) in notes::inputs(info.operands).zip(leaves.iter().copied().flatten()) {
        compiling.asm.shows(name, || notes::leaf(input, Some(pattern)));
    }
    let others = info.operands.iter().filter(|(_, role)| matches!(role, Role::Index(_) | Role::Immediate(_)));
    // Types that an instruction names are in the choice of its handler.
    let is_written = |(_, role): &&(&str, Role)| !matches!(role, Role::Index(IndexKind::Layout));
    for ((name, role), &word) in others.filter(is_written).zip(pointers) {
        let is_number = matches!(role, Role::Immediate(_));
        compiling.asm.shows(name, || if is_number { Shown::Text(word.to_string()) } else { Shown::Address(word) });
    }
}

/// Writes a jump through a table whose index is a constant.
fn emit_branch_table(compiling: &mut Compiling, at: usize, instruction: &Instruction) -> bool {
    let Instruction::BranchTable { index, ref targets, default } = *instruction else { return false };
    let index = leaf(compiling, index);
    assert!(index.slot.is_none(), "there is a handler for registers");
    settle(compiling, at, 0);
    compiling.falls_through = false;
    let chosen = targets.get(index.bits[0] as usize).copied().unwrap_or(default);
    put!(compiling, at, rows::Jump { branch: compiling.branch_to(chosen) });
    true
}
