//! The memory of trees, which is used again: for each statement several are built, of which one is kept for a while.

use super::tree::Node;
use std::cell::RefCell;

/// Memory of trees that are not needed any more, for other ones.
#[derive(Default)]
pub(super) struct Spare(RefCell<Vec<Vec<Node>>>);

impl Spare {
    /// Room for the nodes of a tree.
    pub(super) fn take(&self) -> Vec<Node> {
        self.0.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes the nodes of a tree.
    pub(super) fn give(&self, mut nodes: Vec<Node>) {
        if nodes.capacity() > 0 {
            nodes.clear();
            self.0.borrow_mut().push(nodes);
        }
    }
}
