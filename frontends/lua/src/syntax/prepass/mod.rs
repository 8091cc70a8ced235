//! The pass in front of the parser: tokens, a complete check of the grammar and of names, and a text the parser reads.
//!
//! The parser (`full_moon`) rejects some valid programs, accepts some invalid ones, words its errors in its own way and
//! recurses without a limit. So this pass is the judge: it reads the chunk once as the reference implementation does
//! and reports what that would report. A chunk that passes is handed on in a canonical spelling that the parser cannot
//! get wrong; see [`canonical`].

mod canonical;
mod checker;
mod expressions;
mod interner;
mod labels;
mod lexer;
mod literal;
pub(super) mod numeral;
mod scope;
mod statements;
mod token;
mod weight;

pub(super) use canonical::Canonical;
pub(super) use checker::{LEVELS_MAX, error_near, limit_message};
pub(super) use expressions::{UNARY_PRIORITY, binary_priority, is_suffix, is_unary};
pub(super) use scope::Use;
pub(super) use token::{Token, TokenIndex, TokenKind, TokenValue};

use super::Stack;
use super::error::SyntaxError;
use super::hir::{FunctionId, Label, LabelId, Local, LocalId, StringId};
use cranelift_entity::PrimaryMap;
use minivm_isa::Allowance;

/// Tokens that the parser gets a short text for.
struct Elision {
    start: TokenIndex,
    /// The token after the last one.
    end: TokenIndex,
    /// What stands for them; nothing if it is empty.
    text: &'static str,
}

/// A chunk that is valid, and all that is known about its tokens.
pub(super) struct Prepared {
    /// The tokens, with the end of the source as last one.
    pub(super) tokens: PrimaryMap<TokenIndex, Token>,
    /// What names, labels and `function` tokens stand for.
    pub(super) uses: PrimaryMap<TokenIndex, Use>,
    /// Names and string literals.
    pub(super) strings: PrimaryMap<StringId, Box<[u8]>>,
    /// Local variables; the environment first.
    pub(super) locals: PrimaryMap<LocalId, Local>,
    /// Labels.
    pub(super) labels: PrimaryMap<LabelId, Label>,
    /// The environment around the chunk.
    pub(super) environment: LocalId,
    /// The last token of each function, in the order of their first ones; of the main function the first.
    pub(super) function_ends: PrimaryMap<FunctionId, TokenIndex>,
    /// What the parser does not see, in the order of first tokens. One may lie within another.
    elisions: Vec<Elision>,
    /// Where parts of the main function begin, each of some statements: the first, and others in long chunks.
    pub(super) parts: Vec<TokenIndex>,
    /// Bytes that were taken for the parser's tree of the largest part, and the tokens.
    pub(super) tree_bytes: u64,
}

/// Checks `source` from byte `start` on; `chunk_id` begins the error message. What is left of the allowance must suffice for
/// the parser, too.
pub(super) fn prepare(
    source: &[u8],
    start: usize,
    chunk_id: &[u8],
    allowance: &mut Allowance,
    stack: &mut Stack,
) -> Result<Prepared, Box<SyntaxError>> {
    checker::Checker::new(source, start, chunk_id, allowance, stack).run()
}
