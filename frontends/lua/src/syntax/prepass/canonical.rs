//! The text the parser gets: the statements of a valid chunk in a spelling that leaves nothing to get wrong.
//!
//! Only the shape of the program is in it. What is no statement of its own is elided, as the check has read it: what a condition or
//! a loop has of expressions is `...`, and those of declarations, `return`, parameters, attributes and `;` are left out.
//! Statements that begin with an expression are elided, too: a call is `goto n`, an assignment `::n::`. What they are is looked up
//! by position. A function in an expression has a text of its own. `break` becomes a `goto` (the parser takes it only as last
//! statement).

use super::Prepared;
use super::token::{TokenIndex, TokenKind};
use cranelift_entity::EntityRef;
use std::ops::Range;

/// The canonical text of a part of a chunk, and where it comes from.
#[derive(Default)]
pub(in crate::syntax) struct Canonical {
    /// The text.
    pub(in crate::syntax) text: String,
    /// The offset at which each token begins, in order, with the token of the source, for an elided text the first one.
    origins: Vec<(u32, TokenIndex)>,
}

impl Canonical {
    /// Writes out some statements of `prepared`.
    pub(in crate::syntax) fn of_statements(prepared: &Prepared, part: Range<TokenIndex>) -> Self {
        let mut canonical = Self::with_room(&part);
        canonical.write_part(prepared, part);
        canonical
    }

    /// With room for the text of most parts.
    fn with_room(part: &Range<TokenIndex>) -> Self {
        let tokens = part.end.index() - part.start.index();
        Self { text: String::with_capacity(tokens * 2 + 16), origins: Vec::with_capacity(tokens / 2 + 4) }
    }

    /// Writes out a function, as one that is returned.
    pub(in crate::syntax) fn of_function(prepared: &Prepared, part: Range<TokenIndex>) -> Self {
        let mut canonical = Self::with_room(&part);
        canonical.write("return function", part.start);
        // What begins with the function may be elided from the text around it.
        canonical.write_part(prepared, TokenIndex::new(part.start.index() + 1)..part.end);
        canonical
    }

    fn write_part(&mut self, prepared: &Prepared, part: Range<TokenIndex>) {
        let mut elisions = prepared.elisions.as_slice();
        elisions = &elisions[elisions.partition_point(|elision| elision.start < part.start)..];
        let mut next = part.start;
        while next < part.end {
            let index = next;
            next = TokenIndex::new(index.index() + 1);
            if let Some(elision) = elisions.first().filter(|elision| elision.start == index) {
                elisions = &elisions[1..];
                if elision.end > index {
                    self.write(elision.text, index);
                    next = elision.end;
                    // Others within it are those of functions with texts of their own.
                    if elisions.first().is_some_and(|inner| inner.start < next) {
                        elisions = &elisions[elisions.partition_point(|inner| inner.start < next)..];
                    }
                    continue;
                }
            }
            match prepared.tokens[index].kind {
                TokenKind::Eof | TokenKind::Semicolon => {}
                TokenKind::Name => self.write("n", index),
                TokenKind::Break => self.write("goto n", index),
                kind => self.write(kind.spelling().expect("literals are within expressions"), index),
            }
        }
    }

    fn write(&mut self, text: &str, origin: TokenIndex) {
        let Some(&after) = text.as_bytes().first() else { return };
        let is_word = |byte: u8| byte.is_ascii_alphanumeric();
        if self.text.as_bytes().last().is_some_and(|&before| is_word(before) && is_word(after)) {
            self.text.push(' ');
        }
        self.origins.push((self.text.len() as u32, origin));
        self.text.push_str(text);
    }

    /// The origin of the token that begins at or stands around byte `offset` of the text.
    pub(in crate::syntax) fn origin(&self, offset: usize) -> TokenIndex {
        let after = self.origins.partition_point(|&(start, _)| start as usize <= offset);
        self.origins[after.saturating_sub(1)].1
    }
}
