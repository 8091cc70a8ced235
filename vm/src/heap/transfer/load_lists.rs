//! What the heap knows besides its cells, from bytes: finalisers, counters, what owns memory of the host.

use super::invariants::{BYTES_MAX, IDS_END};
use super::load::HeapLoader;
use crate::bytes::{Reader, SnapshotError};
use crate::heap::Heap;
use crate::heap::header::Header;
use crate::heap::object::Owner;

/// Bytes that it takes to list what has owned memory of the host, and is dead.
const DEAD_BYTES: u64 = 4 * size_of::<Owner>() as u64;
/// More bytes than this are charged for nothing.
const CHARGED_MAX: usize = 1 << 40;

impl HeapLoader {
    /// Reads the objects that have finalisers.
    pub(crate) fn state(&mut self, heap: &mut Heap, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        from.label("finalisers");
        let mut lists = [Vec::new(), Vec::new()];
        for list in &mut lists {
            for _ in 0..from.count()? {
                match self.reference(from)? {
                    // SAFETY: all cells here are live.
                    Some(object) if unsafe { (*object.pointer()).has(Header::FINALISER) } => {
                        // SAFETY: as above. The flag is taken off, so that none stands in a list twice.
                        unsafe { (*object.pointer()).clear(Header::FINALISER) };
                        list.push(object.pointer());
                    }
                    _ => return Err(from.damaged("an object awaits a finaliser that it does not have")),
                }
            }
        }
        for &object in lists.iter().flatten() {
            // SAFETY: as above.
            unsafe { (*object).set(Header::FINALISER) };
            self.unlisted = self.unlisted.wrapping_sub(1);
        }
        // The cells of a copy were not counted.
        if self.unlisted != 0 && !self.is_copy() {
            return Err(from.damaged("an object has a finaliser that is not registered"));
        }
        heap.finalisers.restore(lists);
        Ok(())
    }

    /// Reads what a collection goes through besides cells, when all of those were read.
    pub(crate) fn lists(&self, heap: &mut Heap, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        from.label("owners");
        heap.interned.load(from)?;
        let mut owners = Vec::new();
        let mut cells = Vec::new();
        for _ in 0..from.count()? {
            owners.push(match from.number()? {
                0 => {
                    self.hold(DEAD_BYTES)?;
                    let charged = from.size()?;
                    heap.external = heap.external.saturating_add(charged);
                    if charged > CHARGED_MAX || heap.external > CHARGED_MAX {
                        return Err(from.damaged("charged bytes out of range"));
                    }
                    Owner::Dead { charged }
                }
                number => {
                    let cell = self.cell(from, number)?;
                    if cells.len() == heap.owners.len() {
                        return Err(from.damaged("memory of the host is owned by another object"));
                    }
                    cells.push(cell);
                    Owner::Cell(cell)
                }
            });
        }
        let made = std::mem::replace(&mut heap.owners, owners.into_iter().collect());
        let made = made.iter().filter_map(|owner| if let Owner::Cell(cell) = owner { Some(cell) } else { None });
        let mut made: Vec<*mut Header> = made.collect();
        made.sort_unstable();
        cells.sort_unstable();
        if made != cells {
            // What owns something must stay listed.
            heap.owners = made.into_iter().map(Owner::Cell).collect();
            return Err(from.damaged("memory of the host is owned by another object"));
        }
        Ok(())
    }

    /// Reads what the heap counts, when all cells were read.
    pub(crate) fn counters(&self, heap: &mut Heap, from: &mut Reader<'_>) -> Result<(), SnapshotError> {
        from.label("counters");
        let last_id = from.number()?;
        let allocated = from.number()?;
        let garbage = from.number()?;
        let (debt, last_grant) = (from.signed()?, from.signed()?);
        let live = from.size()?;
        let live_external = from.size()?;
        let overdrawn = from.flag()?;
        let hash_key = [from.word()?, from.word()?];
        // Between cycles everything allocated here is live.
        let used = heap.allocated_bytes() + garbage.min(BYTES_MAX);
        let range = -(BYTES_MAX as i64)..=BYTES_MAX as i64;
        let sane = last_id < IDS_END && allocated <= BYTES_MAX && range.contains(&debt) && range.contains(&last_grant);
        if !sane || used > allocated || garbage > BYTES_MAX {
            return Err(from.damaged("the heap's counters disagree"));
        }
        if self.identities.largest() > last_id {
            return Err(from.damaged("cell number out of range"));
        }
        heap.last_id = last_id;
        heap.debt = debt;
        heap.granted = allocated as i64 + debt;
        heap.last_grant = last_grant.max(debt);
        heap.freed = allocated - used;
        heap.live = live.min(used as usize);
        heap.live_external = live_external.min(BYTES_MAX as usize);
        heap.overdrawn = overdrawn;
        heap.set_hash_key(hash_key);
        heap.cycle.load(from)
    }
}
