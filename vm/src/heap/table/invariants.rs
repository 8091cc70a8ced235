//! What holds of every table that the machine makes, and the checks of it.
//!
//! Of the parts:
//! - the cell has the size that the table got when it was made: that of its fixed part, its inline slots, and an inline hash
//!   part of up to eight nodes, if it began with one;
//! - an array part of its own has as many slots as its cell has room for;
//! - a hash part has a power of two of nodes, up to eight if it is inline;
//! - a weak table has no array, and a hash part of its own with one free node, which holds the metatable.
//!
//! Of the hash part:
//! - a node never used has no value, leads nowhere, and nothing leads to it; there is none from the free end on;
//! - chains lead from node to node within the part, end, and never meet;
//! - every key can be a key: not nil, not NaN, no float with an integer value, no variable or buffer; cells have a number;
//! - every key is found from where its chain begins, and is there once, but for those that died;
//! - no entry has an integer key that the array part has room for before its length;
//! - a key that died has no value.

use super::layout::{
    DEAD_KEY, INLINE_NODES_MAX, INLINE_SLOTS_MAX, Node, PART_LEN_MAX, TABLE_BYTES, Table, hash_part_bytes,
};
use super::resize::slots_that_fit;
use crate::heap::size_class::cell_bytes_for;
use crate::heap::string::Str;
use crate::value::{Tag, Value, float_to_int};
use std::collections::{HashMap, HashSet};

/// The keys of chains up to this length are compared one by one.
const SHORT_CHAIN_MAX: usize = 16;

/// Where the parts of a table lie.
pub(in crate::heap) struct Parts {
    pub(in crate::heap) cell_bytes: usize,
    pub(in crate::heap) inline_slots: u32,
    /// Slots of an array part of its own.
    pub(in crate::heap) array: Option<u64>,
    /// Whether the hash part is inline, and its number of nodes; 0 for none.
    pub(in crate::heap) inline_nodes: bool,
    pub(in crate::heap) nodes: u64,
}

/// What a table is to others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::heap) enum Role {
    Whole,
    Weak,
    /// The contents of a weak one.
    Hidden,
}

impl Parts {
    /// Whether a table of a role can have these parts.
    pub(in crate::heap) fn are_sound(&self, role: Role) -> bool {
        let inline_max = if self.inline_nodes { u64::from(INLINE_NODES_MAX) } else { PART_LEN_MAX };
        let sane = self.inline_slots <= INLINE_SLOTS_MAX
            && self.array.is_none_or(|slots| (1..=slots_that_fit(PART_LEN_MAX)).contains(&slots))
            && self.array.is_none_or(|slots| slots_that_fit(slots) == slots)
            && self.nodes <= inline_max
            && (self.nodes == 0 || self.nodes.is_power_of_two());
        sane && self.has_size() && self.fits(role)
    }

    /// Whether the cell has the size that it had when the table was made.
    fn has_size(&self) -> bool {
        let fixed = TABLE_BYTES + self.inline_slots as usize * size_of::<Value>();
        let with = |nodes: u64| cell_bytes_for(fixed + hash_part_bytes(nodes as usize));
        if self.inline_nodes {
            return self.cell_bytes == with(self.nodes);
        }
        let began_with = [1, 2, 4, u64::from(INLINE_NODES_MAX)];
        self.cell_bytes == cell_bytes_for(fixed) || began_with.iter().any(|&nodes| self.cell_bytes == with(nodes))
    }

    fn fits(&self, role: Role) -> bool {
        match role {
            Role::Whole => true,
            Role::Weak => self.array.is_none() && !self.inline_nodes && self.nodes == 1,
            Role::Hidden => self.cell_bytes == TABLE_BYTES && self.inline_slots == 0 && !self.inline_nodes,
        }
    }
}

/// Whether a value may be stored as a key.
#[inline(always)]
pub(in crate::heap) fn is_key(key: Value) -> bool {
    match key.tag {
        Tag::NIL | Tag::CELL | Tag::BUFFER => false,
        Tag::FLOAT => {
            let float = f64::from_bits(key.payload);
            !float.is_nan() && float_to_int(float).is_none()
        }
        Tag::STRING | Tag::INT | Tag::FALSE | Tag::TRUE => true,
        // SAFETY: the cell is one of those being loaded.
        _ => unsafe { (*key.pointer()).id() != 0 },
    }
}

fn is_free(node: &Node) -> bool {
    node.key_tag == Tag::NIL.0 as u8
}

fn is_dead(node: &Node) -> bool {
    node.key_tag == DEAD_KEY
}

/// The index of the node where the chain of a node's key begins; none for a dead or absent key.
#[inline(always)]
fn main_position(node: &Node, mask: usize) -> Option<usize> {
    if is_dead(node) || is_free(node) {
        return None;
    }
    // SAFETY: the key, if it is a cell, is one of those being loaded.
    let hash = unsafe { Table::hash_of(node.key()) }.expect("`is_key` saw that it has a number");
    Some(hash as usize & mask)
}

/// What the checks of hash parts need, kept from table to table.
#[derive(Default)]
pub(in crate::heap) struct Checks {
    /// The first node of each node's chain, and the place in it.
    places: Vec<(u32, u32)>,
    has_before: Vec<bool>,
    /// The nodes of the chain at hand.
    chain: Vec<usize>,
    /// The keys of a long one.
    keys: HashSet<(u8, u64)>,
    long_keys: LongKeys,
}

/// Long strings that were keys: for each, by address, the first one of the same content.
#[derive(Default)]
struct LongKeys {
    by_address: HashMap<u64, u64>,
    by_content: HashMap<&'static [u8], u64>,
}

impl LongKeys {
    /// A number that strings of the same content share. Each string is looked at once, however many tables have it as a key.
    fn number(&mut self, string: *mut Str) -> u64 {
        let address = string.expose_provenance() as u64;
        *self.by_address.entry(address).or_insert_with(|| {
            // SAFETY: the string is one of those being loaded, which are not freed before these checks are forgotten.
            let content: &'static [u8] = unsafe { std::mem::transmute(Str::bytes(string)) };
            *self.by_content.entry(content).or_insert(address)
        })
    }
}

impl Checks {
    /// Whether a hash part keeps the rules: its nodes, where its free ones end, and the length of the array part.
    pub(in crate::heap) fn are_sound(&mut self, nodes: &[Node], last_free: u32, array_len: u32) -> bool {
        let in_array = |node: &Node| {
            u32::from(node.key_tag) == Tag::INT.0 && !node.is_empty() && node.key.wrapping_sub(1) < u64::from(array_len)
        };
        let free_end = nodes.get(last_free as usize..).is_none_or(|used| used.iter().any(is_free));
        if free_end || nodes.iter().any(in_array) {
            return false;
        }
        let mask = nodes.len() - 1;
        if nodes.iter().all(|node| node.next == 0) {
            // Every key is where its chain begins. So no two of them are the same.
            let stands = |(index, node)| main_position(node, mask).is_none_or(|main| main == index);
            return nodes.iter().enumerate().all(stands);
        }
        self.have_sound_chains(nodes)
    }

    /// Whether chains end, no two lead to one node and none to one never used, and each key is found from where its chain
    /// begins, and no other one there is the same.
    fn have_sound_chains(&mut self, nodes: &[Node]) -> bool {
        let mask = nodes.len() - 1;
        self.has_before.clear();
        self.has_before.resize(nodes.len(), false);
        let next_of = |index: usize| (index as i64 + i64::from(nodes[index].next)) as usize;
        for (index, node) in nodes.iter().enumerate() {
            if node.next != 0 {
                let next = next_of(index);
                if is_free(node) || is_free(&nodes[next]) || std::mem::replace(&mut self.has_before[next], true) {
                    return false;
                }
            }
        }
        self.places.clear();
        self.places.resize(nodes.len(), (0, 0));
        let mut seen = 0;
        for first in 0..nodes.len() {
            if self.has_before[first] {
                continue;
            }
            self.chain.clear();
            let mut index = first;
            loop {
                self.places[index] = (first as u32, self.chain.len() as u32);
                self.chain.push(index);
                if nodes[index].next == 0 {
                    break;
                }
                index = next_of(index);
            }
            seen += self.chain.len();
            if !self.are_different(nodes) {
                return false;
            }
        }
        // What no first node leads to is a circle.
        seen == nodes.len()
            && nodes.iter().enumerate().all(|(index, node)| {
                main_position(node, mask).is_none_or(|main| {
                    let ((chain, place), (other, begin)) = (self.places[index], self.places[main]);
                    chain == other && begin <= place
                })
            })
    }

    /// Whether no two keys of the chain at hand are the same, but for those that died.
    fn are_different(&mut self, nodes: &[Node]) -> bool {
        let keys = self.chain.iter().map(|&index| &nodes[index]).filter(|node| !is_free(node) && !is_dead(node));
        if self.chain.len() <= SHORT_CHAIN_MAX && self.chain.iter().all(|&index| !is_long(&nodes[index])) {
            let mut known = [(0, 0); SHORT_CHAIN_MAX];
            for (count, node) in keys.enumerate() {
                known[count] = (node.key_tag, node.key);
                if known[..count].contains(&known[count]) {
                    return false;
                }
            }
            return true;
        }
        self.keys.clear();
        for node in keys {
            let payload = if is_long(node) { self.long_keys.number(node.key().pointer().cast()) } else { node.key };
            if !self.keys.insert((node.key_tag, payload)) {
                return false;
            }
        }
        true
    }
}

/// Whether a key is a long string, which is compared by its content.
fn is_long(node: &Node) -> bool {
    // SAFETY: the string is one of those being loaded.
    u32::from(node.key_tag) == Tag::STRING.0 && unsafe { !Str::is_short(node.key().pointer().cast()) }
}
