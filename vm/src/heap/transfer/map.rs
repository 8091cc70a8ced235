//! Numbers of cells by their address: a table beside each chunk, so that a look-up is no search.

use crate::heap::chunk::{CHUNK_BYTES, GRANULE};
use std::collections::HashMap;

/// Cells of a chunk at most.
const GRANULES: usize = CHUNK_BYTES / GRANULE;

/// A number for each address of a cell, 0 for none.
pub(super) struct AddressMap {
    /// Which table belongs to a chunk. Only looked up, so its order shows nowhere.
    by_chunk: HashMap<usize, usize>,
    tables: Vec<Box<[u32]>>,
    last_chunk: usize,
    last_table: usize,
}

impl AddressMap {
    pub(super) fn new() -> Self {
        AddressMap { by_chunk: HashMap::new(), tables: Vec::new(), last_chunk: usize::MAX, last_table: 0 }
    }

    /// The place of a cell's number.
    #[inline(always)]
    pub(super) fn entry(&mut self, address: usize) -> &mut u32 {
        let chunk = address / CHUNK_BYTES;
        if chunk != self.last_chunk {
            self.find_table(chunk);
        }
        &mut self.tables[self.last_table][address % CHUNK_BYTES / GRANULE]
    }

    /// The number of a cell, 0 if it has none.
    pub(super) fn get(&self, address: usize) -> u32 {
        match self.by_chunk.get(&(address / CHUNK_BYTES)) {
            Some(&table) => self.tables[table][address % CHUNK_BYTES / GRANULE],
            None => 0,
        }
    }

    #[inline(never)]
    fn find_table(&mut self, chunk: usize) {
        let next = self.tables.len();
        let table = *self.by_chunk.entry(chunk).or_insert(next);
        if table == next {
            self.tables.push(vec![0; GRANULES].into_boxed_slice());
        }
        (self.last_chunk, self.last_table) = (chunk, table);
    }
}
