//! From the bytes of a chunk to a resolved tree, with the errors the reference implementation would report.
//!
//! The stages, each a module: `prepass` (tokens, grammar, names, a canonical text of the statements), `parse` (the text through
//! `full_moon`), `lower` (its tree, the tokens of expressions and what is known about tokens become [`hir`]). Nothing here
//! knows instructions or the machine.

mod error;
pub mod hir;
mod lower;
mod parse;
mod prepass;

pub use error::{SyntaxError, chunk_id};
pub use prepass::numeral::{Numeral, parse_numeral};

#[cfg(test)]
mod tests;

use minivm_isa::{Allowance, steps};
use std::thread;

/// Native stack of the thread that parses. The parser recurses on nested programs and so does dropping its tree; the
/// grammar check bounds the nesting so that this is enough in builds without optimisation too.
const STACK_BYTES: usize = 16 << 20;

/// Copies of the source that there may be at a time.
const COPIES: u64 = 4;
/// The resolved tree of a chunk.
///
/// `chunk_name` is what `load` takes: `@file`, `=name`, or any other text, usually the source itself.
///
/// # Errors
/// The first error in the chunk, worded as the reference implementation does.
pub fn parse_chunk(source: &[u8], chunk_name: impl AsRef<[u8]>) -> Result<hir::Chunk, SyntaxError> {
    parse_from(source, 0, chunk_name.as_ref())
}

/// The resolved tree of a file: as [`parse_chunk`], but a byte order mark and a first line that begins with `#` are
/// skipped, as `loadfile` does. Offsets in the tree still count from the first byte of the file.
///
/// # Errors
/// The first error in the file, worded as the reference implementation does.
pub fn parse_file(source: &[u8], chunk_name: impl AsRef<[u8]>) -> Result<hir::Chunk, SyntaxError> {
    parse_from(source, file_start(source), chunk_name.as_ref())
}

/// Where the program in a file begins. The line break that ends a skipped line stays, so that lines count right.
pub(crate) fn file_start(source: &[u8]) -> usize {
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    let start = if source.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    match source[start..].first() {
        Some(b'#') => source[start..].iter().position(|&byte| byte == b'\n').map_or(source.len(), |at| start + at),
        _ => start,
    }
}

fn parse_from(source: &[u8], start: usize, chunk_name: &[u8]) -> Result<hir::Chunk, SyntaxError> {
    let parse = || parse_here(source, start, chunk_name, &mut Allowance::default(), &mut Stack::large());
    on_large_stack(parse).unwrap_or_else(|error| {
        let detail = format!("cannot start the thread that parses: {error}");
        Err(SyntaxError::new(source, &chunk_id(chunk_name), 1, 0..0, detail.as_bytes()))
    })
}

/// How much native stack there is for a chunk.
pub(crate) struct Stack {
    /// Levels of nesting for which it suffices.
    levels_max: u32,
    /// Tokens for which it suffices: no tree is deeper.
    tokens_max: usize,
    /// Whether the chunk needs more: then there is no result.
    pub(crate) is_too_small: bool,
}

impl Stack {
    /// That of [`on_large_stack`], which suffices for every chunk.
    pub(crate) fn large() -> Self {
        Self { levels_max: prepass::LEVELS_MAX, tokens_max: usize::MAX, is_too_small: false }
    }

    /// That of whoever calls, of which little may be left: enough for most chunks that programs make while they run, which
    /// would take longer to hand to a thread than to compile.
    pub(crate) fn at_hand() -> Self {
        Self { levels_max: 10, tokens_max: 256, is_too_small: false }
    }
}

/// Parses on the native stack at hand.
/// What the tree takes is left taken of the allowance.
pub(crate) fn parse_here(
    source: &[u8],
    start: usize,
    chunk_name: &[u8],
    allowance: &mut Allowance,
    stack: &mut Stack,
) -> Result<hir::Chunk, SyntaxError> {
    let id = chunk_id(chunk_name);
    if u32::try_from(source.len()).is_err() {
        return Err(SyntaxError::new(source, &id, 1, 0..0, b"chunk has more than 4 GB"));
    }
    // Copies of the source: as text for the parser, in the program, and in messages that quote it.
    let copies = COPIES * (source.len() + chunk_name.len()) as u64;
    allowance.take(copies).map_err(|_| SyntaxError::new(source, &id, 1, 0..0, b"not enough memory"))?;
    let prepared = prepass::prepare(source, start, &id, allowance, stack).map_err(|error| *error)?;
    if prepared.tokens.len() > stack.tokens_max {
        stack.is_too_small = true;
        return Err(SyntaxError::new(source, &id, 1, 0..0, b"chunk is too long for this stack"));
    }
    let tree = prepared.tree_bytes;
    let chunk = lower::lower(source, prepared, chunk_name, &id).map_err(|error| *error);
    // Of the parser's tree and the tokens nothing is left.
    allowance.give_back(tree);
    chunk
}

/// Begins `work` on a thread with a large native stack.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn spawn_on_large_stack<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<thread::JoinHandle<T>> {
    thread::Builder::new().name("lua-compiler".to_owned()).stack_size(STACK_BYTES).spawn(work)
}

/// Runs `work` on a thread with a large native stack.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("lua-compiler".to_owned()).stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, || (work(), steps::taken()))?;
        let (result, taken) = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        steps::count(usize::try_from(taken).unwrap_or(usize::MAX));
        Ok(result)
    })
}
