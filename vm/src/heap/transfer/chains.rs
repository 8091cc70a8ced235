//! Whether the nodes of a hash part that were read are where they belong, and the part of them that is not written.

use crate::heap::Str;
use crate::heap::hash::Hasher;
use crate::heap::table::layout::{AWAY, CHAIN_MAX, DEAD_KEY, Node};
use crate::value::Value;
use std::collections::HashSet;

/// What the check of chains needs, kept from table to table.
#[derive(Default)]
pub(super) struct Chains {
    has_before: Vec<bool>,
    /// The keys of the chain at hand.
    keys: Vec<Value>,
}

/// Keys of a chain that are compared one by one.
const FEW: usize = 32;

/// Whether the last of some keys is among the others.
fn is_double(keys: &[Value]) -> bool {
    match keys {
        [others @ .., last] if others.len() < FEW => others.iter().any(|key| key.raw_equals(*last)),
        _ => false,
    }
}

/// Whether many keys are all different.
fn are_different(keys: &[Value]) -> bool {
    let (mut words, mut strings) = (HashSet::new(), HashSet::new());
    keys.iter().all(|key| match key.as_string() {
        // SAFETY: the key is one of those being loaded.
        Some(string) => strings.insert(unsafe { Str::bytes(string) }),
        None => words.insert((key.tag.0, key.payload)),
    })
}

/// Whether a node's key belongs at an index, as far as there is a key.
#[inline(always)]
fn belongs_at(node: &Node, index: usize, mask: usize, hasher: Hasher) -> bool {
    // SAFETY: the key, if it is a cell, is one of those being loaded.
    let hash = || unsafe { hasher.hash(node.key()) }.expect("the loader saw that it has a number");
    node.is_free() || node.key_tag == DEAD_KEY || hash() as usize & mask == index
}

impl Chains {
    /// Whether chains end, no two lead to one node, and each begins where all its keys, no two of them equal, belong.
    /// Then the places of nodes are
    /// filled in.
    pub(super) fn settle(&mut self, nodes: &mut [Node], hasher: Hasher) -> bool {
        let mask = nodes.len() - 1;
        if nodes.iter().all(|node| node.next == 0) {
            return nodes.iter().enumerate().all(|(index, node)| belongs_at(node, index, mask, hasher));
        }
        self.has_before.clear();
        self.has_before.resize(nodes.len(), false);
        let next_of = |index: usize, node: &Node| (index as i64 + i64::from(node.next)) as usize;
        for (index, node) in nodes.iter().enumerate() {
            if node.next != 0 {
                let next = next_of(index, node);
                if std::mem::replace(&mut self.has_before[next], true) || nodes[next].is_free() {
                    return false;
                }
            }
        }
        let mut seen = 0;
        for first in 0..nodes.len() {
            if self.has_before[first] {
                continue;
            }
            let (mut index, mut others) = (first, 0u16);
            self.keys.clear();
            loop {
                seen += 1;
                let node = &nodes[index];
                if !belongs_at(node, first, mask, hasher) {
                    return false;
                }
                if !node.is_free() && node.key_tag != DEAD_KEY {
                    self.keys.push(node.key());
                    if is_double(&self.keys) {
                        return false;
                    }
                }
                if nodes[index].next == 0 {
                    break;
                }
                index = next_of(index, &nodes[index]);
                nodes[index].place = first as u16 + AWAY;
                others = others.saturating_add(1);
            }
            if self.keys.len() > FEW && !are_different(&self.keys) {
                return false;
            }
            nodes[first].place = others.min(CHAIN_MAX + 1);
        }
        // What no first node leads to is a circle.
        seen == nodes.len()
    }
}
