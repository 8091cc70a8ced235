//! What a chunk takes in memory, by construct: the parser itself cannot be stopped, so the grammar check before it counts what the
//! parser's tree will take, and what the tables of this pass and the resolved tree take beside it.
//!
//! The figures about the parser are from counting its allocations over many kinds of programs: its tree takes no more than
//! they say, and seldom less than half.

use super::checker::Checker;

/// A token, in the tables of this pass.
pub(super) const TOKEN: u64 = 80;
/// An expression of the resolved tree.
pub(super) const EXPRESSION: u64 = 112;
/// What the resolved tree keeps of a list: room for a few.
pub(super) const LIST: u64 = 48;
/// An item of a table constructor.
pub(super) const ITEM: u64 = 24;

/// A text in place of expressions: the parser makes room for four.
pub(super) const LISTED: u64 = 2_500;
/// Any statement, with its tokens.
pub(super) const STATEMENT: u64 = 1_300;
/// A statement with blocks or parts of its own.
pub(super) const COMPOUND: u64 = 3_000;
/// The first statement of a block: the parser makes room for four.
pub(super) const BLOCK: u64 = 1_500;
/// The declaration of local variables.
pub(super) const LOCALS: u64 = 4_900;
/// A function.
pub(super) const FUNCTION: u64 = 4_500;

/// The part of what the parser's tree takes that the statements of the resolved tree take.
pub(super) const TREE_PART: u64 = 4;

impl Checker<'_> {
    /// Counts what something takes in the parser's tree. When there is not so much, the next token is an error.
    pub(super) fn weigh(&mut self, bytes: u64) {
        self.weight += bytes;
        self.weigh_lasting(bytes);
    }

    /// As [`weigh`](Self::weigh), of what the parser does not see.
    pub(super) fn weigh_lasting(&mut self, bytes: u64) {
        let _ = self.allowance.take(bytes);
    }
}
