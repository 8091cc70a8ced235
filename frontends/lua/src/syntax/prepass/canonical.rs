//! The text the parser gets: the tokens of a valid chunk in a spelling that leaves nothing to get wrong.
//!
//! Only the shape of the program is in it. Every name is `n`, every string `""`, every numeral `0`; what they are is
//! looked up by position. White space stands only where tokens would run together. Empty statements are left out,
//! `break` becomes a `goto` (the parser takes it only as last statement), and a long chain of operators `a + b - c …`
//! becomes a call `n(a, b, c, …)`, which the parser holds as a list where a chain would be a tree as deep as it is
//! long.

use super::token::{TokenIndex, TokenKind};
use super::{ChainId, Prepared};
use cranelift_entity::EntityRef;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// What a token of the canonical text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::syntax) enum Origin {
    /// A token of the source.
    Token(TokenIndex),
    /// The callee that stands for a chain of operators.
    Chain(ChainId),
}

/// The canonical text of a part of a chunk, and where it comes from.
#[derive(Default)]
pub(in crate::syntax) struct Canonical {
    /// The text.
    pub(in crate::syntax) text: String,
    /// The offset at which each token begins, in order, with its origin.
    origins: Vec<(usize, Origin)>,
}

impl Canonical {
    /// Writes out some tokens of `prepared`.
    pub(in crate::syntax) fn new(prepared: &Prepared, edits: &Edits, part: Range<TokenIndex>) -> Self {
        let mut canonical = Self::default();
        canonical.write_part(prepared, edits, part);
        canonical
    }

    /// Writes out some items of a table constructor, as one that is returned.
    pub(in crate::syntax) fn of_items(prepared: &Prepared, edits: &Edits, part: Range<TokenIndex>) -> Self {
        let (mut canonical, origin) = (Self::default(), Origin::Token(part.start));
        canonical.write("return", origin);
        canonical.write("{", origin);
        canonical.write_part(prepared, edits, part);
        canonical.write("}", origin);
        canonical
    }

    /// Writes out some tokens. Of a long table constructor in between there are only the braces.
    fn write_part(&mut self, prepared: &Prepared, edits: &Edits, part: Range<TokenIndex>) {
        let mut next = part.start;
        while next < part.end {
            let index = next;
            next = TokenIndex::new(index.index() + 1);
            let token = prepared.tokens[index];
            if token.kind == TokenKind::Eof || edits.dropped.contains(&index) {
                continue;
            }
            if let Some(&chain) = edits.opens.get(&index) {
                self.write("n", Origin::Chain(chain));
                self.write("(", Origin::Chain(chain));
            }
            if token.kind == TokenKind::BraceOpen
                && let Some(table) = prepared.long_tables.get(&index)
            {
                next = table.close;
            }
            let text = match token.kind {
                _ if edits.separators.contains(&index) => ",",
                TokenKind::Name => "n",
                TokenKind::String => "\"\"",
                TokenKind::Integer | TokenKind::Float => "0",
                TokenKind::Break => "goto n",
                kind => kind.spelling().expect("the grammar has no place for a stray byte"),
            };
            self.write(text, Origin::Token(index));
            for &chain in edits.closes.get(&index).into_iter().flatten() {
                self.write(")", Origin::Chain(chain));
            }
        }
    }

    fn write(&mut self, text: &str, origin: Origin) {
        if let (Some(&before), Some(&after)) = (self.text.as_bytes().last(), text.as_bytes().first())
            && run_together(before, after)
        {
            self.text.push(' ');
        }
        self.origins.push((self.text.len(), origin));
        self.text.push_str(text);
    }

    /// The origin of the token that begins at or stands around byte `offset` of the text.
    pub(in crate::syntax) fn origin(&self, offset: usize) -> Origin {
        let after = self.origins.partition_point(|&(start, _)| start <= offset);
        self.origins[after.saturating_sub(1)].1
    }
}

/// Whether two tokens need a space between them, given the bytes that would meet.
fn run_together(before: u8, after: u8) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric();
    let may_grow = |byte: u8| b"-.<>=~/[".contains(&byte);
    let is_numeral_with_dot = (before == b'0' && after == b'.') || (before == b'.' && after == b'0');
    (is_word(before) && is_word(after)) || (may_grow(before) && may_grow(after)) || is_numeral_with_dot
}

/// What is spelled differently from the source, by token.
pub(in crate::syntax) struct Edits {
    dropped: HashSet<TokenIndex>,
    separators: HashSet<TokenIndex>,
    opens: HashMap<TokenIndex, ChainId>,
    closes: HashMap<TokenIndex, Vec<ChainId>>,
}

impl Edits {
    /// Those of a chunk.
    pub(in crate::syntax) fn new(prepared: &Prepared) -> Self {
        let mut edits = Self {
            dropped: prepared.empty_statements.iter().copied().collect(),
            separators: HashSet::new(),
            opens: HashMap::new(),
            closes: HashMap::new(),
        };
        for (id, chain) in prepared.chains.iter() {
            edits.separators.extend(&chain.operators);
            // Two chains never begin at the same token: what would, begins with a bracket or an operator.
            edits.opens.insert(chain.start, id);
            edits.closes.entry(chain.end).or_default().push(id);
        }
        debug_assert_eq!(edits.opens.len(), prepared.chains.len());
        edits
    }
}
