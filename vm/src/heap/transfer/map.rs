//! Numbers of cells by their address: a table beside each chunk, so that a look-up is no search.

use crate::heap::chunk::{CHUNK_BYTES, GRANULE};

/// Cells of a chunk at most.
const GRANULES: usize = CHUNK_BYTES / GRANULE;

/// A number for each address of a cell, 0 for none.
pub(super) struct AddressMap {
    /// Open addressing: chunks, and which table belongs to each. Only looked up, so its order shows nowhere.
    by_chunk: Vec<(usize, usize)>,
    tables: Vec<Box<[u32]>>,
}

/// In place of the number of a chunk.
const FREE: usize = usize::MAX;

impl AddressMap {
    pub(super) fn new() -> Self {
        AddressMap { by_chunk: vec![(FREE, 0); 64], tables: Vec::new() }
    }

    /// The place of a cell's number.
    #[inline(always)]
    pub(super) fn entry(&mut self, address: usize) -> &mut u32 {
        let chunk = address / CHUNK_BYTES;
        let (known, table) = self.by_chunk[self.place_of(chunk)];
        let table = if known == chunk { table } else { self.add(chunk) };
        &mut self.tables[table][address % CHUNK_BYTES / GRANULE]
    }

    /// The number of a cell, 0 if it has none.
    #[inline(always)]
    pub(super) fn get(&self, address: usize) -> u32 {
        match self.by_chunk[self.place_of(address / CHUNK_BYTES)] {
            (FREE, _) => 0,
            (_, table) => self.tables[table][address % CHUNK_BYTES / GRANULE],
        }
    }

    /// Where a chunk stands, or would.
    #[inline(always)]
    fn place_of(&self, chunk: usize) -> usize {
        let mask = self.by_chunk.len() - 1;
        // Neighbouring chunks get neighbouring places.
        let mut place = chunk & mask;
        while self.by_chunk[place].0 != chunk && self.by_chunk[place].0 != FREE {
            place = (place + 1) & mask;
        }
        place
    }

    #[cold]
    fn add(&mut self, chunk: usize) -> usize {
        if self.tables.len() * 2 >= self.by_chunk.len() {
            let larger = vec![(FREE, 0); self.by_chunk.len() * 2];
            for (chunk, table) in std::mem::replace(&mut self.by_chunk, larger) {
                if chunk != FREE {
                    let place = self.place_of(chunk);
                    self.by_chunk[place] = (chunk, table);
                }
            }
        }
        let place = self.place_of(chunk);
        self.by_chunk[place] = (chunk, self.tables.len());
        self.tables.push(vec![0; GRANULES].into_boxed_slice());
        self.tables.len() - 1
    }
}
