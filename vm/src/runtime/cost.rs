//! What loaded programs are charged for: their bytecode, the machine's tables about it, and the threaded code made of it.

use crate::heap::OutOfMemory;
use crate::memory::{LinearMemory, MemoryBudget, Segment, TableInstance};
use crate::runtime::function::{DERIVED_BYTES, GuestFunction};
use crate::runtime::instance::{GlobalCell, Instance};
use crate::threaded::Code;
use crate::threaded::boundary::BoundarySignature;
use crate::threaded::stack_map::StackMap;
use crate::value::Value;
use minivm_isa::Allowance;
use minivm_isa::limits::TYPE_DEPTH_MAX;
use minivm_isa::program::{Function, Program, SegmentMode};
use minivm_isa::size::{ALLOCATION_BYTES, list_bytes, program_bytes};

/// Bytes of code that may go over the limit: functions are loaded where nothing can be collected. The next safepoint does, and
/// holds the program to its limit.
const OVERDRAFT_BYTES: u64 = 1 << 20;

/// Bytes that a program takes in a machine, however many instances it has: its code, and its types as the machine knows them.
pub(crate) fn loaded_bytes(program: &Program) -> u64 {
    let signatures = program.signatures.values().map(minivm_isa::size::signature_bytes).sum::<u64>();
    let layouts = program.layouts.values().map(|layout| 6 * minivm_isa::size::layout_bytes(layout)).sum::<u64>();
    let types: usize = program.types.values().map(|ty| 8 + TYPE_DEPTH_MAX + ty.form.len() + ty.supertypes.len()).sum();
    let boundaries = list_bytes::<BoundarySignature>(program.signatures.len());
    program_bytes(program) + types as u64 * 40 + 2 * signatures + boundaries + layouts
}

/// Bytes that an instance of a program takes besides the program, but for its memories and tables, and for functions and code
/// that are made when they are first needed.
pub(crate) fn instance_bytes(program: &Program) -> u64 {
    let mut bytes = size_of::<Instance>() as u64 + 2 * list_bytes::<usize>(program.functions.len());
    let shared = |bytes: usize| ALLOCATION_BYTES + 3 * size_of::<usize>() as u64 + bytes as u64;
    bytes += program.globals.len() as u64 * shared(size_of::<GlobalCell>());
    bytes += program.memories.len() as u64 * shared(size_of::<LinearMemory>() + ALLOCATION_BYTES as usize);
    bytes += program.tables.len() as u64 * shared(size_of::<TableInstance>() + ALLOCATION_BYTES as usize);
    bytes += program.data.len() as u64 * shared(size_of::<Segment<u8>>());
    for element in program.elements.values() {
        bytes += shared(size_of::<Segment<Value>>());
        if matches!(element.mode, SegmentMode::Passive) {
            bytes += list_bytes::<Value>(element.values.len());
        }
    }
    bytes
}

/// What making a function of a program may take where nothing can be collected.
pub(crate) fn making_allowance(budget: &MemoryBudget) -> Allowance {
    Allowance::new(budget.maximum().saturating_add(OVERDRAFT_BYTES).saturating_sub(budget.used()))
}

/// Most bytes that making the threaded code of a function takes, besides the code itself.
pub(crate) fn loading_bytes(function: &Function) -> u64 {
    160 * function.code.len() as u64 + 64 * function.blocks.len() as u64 + 32 * function.registers.len() as u64
}

/// Bytes of a loaded function's code, and of what goes with it.
fn code_bytes(code: &Code, stack_map: &StackMap, function: &Function) -> u64 {
    code.bytes()
        + stack_map.bytes()
        + list_bytes::<Value>(function.constants.len())
        + DERIVED_BYTES
        + list_bytes::<u32>(function.registers.len())
}

/// Charges for the code of a function, unless that was done in the state that was loaded. What that says may be made up: it is
/// as much as the code takes then.
///
/// # Errors
/// When the limit does not allow it.
pub(crate) fn charge_code(
    budget: &MemoryBudget,
    guest: &GuestFunction,
    (code, stack_map): (&Code, &StackMap),
) -> Result<(), OutOfMemory> {
    let bytes = code_bytes(code, stack_map, guest.portable()).saturating_sub(guest.charged_bytes());
    if bytes == 0 {
        return Ok(());
    }
    if budget.used().saturating_add(bytes) > budget.maximum().saturating_add(OVERDRAFT_BYTES) {
        return Err(OutOfMemory { bytes: usize::try_from(bytes).unwrap_or(usize::MAX) });
    }
    guest.charge(bytes);
    Ok(())
}
