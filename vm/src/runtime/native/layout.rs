//! Where native code finds what it reads and writes, in bytes.

pub use super::reason::*;
use super::state::NativeState;
use crate::heap::{ArrayHeader, Closure, HashHeader};
use crate::memory::{MemoryView, TableView};
use crate::runtime::context::Context;
use crate::runtime::function::FunctionInfo;
use crate::threaded::{EntryHeader, NATIVE_BEFORE_ENTRY_BYTES, ReturnInfo};
use crate::value::{Tag, Value};
use std::mem::offset_of;

const fn state(offset: usize) -> i32 {
    (offset_of!(Context, native) + offset) as i32
}

/// In the context: the end of the stack; frames must stay below.
pub const STACK_END: i32 = offset_of!(Context, stack_end) as i32;
/// In the context: native code leaves when the native stack pointer is below this.
pub const NATIVE_LIMIT: i32 = state(offset_of!(NativeState, limit));
/// In the context: the fuel that is left where native code leaves.
pub const EXIT_FUEL: i32 = state(offset_of!(NativeState, exit_fuel));
/// In the context: the registers of the frame where it leaves.
pub const EXIT_REGS: i32 = state(offset_of!(NativeState, exit_regs));
/// In the context: the canonical instruction that the interpreter goes on with, with the reason above: `reason << AT_BITS | at`,
/// 32 bits.
pub const EXIT_AT: i32 = state(offset_of!(NativeState, exit_at));
/// Bits of the instruction in [`EXIT_AT`].
pub const AT_BITS: u32 = 24;
/// In the context: the closure that native code could not call; see [`REASON_CALLEE`].
pub const EXIT_CALLEE: i32 = state(offset_of!(NativeState, exit_callee));
/// In the context: a counter that tests let native code count down at checks, to leave where it gets to zero.
pub const FORCED: i32 = state(offset_of!(NativeState, forced));

/// In the context: the canonical instruction that comes after a step of the interpreter; from what enters `any` code, the number
/// above the tag of its result.
pub const NEXT: i32 = state(offset_of!(NativeState, next));
/// In the context: where code is entered, 0 at the first instruction of the function, else the number from 1 on of the loop.
/// Code that is entered at loops looks, and sets it back to 0.
pub const START: i32 = state(offset_of!(NativeState, start));
/// In the context: the number of values of the open list.
pub const OPEN_COUNT: i32 = offset_of!(Context, open_count) as i32;
/// In the context: whether overwritten references must be shown to the collector, 8 bits.
pub const MARKING: i32 = (offset_of!(Context, heap) + crate::heap::MARKING) as i32;

/// In the context: what may be allocated before the collector does a step; negative where it has to, at the next safepoint.
pub const HEAP_DEBT: i32 = (offset_of!(Context, heap) + crate::heap::DEBT) as i32;

/// In a closure: the entry of its threaded code.
pub const CLOSURE_CODE: i32 = offset_of!(Closure, code) as i32;
/// In a closure: its function.
pub const CLOSURE_FUNCTION: i32 = offset_of!(Closure, function) as i32;
/// In a closure: the first captured value.
pub const CLOSURE_CAPTURES: i32 = size_of::<Closure>() as i32;
/// In a cell: its value.
pub const CELL_VALUE: i32 = offset_of!(crate::heap::Cell, value) as i32;
/// In a table: the slots of the array part.
pub const HEAP_TABLE_ARRAY: i32 = offset_of!(crate::heap::Table, array) as i32;
/// In a table: the number of these slots, 32 bits.
pub const HEAP_TABLE_LENGTH: i32 = offset_of!(crate::heap::Table, array_len) as i32;
/// In a table: where slots lie that are in its own cell.
pub const HEAP_TABLE_INLINE_ARRAY: i32 = crate::heap::TABLE_BYTES as i32;
/// From slots in a cell of their own: the largest key that belongs there, 32 bits.
pub const ARRAY_SIZE: i32 = offset_of!(ArrayHeader, size) as i32 - size_of::<ArrayHeader>() as i32;
/// From such slots: where to look for a border first, 32 bits; at least the number of the last slot that was filled.
pub const ARRAY_HINT: i32 = offset_of!(ArrayHeader, hint) as i32 - size_of::<ArrayHeader>() as i32;
/// In a table: the nodes of the hash part.
pub const HEAP_TABLE_NODES: i32 = offset_of!(crate::heap::Table, nodes) as i32;
/// In a table: the number of these nodes less one, 32 bits.
pub const HEAP_TABLE_MASK: i32 = offset_of!(crate::heap::Table, mask) as i32;
/// From nodes: the metatable of their table.
pub const NODES_METATABLE: i32 = offset_of!(HashHeader, metatable) as i32 - size_of::<HashHeader>() as i32;
/// From nodes: flags of their table, 8 bits.
pub const NODES_FLAGS: i32 = offset_of!(HashHeader, flags) as i32 - size_of::<HashHeader>() as i32;
/// Those of these flags that say that there may be entries elsewhere.
pub const FLAGS_MORE: u8 = crate::heap::HAS_MORE;
/// Those of these flags that say that the array part has no slot that may just be filled.
pub const FLAGS_NO_FREE_SLOT: u8 = crate::heap::NO_FREE_SLOT;
/// Bytes of a node.
pub const NODE_BYTES: i32 = size_of::<crate::heap::Node>() as i32;
/// In a node: its value.
pub const NODE_VALUE: i32 = offset_of!(crate::heap::Node, value) as i32;
/// In a node: its key.
pub const NODE_KEY: i32 = offset_of!(crate::heap::Node, key) as i32;
/// In a node: how many nodes further the next of the chain is, 32 bits with a sign; 0 at the end.
pub const NODE_NEXT: i32 = offset_of!(crate::heap::Node, next) as i32;
/// In a node: the tag of the key, 8 bits.
pub const NODE_KEY_TAG: i32 = offset_of!(crate::heap::Node, key_tag) as i32;
/// In a node: the tag of the value, 8 bits.
pub const NODE_VALUE_TAG: i32 = offset_of!(crate::heap::Node, value_tag) as i32;
/// In a function: the number of its signature in the machine.
pub const FUNCTION_SIGNATURE: i32 = offset_of!(FunctionInfo, signature) as i32;
/// From an entry: the address of native code.
pub const ENTRY_NATIVE: i32 = -(NATIVE_BEFORE_ENTRY_BYTES as i32);
/// From an entry: the words that a frame needs, 32 bits.
pub const ENTRY_EXTENT: i32 = offset_of!(EntryHeader, extent) as i32 - size_of::<EntryHeader>() as i32;
/// From an entry: the number of `any` arguments that it may be entered with directly, 32 bits.
pub const ENTRY_PARAMS: i32 = offset_of!(EntryHeader, params) as i32 - size_of::<EntryHeader>() as i32;
/// In a memory: the address of its first byte.
pub const MEMORY_BASE: i32 = offset_of!(MemoryView, base) as i32;
/// In a memory: its length in bytes.
pub const MEMORY_LENGTH: i32 = offset_of!(MemoryView, length) as i32;
/// In a table: the address of its first element.
pub const TABLE_BASE: i32 = offset_of!(TableView, base) as i32;
/// In a table: the number of its elements.
pub const TABLE_LENGTH: i32 = offset_of!(TableView, length) as i32;
/// Bytes of an element of a table.
pub const ELEMENT_BYTES: i32 = size_of::<Value>() as i32;
/// In an element: its tag.
pub const ELEMENT_TAG: i32 = offset_of!(Value, tag) as i32;
/// The tag of functions.
pub const TAG_FUNCTION: u32 = Tag::FUNCTION.0;
/// The tag of `false`; that of `true` comes next.
pub const TAG_FALSE: u32 = Tag::FALSE.0;
/// The tag of `true`.
pub const TAG_TRUE: u32 = Tag::TRUE.0;
/// The tag of integers.
pub const TAG_INT: u32 = Tag::INT.0;
/// The tag of floats.
pub const TAG_FLOAT: u32 = Tag::FLOAT.0;
/// The tag of strings.
pub const TAG_STRING: u32 = Tag::STRING.0;
/// The tag of tables.
pub const TAG_TABLE: u32 = Tag::TABLE.0;
/// The tag of host objects.
pub const TAG_USERDATA: u32 = Tag::USERDATA.0;
/// The tag of cells.
pub const TAG_CELL: u32 = Tag::CELL.0;
/// The tag of nil.
pub const TAG_NIL: u32 = Tag::NIL.0;
/// From a return place: the word of the caller that takes the first result, 16 bits.
pub const RETURN_DST: i32 = offset_of!(ReturnInfo, dst) as i32 - size_of::<ReturnInfo>() as i32;
/// From a return place: the number of `any` results wanted, 16 bits.
pub const RETURN_RESULTS: i32 = offset_of!(ReturnInfo, results) as i32 - size_of::<ReturnInfo>() as i32;
/// The number of results wanted that stands for all of them.
pub const OPEN_RESULTS: u16 = crate::threaded::OPEN;
/// In the tag that `any` code returns: one more than the number of results begins at this bit, 0 for a single one that is returned
/// itself.
pub const COUNT_SHIFT: u32 = 8;
/// From a return place: words from the caller's registers to the callee's, 32 bits.
pub const RETURN_DELTA: i32 = offset_of!(ReturnInfo, delta) as i32 - size_of::<ReturnInfo>() as i32;
/// From the registers of a frame: its closure.
pub const FRAME_CLOSURE: i32 = -16;
/// From the registers of a frame: its return place.
pub const FRAME_PLACE: i32 = -8;

const _: () =
    assert!(size_of::<EntryHeader>() == 8 && size_of::<ReturnInfo>() == 8, "both are one word before a place");
