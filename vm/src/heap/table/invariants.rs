//! What holds of every table that the machine makes, and the checks of it.
//!
//! Of the parts:
//! - the cell has the size that the table got when it was made: that of its fixed part, its inline slots, and an inline hash
//!   part of up to eight nodes, if it began with one;
//! - an array part of its own has the room of its cell, and a size between its slots and its room; a large one is as large as
//!   its room. Where a border is looked for is no further than the size;
//! - an array part that moves has a hash part, and moves from one that was large and full; all of its slots have room;
//! - a hash part has a power of two of nodes, up to eight if it is inline, and up to [`NODES_MAX`] in a cell of its own;
//! - a weak table has no array, and a hash part of its own with one free node, which holds the metatable.
//!
//! Of the hash part, and of every bucket of one:
//! - a node never used has no value, leads nowhere, and nothing leads to it;
//! - chains lead from node to node within the part, end, and never meet; each begins where all its keys belong;
//! - every key can be a key: not nil, not NaN, no float with an integer value, no variable or buffer; cells have a number;
//! - every key is there once, but for those that died;
//! - no integer key has a value both there and in the array part, or could have one where the table is not large;
//! - a key that died has no value.
//!
//! Of buckets ([`directory`](super::directory)):
//! - the list begins with the index of level 0, which leads to all else that is listed, to each thing by one way: to buckets from
//!   as many neighbours as their depth says, to indices that come later and are of a higher level;
//! - the list has room for no more than twice what it has, and two;
//! - each key is in the bucket where it is looked for;
//! - what the directory counts is what is there; what shall move to the array part has room there.

use super::directory::List;
use super::growth::{SLOTS_AT_ONCE, slots_that_fit};
use super::layout::{
    AWAY, CHAIN_MAX, DEAD_KEY, INLINE_NODES_MAX, INLINE_SLOTS_MAX, NODES_MAX, Node, PART_LEN_MAX, TABLE_BYTES, Table,
    hash_part_bytes,
};
use crate::heap::hash::Hasher;
use crate::heap::size_class::cell_bytes_for;
use crate::heap::string::Str;
use crate::value::{Tag, Value, float_to_int};
use std::collections::{HashMap, HashSet};

/// The keys of chains up to this length are compared one by one.
const SHORT_CHAIN_MAX: usize = 16;

/// Where the hash part of a table is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::heap) enum Place {
    None,
    Inline,
    Own,
    Buckets,
}

/// Where the parts of a table lie.
pub(in crate::heap) struct Parts {
    pub(in crate::heap) cell_bytes: usize,
    pub(in crate::heap) inline_slots: u32,
    /// How far below the last of them a border is looked for first.
    pub(in crate::heap) below: u32,
    /// Room of an array part of its own, and of the one it moves from.
    pub(in crate::heap) array: Option<u64>,
    pub(in crate::heap) old_array: Option<u64>,
    pub(in crate::heap) place: Place,
    /// Nodes of the hash part, unless it is in buckets; 0 for none.
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
        self.inline_slots <= INLINE_SLOTS_MAX
            && self.border_is_sound()
            && [self.array, self.old_array].into_iter().flatten().all(is_room)
            && (self.old_array.is_none() || self.place != Place::None)
            && self.nodes_are_sound()
            && self.has_size()
            && self.fits(role)
    }

    fn border_is_sound(&self) -> bool {
        let half = self.inline_slots.div_ceil(2);
        self.below == 0 || self.inline_slots.is_power_of_two() && self.below < half && self.below <= 3
    }

    fn nodes_are_sound(&self) -> bool {
        match self.place {
            Place::None | Place::Buckets => self.nodes == 0,
            Place::Inline => self.nodes.is_power_of_two() && self.nodes <= u64::from(INLINE_NODES_MAX),
            Place::Own => self.nodes.is_power_of_two() && self.nodes <= NODES_MAX,
        }
    }

    /// Whether the cell has the size that it had when the table was made.
    fn has_size(&self) -> bool {
        let fixed = TABLE_BYTES + self.inline_slots as usize * size_of::<Value>();
        let with = |nodes: u64| cell_bytes_for(fixed + hash_part_bytes(nodes as usize));
        if self.place == Place::Inline {
            return self.cell_bytes == with(self.nodes);
        }
        let began_with = [1, 2, 4, u64::from(INLINE_NODES_MAX)];
        self.cell_bytes == cell_bytes_for(fixed) || began_with.iter().any(|&nodes| self.cell_bytes == with(nodes))
    }

    fn fits(&self, role: Role) -> bool {
        match role {
            Role::Whole => true,
            Role::Weak => self.array.is_none() && self.place == Place::Own && self.nodes == 1,
            Role::Hidden => self.cell_bytes == TABLE_BYTES && self.inline_slots == 0 && self.place != Place::Inline,
        }
    }
}

/// Whether the cell of an array part has room for so many slots.
fn is_room(slots: u64) -> bool {
    slots <= slots_that_fit(PART_LEN_MAX) && slots_that_fit(slots) == slots
}

/// Whether an array part of its own can have this size.
pub(in crate::heap) fn is_size(size: u32, (slots, room): (u32, u32)) -> bool {
    (slots..=room).contains(&size) && (size <= SLOTS_AT_ONCE || size == room)
}

/// Whether an array part with so many slots can move from one with room for `old_room`, which had `old_slots` slots, after so
/// many have moved.
pub(in crate::heap) fn may_move((moved, slots): (u32, u32), (old_slots, old_room): (u32, u32)) -> bool {
    old_slots > SLOTS_AT_ONCE && moved < old_slots && old_slots <= slots && old_slots <= old_room
}

/// Whether a list of buckets can be like that.
pub(in crate::heap) fn is_list(list: &List) -> bool {
    let most = u64::from(list.len) * 2 + 2;
    list.len >= 2 && list.len <= list.capacity && list.capacity.is_power_of_two() && u64::from(list.capacity) <= most
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

/// What the checks of hash parts need, kept from table to table.
#[derive(Default)]
pub(in crate::heap) struct Checks {
    has_before: Vec<bool>,
    /// The nodes of the chain at hand.
    chain: Vec<usize>,
    /// The keys of a long one.
    keys: HashSet<(u8, u64)>,
    long_keys: LongKeys,
}

/// Bytes that it takes to know a long string.
pub(in crate::heap) const LONG_KEY_BYTES: u64 = 100;

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
    /// Long strings that it knows by now.
    pub(in crate::heap) fn long_keys(&self) -> usize {
        self.long_keys.by_address.len()
    }

    /// Whether the nodes of a hash part keep the rules, where the array part has or could have the integer keys up to
    /// `array_end`. Then what is not written of the nodes is filled in.
    pub(in crate::heap) fn settle(&mut self, nodes: &mut [Node], hasher: Hasher, array_end: u32) -> bool {
        let in_array = |node: &Node| {
            u32::from(node.key_tag) == Tag::INT.0 && !node.is_empty() && node.key.wrapping_sub(1) < u64::from(array_end)
        };
        if nodes.iter().any(in_array) {
            return false;
        }
        let mask = nodes.len() - 1;
        if nodes.iter().all(|node| node.next == 0) {
            // Every key is where it belongs. So no two of them are the same.
            return nodes.iter().enumerate().all(|(index, node)| belongs_at(node, index, mask, hasher));
        }
        self.settle_chains(nodes, hasher)
    }

    /// Whether chains end, no two lead to one node and none to one never used, each begins where all its keys belong, and no
    /// two of these are the same.
    fn settle_chains(&mut self, nodes: &mut [Node], hasher: Hasher) -> bool {
        let mask = nodes.len() - 1;
        self.has_before.clear();
        self.has_before.resize(nodes.len(), false);
        let next_of = |index: usize, node: &Node| (index as i64 + i64::from(node.next)) as usize;
        for (index, node) in nodes.iter().enumerate() {
            if node.next != 0 {
                let next = next_of(index, node);
                if node.is_free() || nodes[next].is_free() || std::mem::replace(&mut self.has_before[next], true) {
                    return false;
                }
            }
        }
        let mut seen = 0;
        for first in 0..nodes.len() {
            if self.has_before[first] {
                continue;
            }
            self.chain.clear();
            let mut index = first;
            loop {
                self.chain.push(index);
                if !belongs_at(&nodes[index], first, mask, hasher) {
                    return false;
                }
                if nodes[index].next == 0 {
                    break;
                }
                index = next_of(index, &nodes[index]);
                nodes[index].place = first as u16 + AWAY;
            }
            seen += self.chain.len();
            nodes[first].place = (self.chain.len() - 1).min(usize::from(CHAIN_MAX) + 1) as u16;
            if !self.are_different(nodes) {
                return false;
            }
        }
        // What no first node leads to is a circle.
        seen == nodes.len()
    }

    /// Whether no two keys of the chain at hand are the same, but for those that died.
    fn are_different(&mut self, nodes: &[Node]) -> bool {
        let has_key = |node: &&Node| !node.is_free() && node.key_tag != DEAD_KEY;
        let keys = self.chain.iter().map(|&index| &nodes[index]).filter(has_key);
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

/// Whether a node's key belongs at an index, as far as there is a key.
#[inline(always)]
fn belongs_at(node: &Node, index: usize, mask: usize, hasher: Hasher) -> bool {
    // SAFETY: the key, if it is a cell, is one of those being loaded.
    let hash = || unsafe { hasher.hash(node.key()) }.expect("`is_key` saw that it has a number");
    node.is_free() || node.key_tag == DEAD_KEY || hash() as usize & mask == index
}

/// Whether a key is a long string, which is compared by its content.
pub(in crate::heap) fn is_long(node: &Node) -> bool {
    // SAFETY: the string is one of those being loaded.
    u32::from(node.key_tag) == Tag::STRING.0 && unsafe { !Str::is_short(node.key().pointer().cast()) }
}

/// Up to where integer keys of a table are in the array part, or would be.
///
/// # Safety
/// `table` is a live table that is its own contents.
pub(in crate::heap) unsafe fn array_end(table: *mut Table) -> u32 {
    // SAFETY: the caller gives a live table.
    unsafe { if Table::is_large(table) { Table::slots_len(table) } else { Table::array_size(table) } }
}
