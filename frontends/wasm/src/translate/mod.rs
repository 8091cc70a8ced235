//! From a WebAssembly module to a MiniVM program.
//!
//! `wasmparser` reads and validates, one pass translates. A register stands for each wasm local, and one for each operand
//! stack position and type; reads of locals and constants cost nothing, because they stay on the operand stack unevaluated
//! until an instruction names them as its operand. What is here:
//!
//! | file | is |
//! |---|---|
//! | `module` | sections → program |
//! | `later` | functions that are translated when they are first called |
//! | `annotations` | names and lines of translated functions |
//! | `declared` | the types of a module |
//! | `initial` | constant expressions → initial values |
//! | `function` | one function body: registers, the deferred instruction, reading and writing locals |
//! | `operator` | what each operator does |
//! | `control` | blocks, branches, calls and returns |
//! | `exceptions` | `try_table`, `throw` and the older forms |
//! | `reference`, `cast` | references, structs and arrays; tests and casts |
//! | `shape` | the operators that are one instruction each, as a table |
//! | `compare` | comparisons as branches, inverses, and with sides exchanged |
//! | `vector` | vectors, as far as an operator is not one instruction |
//! | `stack` | the operand stack |
//! | `locals`, `local_set` | locals and their registers, sets of locals |
//! | `cleanup` | short cuts through jumps, unreachable blocks, zeros for locals |
//! | `names` | the name section |
//! | `lines`, `inlined` | DWARF: lines, calls that were inlined |
//! | `types` | value types and block types |
//! | `error` | [`WasmError`] |

mod annotations;
mod atomic;
mod cast;
mod cleanup;
mod compare;
mod control;
mod declared;
mod descriptors;
mod error;
mod exceptions;
mod function;
mod initial;
mod inlined;
mod later;
mod lines;
mod local_set;
mod locals;
mod module;
mod names;
mod operator;
mod reference;
mod shape;
mod stack;
mod types;
mod vector;
mod weight;

pub use error::{WasmError, WasmErrorKind, WasmPlace};
pub use inlined::inlined_calls;

use crate::features::Features;
use minivm_isa::bytes::FileBytes;
use minivm_isa::{Allowance, Program};
use std::borrow::Cow;
use std::path::Path;

/// Translates a binary module. `name` is what errors and positions call it.
///
/// The program is not verified yet. Accepted is core WebAssembly 1.0 with the supported ones of
/// [`PROPOSALS`](crate::features::PROPOSALS). Positions in the program are byte offsets in `bytes`, on line 1 of a source called
/// `name`.
///
/// # Errors
/// When the module is malformed or invalid, or uses something else of WebAssembly; never panics.
pub fn translate(bytes: &[u8], name: &str) -> Result<Program, WasmError> {
    translate_within(bytes, name, Features::default(), &mut Allowance::default())
}

/// As [`translate()`], with these features, in so much memory.
///
/// # Errors
/// As for [`translate()`], or when the allowance does not suffice: it says so then.
pub fn translate_within(
    bytes: &[u8],
    name: &str,
    features: Features,
    allowance: &mut Allowance,
) -> Result<Program, WasmError> {
    module::translate(bytes, name, features, allowance).map_err(|error| error.named(bytes, features))
}

/// As [`translate_within`], but functions are validated and translated when they are first called: one that is not valid, or not
/// supported, raises what is wrong with it then. What is not in functions is validated now. The memory for functions is taken when
/// they are made.
///
/// # Errors
/// As for [`translate_within`], as far as it is not about what functions do.
pub fn translate_later(
    bytes: impl Into<Box<dyn FileBytes>>,
    name: &str,
    features: Features,
    allowance: &mut Allowance,
) -> Result<Program, WasmError> {
    later::translate(bytes.into(), name, features, allowance)
}

/// Turns the text format into the binary format; what is binary already is handed back. `name` is for messages.
///
/// # Errors
/// When the text is malformed; the message says where.
pub fn parse_text<'a>(input: &'a [u8], name: &str) -> Result<Cow<'a, [u8]>, WasmError> {
    parse_text_within(input, name, &mut Allowance::default())
}

/// As [`parse_text`], in so much memory.
///
/// # Errors
/// As for [`parse_text`], or when the allowance does not suffice: it says so then.
pub fn parse_text_within<'a>(
    input: &'a [u8],
    name: &str,
    allowance: &mut Allowance,
) -> Result<Cow<'a, [u8]>, WasmError> {
    if input.starts_with(BINARY_MAGIC) {
        return Ok(input.into());
    }
    let taken = allowance.touch(weight::text_bytes(input));
    taken.map_err(|exhausted| WasmError::without_place(exhausted.to_string()))?;
    let text = std::str::from_utf8(input).map_err(|error| {
        WasmError::without_place(format!("{name}: the text is not UTF-8 at byte {:#x}", error.valid_up_to()))
    })?;
    let of_text = |error: wast::Error| WasmError::of_text(name, text, &error);
    let mut tokens = wast::parser::ParseBuffer::new(text).map_err(of_text)?;
    tokens.track_instr_spans(true);
    let mut module = wast::parser::parse::<wast::Wat<'_>>(&tokens).map_err(of_text)?;
    let mut options = wast::core::EncodeOptions::new();
    // To find a column takes as long as the line before it is: text that no person reads has no positions.
    if text.lines().all(|line| line.len() <= LINE_BYTES_MAX) {
        options.dwarf(Path::new(name), text, wast::core::GenerateDwarf::Lines);
    }
    options.encode_wat(&mut module).map(Cow::from).map_err(of_text)
}

/// Bytes of the longest line of text that has positions.
const LINE_BYTES_MAX: usize = 2048;

/// What a module in the binary format begins with.
const BINARY_MAGIC: &[u8] = b"\0asm";
