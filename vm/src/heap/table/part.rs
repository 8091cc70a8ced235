//! A hash part, of a table or a bucket of one: its nodes, how they are chained, and what keeps chains short.

use super::layout::{AWAY, CHAIN_MAX, DEAD_KEY, HashHeader, Node, PART_HEADER_BYTES, Table, hash_part_bytes};
use crate::heap::hash::Hasher;
use crate::heap::string::Str;
use crate::heap::{Heap, OutOfMemory};
use crate::value::{Tag, Value};

/// The nodes of a hash part.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(crate) nodes: *mut Node,
    /// Number of nodes less one; a power of two less one.
    pub(crate) mask: u32,
}

/// The removed entry whose node another entry was put into.
#[derive(Clone, Copy)]
pub(crate) enum Replaced {
    /// The node was free.
    None,
    /// Its key was this integer.
    Int(i64),
    /// Its key was something else.
    Other,
}

impl Replaced {
    /// What goes when the entry of a node is dropped.
    #[inline]
    pub(crate) fn of(node: &Node) -> Replaced {
        if node.is_free() {
            Replaced::None
        } else if u32::from(node.key_tag) == Tag::INT.0 {
            Replaced::Int(node.key as i64)
        } else {
            Replaced::Other
        }
    }
}

/// What became of an entry that was to be added.
pub(crate) enum Insertion {
    /// It is there.
    Done(Replaced),
    /// It is there, but its chain is longer than a chain becomes by chance.
    TooLong,
    /// There is no node for it.
    Full,
}

impl Part {
    /// The table's own hash part.
    ///
    /// # Safety
    /// `table` is a live table.
    #[inline(always)]
    pub(crate) unsafe fn of(table: *mut Table) -> Part {
        // SAFETY: the caller gives a live table.
        unsafe { Part { nodes: (*table).nodes, mask: (*table).mask } }
    }

    /// Number of nodes.
    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        self.mask as usize + 1
    }

    /// What precedes the nodes. That of a bucket has other fields in the place of some.
    #[inline(always)]
    pub(crate) fn header(self) -> *mut HashHeader {
        self.nodes.wrapping_byte_sub(PART_HEADER_BYTES).cast()
    }

    /// A fresh part of free nodes (a power of two) in a cell of its own, its header all zero.
    ///
    /// # Errors
    /// No memory.
    pub(crate) fn new(heap: &mut Heap, nodes: u64) -> Result<Part, OutOfMemory> {
        let cell = heap.allocate(hash_part_bytes(nodes as usize))?;
        // SAFETY: the fresh cell holds the header and that many nodes, and zero is a free node.
        unsafe {
            cell.write_bytes(0, hash_part_bytes(nodes as usize));
            let part = Part { nodes: cell.add(PART_HEADER_BYTES).cast(), mask: (nodes - 1) as u32 };
            (*part.header()).last_free = nodes as u32;
            Ok(part)
        }
    }

    /// Makes all nodes free again.
    ///
    /// # Safety
    /// The part is live, and nobody looks at it yet.
    pub(crate) unsafe fn clear(self) {
        // SAFETY: the caller gives a live part.
        unsafe {
            self.nodes.write_bytes(0, self.len());
            (*self.header()).last_free = self.len() as u32;
        }
    }

    /// Number of entries, those that are dead not counted.
    ///
    /// # Safety
    /// The part is live, of a table of `heap`.
    pub(crate) unsafe fn live(self, heap: &Heap) -> u64 {
        let mut count = 0;
        // SAFETY: as the caller promises.
        unsafe { self.for_each(|node| count += u64::from(!(*node).is_empty() && !heap.is_dead_entry(&*node))) };
        count
    }

    /// Calls a function for each node.
    ///
    /// # Safety
    /// The part is live.
    #[inline(always)]
    pub(crate) unsafe fn for_each(self, mut act: impl FnMut(*mut Node)) {
        for index in 0..self.len() {
            // SAFETY: the index is that of a node.
            act(unsafe { self.nodes.add(index) });
        }
    }

    /// The node whose key has exactly these words, or null.
    ///
    /// # Safety
    /// The part is live.
    #[inline(always)]
    pub(crate) unsafe fn find_word(self, payload: u64, tag: Tag, hash: u32) -> *mut Node {
        // SAFETY: a masked hash is the index of a node, and the distances of a chain lead to nodes of the same part.
        unsafe {
            let mut node = self.nodes.add((hash & self.mask) as usize);
            loop {
                if (*node).has_key(payload, tag) {
                    return node;
                }
                let next = (*node).next;
                if next == 0 {
                    return std::ptr::null_mut();
                }
                node = node.offset(next as isize);
            }
        }
    }

    /// The node of the chain for a hash for which a test holds, or null.
    ///
    /// # Safety
    /// The part is live.
    #[inline(always)]
    unsafe fn find_by(self, hash: u32, is_it: impl Fn(&Node) -> bool) -> *mut Node {
        // SAFETY: as in `find_word`.
        unsafe {
            let mut node = self.nodes.add((hash & self.mask) as usize);
            loop {
                if is_it(&*node) {
                    return node;
                }
                let next = (*node).next;
                if next == 0 {
                    return std::ptr::null_mut();
                }
                node = node.offset(next as isize);
            }
        }
    }

    /// The node with a normalised key that has this hash, or null. The entry may be a removed one.
    ///
    /// # Safety
    /// The part is live, and so is the key.
    pub(crate) unsafe fn find(self, key: Value, hash: u32) -> *mut Node {
        // SAFETY: as the caller promises.
        unsafe {
            if key.tag != Tag::STRING || Str::is_short(key.pointer().cast()) {
                return self.find_word(key.payload, key.tag, hash);
            }
            let string: *mut Str = key.pointer().cast();
            // Bytes are compared last: whoever makes long strings that collide makes them differ at their end.
            self.find_by(hash, |node| {
                u32::from(node.key_tag) == Tag::STRING.0
                    && (node.key == key.payload
                        || Str::hash(node.key().pointer().cast()) == Str::hash(string)
                            && Str::equals(node.key().pointer().cast(), string))
            })
        }
    }

    /// The node of an entry whose key was this cell, and is dead now, or null.
    ///
    /// # Safety
    /// The part is live.
    pub(crate) unsafe fn find_dead(self, key: Value, hash: u32) -> *mut Node {
        // SAFETY: as the caller promises.
        unsafe { self.find_by(hash, |node| node.key_tag == DEAD_KEY && node.key == key.payload) }
    }

    /// Adds an entry whose key is in no node, except perhaps as a dead one.
    ///
    /// # Safety
    /// The part is live, of a table of `heap`, and so are key and value; the key has a hash.
    pub(crate) unsafe fn insert(self, heap: &mut Heap, hasher: Hasher, key: Value, value: Value) -> Insertion {
        // SAFETY: as the caller promises.
        unsafe {
            let hash = hasher.hash(key).expect("a key in a table has a sequence number");
            self.insert_hashed(heap, hash, key, value)
        }
    }

    /// As [`insert`](Self::insert), for a key that has this hash.
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    pub(super) unsafe fn insert_hashed(self, heap: &mut Heap, hash: u32, key: Value, value: Value) -> Insertion {
        // SAFETY: as the caller promises. Masked hashes and the distances of a chain lead to nodes of the part.
        unsafe {
            let main = hash & self.mask;
            let mut node = self.nodes.add(main as usize);
            let mut outcome = Insertion::Done(Replaced::None);
            if !(*node).is_empty() {
                let Some(free) = self.take_free_node() else {
                    return Insertion::Full;
                };
                if (*node).is_at_home() {
                    // The new key goes into the free node, right behind the start of its chain.
                    let next = (*node).next;
                    (*free).next = if next == 0 { 0 } else { node.offset(next as isize).offset_from(free) as i32 };
                    (*free).place = main as u16 + AWAY;
                    (*node).next = free.offset_from(node) as i32;
                    if (*node).place >= CHAIN_MAX {
                        outcome = Insertion::TooLong;
                    }
                    (*node).place = ((*node).place + 1).min(CHAIN_MAX + 1);
                    node = free;
                } else {
                    self.move_node(node, free);
                    heap.entry_moved(self.nodes, free.offset_from(self.nodes) as usize, &*free);
                }
            } else if !(*node).is_free() {
                outcome = Insertion::Done(Replaced::of(&*node));
                if !(*node).is_at_home() {
                    self.unlink(node);
                }
            }
            (*node).set_key(key);
            (*node).set_value(value);
            outcome
        }
    }

    /// A node that was never used, from the end.
    ///
    /// # Safety
    /// Callers give a live part that is not the shared one.
    unsafe fn take_free_node(self) -> Option<*mut Node> {
        // SAFETY: callers give a live part that is not the shared one; `last_free` counts its nodes down.
        unsafe {
            let header = self.header();
            while (*header).last_free > 0 {
                (*header).last_free -= 1;
                let node = self.nodes.add((*header).last_free as usize);
                if (*node).is_free() {
                    return Some(node);
                }
            }
            None
        }
    }

    /// The main position of a node that is not in it, and the node before it in the chain.
    ///
    /// # Safety
    /// Callers give a node that is in the chain which starts at its main position, so walking that arrives there.
    unsafe fn chain_of(self, node: *mut Node) -> (*mut Node, *mut Node) {
        // SAFETY: callers give a node that is in the chain which starts at its main position, so walking that arrives there.
        unsafe {
            let main = self.nodes.add(((*node).place - AWAY) as usize);
            let mut before = main;
            while before.offset((*before).next as isize) != node {
                before = before.offset((*before).next as isize);
            }
            (main, before)
        }
    }

    /// Moves a node that is not in its main position to a free one, leaving its old place empty and without a chain.
    ///
    /// # Safety
    /// Callers give nodes of this part.
    unsafe fn move_node(self, node: *mut Node, free: *mut Node) {
        // SAFETY: callers give nodes of this part.
        unsafe {
            let (_, before) = self.chain_of(node);
            (*before).next = free.offset_from(before) as i32;
            *free = *node;
            if (*node).next != 0 {
                (*free).next += node.offset_from(free) as i32;
            }
            *node = Node::FREE;
        }
    }

    /// Takes a node that is not in its main position out of its chain, and leaves it free.
    ///
    /// # Safety
    /// Callers give a node of this part.
    unsafe fn unlink(self, node: *mut Node) {
        // SAFETY: callers give a node of this part.
        unsafe {
            let (main, before) = self.chain_of(node);
            let next = (*node).next;
            (*before).next = if next == 0 { 0 } else { node.offset(next as isize).offset_from(before) as i32 };
            if (*main).place <= CHAIN_MAX {
                (*main).place -= 1;
            }
            *node = Node::FREE;
        }
    }

    /// Removes an entry for good: its node is free afterwards.
    ///
    /// # Safety
    /// The part is live, of a table of `heap`, and `node` one of its nodes with a key.
    pub(crate) unsafe fn remove(self, heap: &mut Heap, node: *mut Node) {
        // SAFETY: as the caller promises.
        unsafe {
            if !(*node).is_at_home() {
                return self.unlink(node);
            }
            if (*node).next == 0 {
                *node = Node::FREE;
                return;
            }
            // The next of the chain takes its place.
            let second = node.offset((*node).next as isize);
            let next = (*second).next;
            let place = (*node).place;
            *node = *second;
            (*node).next = if next == 0 { 0 } else { second.offset(next as isize).offset_from(node) as i32 };
            (*node).place = if place <= CHAIN_MAX { place - 1 } else { place };
            *second = Node::FREE;
            if !(*node).is_empty() {
                heap.entry_moved(self.nodes, node.offset_from(self.nodes) as usize, &*node);
            }
        }
    }
}
