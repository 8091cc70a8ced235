//! The pass in front of the parser: tokens, a complete check of the grammar and of names, and a text the parser reads.
//!
//! The parser (`full_moon`) rejects some valid programs, accepts some invalid ones, words its errors in its own way and
//! recurses without a limit. So this pass is the judge: it reads the chunk once as the reference implementation does
//! and reports what that would report. A chunk that passes is handed on in a canonical spelling that the parser cannot
//! get wrong; see [`canonical`].

mod canonical;
mod checker;
mod expressions;
mod labels;
mod lexer;
mod literal;
pub(super) mod numeral;
mod scope;
mod statements;
mod token;
mod weight;

pub(super) use canonical::{Canonical, Edits, Origin};
pub(super) use checker::{LEVELS_MAX, error_near, limit_message};
pub(super) use scope::Use;
pub(super) use token::{Token, TokenIndex, TokenKind, TokenValue};

use super::Stack;
use super::error::SyntaxError;
use super::hir::{Label, LabelId, Local, LocalId, StringId};
use cranelift_entity::{EntityRef, PrimaryMap, SecondaryMap, entity_impl};
use minivm_isa::Allowance;
use std::collections::HashMap;
use std::ops::Range;

/// A long chain of operators that associate to the left.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ChainId(u32);
entity_impl!(ChainId, "chain");

/// An expression `a op b op c …` that is too long to become a tree in the parser.
pub(super) struct Chain {
    /// The first token of the first operand.
    start: TokenIndex,
    /// The last token of the last operand.
    end: TokenIndex,
    /// The operators between the operands, each applied to all before it and the operand after it.
    pub(super) operators: Vec<TokenIndex>,
}

/// A table constructor that is too long for the parser to hold all of its items at a time.
pub(super) struct LongTable {
    /// Its closing brace.
    close: TokenIndex,
    /// Where parts of it begin, each of some items, after the first one.
    starts: Vec<TokenIndex>,
}

impl LongTable {
    /// The tokens of each part of the constructor that begins at `open`.
    pub(super) fn parts(&self, open: TokenIndex) -> impl Iterator<Item = Range<TokenIndex>> {
        let starts = [TokenIndex::new(open.index() + 1)].into_iter().chain(self.starts.iter().copied());
        starts.zip(self.starts.iter().copied().chain([self.close])).map(|(start, end)| start..end)
    }
}

/// A chunk that is valid, and all that is known about its tokens.
pub(super) struct Prepared {
    /// The tokens, with the end of the source as last one.
    pub(super) tokens: PrimaryMap<TokenIndex, Token>,
    /// What names, labels and `function` tokens stand for.
    pub(super) uses: SecondaryMap<TokenIndex, Use>,
    /// Names and string literals.
    pub(super) strings: PrimaryMap<StringId, Box<[u8]>>,
    /// Local variables; the environment first.
    pub(super) locals: PrimaryMap<LocalId, Local>,
    /// Labels.
    pub(super) labels: PrimaryMap<LabelId, Label>,
    /// The environment around the chunk.
    pub(super) environment: LocalId,
    /// Long chains of operators.
    pub(super) chains: PrimaryMap<ChainId, Chain>,
    /// Long table constructors, by their opening braces.
    pub(super) long_tables: HashMap<TokenIndex, LongTable>,
    /// Statements that are nothing but `;`.
    empty_statements: Vec<TokenIndex>,
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
