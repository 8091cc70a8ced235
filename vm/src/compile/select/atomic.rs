//! Writes atomic accesses, and waits on memories: each for itself, never in a tree.

use super::Compiling;
use super::bulk::write;
use crate::handlers::typed::atomic;
use crate::handlers::typed::statement::statement;
use crate::runtime::context::Handler;
use minivm_isa::Instruction;
use minivm_isa::entities::Memory;

/// The handler for a statement over one address type.
macro_rules! by_width {
    ($wide:expr, $statement:ident) => {
        if $wide { statement::<atomic::$statement<u64>> } else { statement::<atomic::$statement<u32>> }
    };
}

/// Writes the rows that change a number by an operator.
macro_rules! updates {
    ($compiling:ident, $at:ident, $instruction:expr, $($row:ident)*) => {
        match $instruction {
            $(Instruction::$row { dst, memory, address, offset, src, size } => {
                let (wide, pointer) = place($compiling, memory);
                let handler: Handler = by_width!(wide, $row);
                write($compiling, $at, handler, &[address, src], &[pointer, offset, bytes(stringify!($row), size)], Some(dst));
                return true;
            })*
            _ => {}
        }
    };
}

/// Writes the rows that change a number if it is the expected one.
macro_rules! exchanges {
    ($compiling:ident, $at:ident, $instruction:expr, $($row:ident)*) => {
        match $instruction {
            $(Instruction::$row { dst, memory, address, offset, expected, src, size } => {
                let (wide, pointer) = place($compiling, memory);
                let handler: Handler = by_width!(wide, $row);
                write($compiling, $at, handler, &[address, expected, src], &[pointer, offset, bytes(stringify!($row), size)], Some(dst));
                return true;
            })*
            _ => {}
        }
    };
}

/// The bytes of the number that a row works on, by its name and its `size`.
fn bytes(row: &str, size: u64) -> u64 {
    1 << if row.starts_with("I32") { size % 3 } else { size % 4 }
}

/// Whether a memory has wide addresses, and where it is.
fn place(compiling: &Compiling, memory: Memory) -> (bool, u64) {
    (compiling.program.memories[memory].is_64, compiling.instance.memory(memory) as usize as u64)
}

/// Writes instruction `at`. False when it is not one of these.
pub(super) fn emit(compiling: &mut Compiling, at: usize) -> bool {
    let instruction = &compiling.function.code[at];
    updates! { compiling, at, *instruction,
        I32AtomicAdd I32AtomicSub I32AtomicAnd I32AtomicOr I32AtomicXor I32AtomicExchange
        I64AtomicAdd I64AtomicSub I64AtomicAnd I64AtomicOr I64AtomicXor I64AtomicExchange
    }
    exchanges! { compiling, at, *instruction, I32AtomicCompareExchange I64AtomicCompareExchange }
    match *instruction {
        Instruction::AddressAlign { memory, address, offset, size } => {
            let (wide, pointer) = place(compiling, memory);
            let handler: Handler = by_width!(wide, AddressAlign);
            write(compiling, at, handler, &[address], &[pointer, offset, bytes("I64", size)], None);
        }
        Instruction::MemoryNotify { dst, memory, address, offset, count } => {
            let (wide, pointer) = place(compiling, memory);
            let handler: Handler = by_width!(wide, MemoryNotify);
            write(compiling, at, handler, &[address, count], &[pointer, offset], Some(dst));
        }
        Instruction::MemoryWaitI32 { dst, memory, address, offset, expected } => {
            let (wide, pointer) = place(compiling, memory);
            let handler: Handler = by_width!(wide, MemoryWaitI32);
            write(compiling, at, handler, &[address, expected], &[pointer, offset], Some(dst));
        }
        Instruction::MemoryWaitI64 { dst, memory, address, offset, expected } => {
            let (wide, pointer) = place(compiling, memory);
            let handler: Handler = by_width!(wide, MemoryWaitI64);
            write(compiling, at, handler, &[address, expected], &[pointer, offset], Some(dst));
        }
        _ => return false,
    }
    true
}
