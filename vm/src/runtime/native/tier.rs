//! What a machine and its native tier hand to each other, as data.

use super::seen::Seen;
use minivm_isa::entities::{Block, Global, Memory, Table};
use minivm_isa::program::Function;
use minivm_isa::{Signature, Type};
use std::any::Any;
use std::collections::HashMap;
use std::fmt;

/// How native code is entered: `thunk(context, registers, fuel, body)`. It loads the parameters from the frame, calls the body,
/// and puts the results where the return place in the header of the frame says. It gives the fuel that is left, or [`GONE`].
#[cfg(target_arch = "x86_64")]
pub type NativeThunk = unsafe extern "sysv64" fn(*mut (), *mut u64, i64, *const u8) -> i64;
/// How native code is entered: `thunk(context, registers, fuel, body)`. It loads the parameters from the frame, calls the body,
/// and puts the results where the return place in the header of the frame says. It gives the fuel that is left, or [`GONE`].
#[cfg(not(target_arch = "x86_64"))]
pub type NativeThunk = unsafe extern "C" fn(*mut (), *mut u64, i64, *const u8) -> i64;

/// What native code returns in place of the fuel that is left when the interpreter has to go on: no budget is so far below zero.
pub const GONE: i64 = i64::MIN;

/// A compiled function, or loops of one.
pub struct NativeCode {
    /// What other native code calls.
    pub body: *const u8,
    /// What the interpreter calls.
    pub thunk: NativeThunk,
    /// Bytes of executable memory that it takes.
    pub bytes: usize,
    /// Time that compiling took, for figures only.
    pub nanoseconds: u64,
    /// Keeps the memory of both; dropped when no native code runs and nothing refers to it any more.
    pub memory: Box<dyn Any + Send>,
}

// SAFETY: code is read only, and its owner is `Send`.
unsafe impl Send for NativeCode {}

/// Why a function is not compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is larger than what compiles without a pause.
    TooLarge,
    /// There is no executable memory (left).
    NoMemory(String),
    /// Too much of it is left to the interpreter.
    Worthless,
    /// The compiler failed, which is a mistake in it.
    Failed(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TooLarge => f.write_str("too large to compile"),
            Refusal::NoMemory(why) => write!(f, "no executable memory: {why}"),
            Refusal::Worthless => f.write_str("the interpreter would do too much of it"),
            Refusal::Failed(why) => write!(f, "the compiler failed: {why}"),
        }
    }
}

/// A compiler of functions to machine code.
///
/// # Safety
/// The code does what the verified function of its job does, as this module describes, and touches nothing that the job does
/// not name.
pub unsafe trait NativeTier: Send {
    /// Begins to compile. It may be done at once, or elsewhere while the machine runs on.
    fn start(&mut self, ticket: u64, job: NativeJob);

    /// Something that is done, with the ticket of its start.
    fn finished(&mut self) -> Option<(u64, Result<NativeCode, Refusal>)>;
}

/// A function to compile.
pub struct NativeJob {
    /// Its name, for people.
    pub name: String,
    /// The verified function.
    pub function: Function,
    /// How it is called.
    pub signature: Signature,
    /// Whether the code is entered at the first instruction of the function.
    pub starts: bool,
    /// The heads of loops at which it is entered, too; see [`layout::START`](super::layout::START).
    pub heads: Vec<Block>,
    /// The word of each register in a frame.
    pub slots: Vec<u32>,
    /// The word of a frame where the registers of a callee begin.
    pub window: u32,
    /// Words that a frame must have.
    pub extent: u32,
    /// Calls, by their instruction.
    pub calls: HashMap<usize, CallJob>,
    /// Functions that it makes closures of, by the instruction.
    pub functions: HashMap<usize, u64>,
    /// Memories that it uses.
    pub memories: HashMap<Memory, MemoryJob>,
    /// Addresses of the tables that it uses, which begin with their view.
    pub tables: HashMap<Table, MemoryJob>,
    /// Globals that it uses.
    pub globals: HashMap<Global, GlobalJob>,
    /// Functions of the machine that code calls.
    pub helpers: Helpers,
    /// The values of the constants, as payload and tag; those that are not `any` are nil.
    pub constants: Vec<(u64, u32)>,
    /// The hashes of constants that are strings which are equal only when they are the same.
    pub short_strings: Vec<Option<u32>>,
    /// The address of the string `__index`.
    pub index_name: u64,
    /// What was seen at each instruction of `any` code; empty where nothing was.
    pub profile: Vec<Seen>,
    /// Whether code leaves where a table has something else at a key than was seen.
    pub guards_found: bool,
    /// Whether instructions that were not seen to run are left to the interpreter.
    pub leaves_unseen: bool,
    /// Whether it is refused where the interpreter would do too much of it.
    pub must_pay: bool,
}

/// A call.
pub struct CallJob {
    /// The signature of what is called.
    pub signature: Signature,
    /// The number of that signature in the machine.
    pub number: u32,
    /// The place that a call returns to, in baseline code; 0 for tail calls.
    pub place: u64,
    /// The address of the closure that is called; 0 when the instruction finds it.
    pub closure: u64,
    /// Of `any` code, the most parameters of the functions that were seen to be called.
    pub params: usize,
}

/// A memory, or a table.
#[derive(Clone, Copy)]
pub struct MemoryJob {
    /// Its address; it begins with where its bytes or elements are.
    pub address: u64,
    /// Whether its addresses have 64 bits.
    pub is_64: bool,
    /// Of a memory, the binary logarithm of the bytes of a page.
    pub page_bits: u8,
    /// Bytes that a memory has, and will always have: memories never shrink.
    pub length: u64,
}

/// A global.
#[derive(Clone, Copy)]
pub struct GlobalJob {
    /// The address of its words.
    pub address: u64,
    /// Its type.
    pub ty: Type,
}

/// Addresses of what native code calls of the machine. Each takes its arguments as 64-bit words and the fuel, and gives the fuel that
/// is left, or [`GONE`]: then it has done nothing, and the interpreter does the instruction.
#[derive(Clone, Copy, Debug)]
pub struct Helpers {
    /// `(memory, address, value, length, fuel)`.
    pub memory_fill: u64,
    /// `(memory, source memory, address, source, length, fuel)`.
    pub memory_copy: u64,
    /// `(context, registers, instruction, fuel)`: the interpreter does an instruction.
    pub step: u64,
    /// `(context, fuel)`: the fuel to go on with where that is negative; still negative where native code leaves.
    pub refuel: u64,
    /// `(context, table, key, payload, tag)`: stores a value at an integer key; 0 when only the interpreter can.
    pub table_set: u64,
    /// `(context, table, key, payload, tag)`: stores a value at a key that is a string; 0 when only the interpreter can.
    pub field_set: u64,
    /// `(context, cell, payload, tag)`: stores a value in a cell while the collector marks; gives 0.
    pub cell_set: u64,
    /// `(context, table, payload, tag, result)`: what a table has at a key goes to a place in the frame; 0 when only the
    /// interpreter can tell.
    pub table_get: u64,
    /// `(context, table, key)`: the node of a method of a table, or of strings where that is 0; 0 when only the interpreter can tell.
    pub method_node: u64,
    /// `(payload, tag, payload, tag)`: whether two values are equal, 0 or 1; negative when only the interpreter can tell.
    pub equal: u64,
    /// `(context, payload, tag)`: the length of a table or string; negative when only the interpreter can tell.
    pub length: u64,
    /// `(context, closure, arguments, count)`: calls the fast path of a host function. 1: the result is in place of the first
    /// argument; 0: there is none; negative: it is left to the interpreter.
    pub fast_path: u64,
    /// `(context, iterator, state, control, results, count)`, all but the count as places in the frame: one step of an iteration
    /// that the machine knows; 0 when only the interpreter can.
    pub iterate: u64,
    /// `(context, array slots, hash entries)`: a new table, or 0 when only the interpreter can make it.
    pub table_new: u64,
    /// `(context, table, first index, values, count, is end)`: stores values that lie in the frame, at the end of a list if that is
    /// not 0; 0 when only the interpreter can.
    pub table_list: u64,
    /// `(context, function, count)`: a new closure whose captured values are nil, or 0 when only the interpreter can make it.
    pub closure_new: u64,
    /// `(context, payload, tag)`: a new cell, or 0 when only the interpreter can make it.
    pub cell_new: u64,
    /// `(base, exponent)`, floats.
    pub power: u64,
    /// `(dividend, divisor)`, floats.
    pub modulo: u64,
}
