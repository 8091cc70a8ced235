//! What the parser's tree takes in memory, by construct: the parser itself cannot be stopped, so the grammar check before it
//! counts what the tree will take.
//!
//! The figures are from counting allocations of the parser over many kinds of programs, see the test `weights` in
//! `conformance`: the tree takes no more than they say, and seldom less than half.

use super::checker::Checker;

/// A token, in the parser and in the tables of this pass.
pub(super) const TOKEN: u64 = 320;
/// An expression, and what lists of expressions have of it.
pub(super) const EXPRESSION: u64 = 600;
/// A list of expressions: the parser makes room for four.
pub(super) const EXPRESSIONS: u64 = 1_700;
/// The indices and calls after an expression.
pub(super) const SUFFIXES: u64 = 1_120;
/// An index.
pub(super) const INDEX: u64 = 300;
/// A call.
pub(super) const CALL: u64 = 750;
/// Any statement.
pub(super) const STATEMENT: u64 = 700;
/// A statement with blocks or parts of its own.
pub(super) const COMPOUND: u64 = 2_000;
/// The first statement of a block: the parser makes room for four.
pub(super) const BLOCK: u64 = 1_500;
/// A list of names or of targets.
pub(super) const NAMES: u64 = 1_100;
/// The declaration of local variables.
pub(super) const LOCALS: u64 = 4_900;
/// A function.
pub(super) const FUNCTION: u64 = 3_200;

/// The part of what the parser's tree takes that the resolved tree takes.
pub(super) const TREE_PART: u64 = 4;

impl Checker<'_> {
    /// Counts what something takes. When there is not so much, the next token is an error.
    pub(super) fn weigh(&mut self, bytes: u64) {
        self.weight += bytes;
        let _ = self.allowance.take(bytes);
    }
}
