//! What threaded code has not paid for at each of its places.
//!
//! Optimised code charges at branches and calls. So that a run can be stopped after exactly so many canonical instructions, the
//! fuel_map knows for every place how many of those before it are not charged yet.

/// From a place on, what is not paid for.
struct Entry {
    /// Place in halves from the entry of the code.
    at: u32,
    /// Instruction `c` has `c - origin` instructions before it that are not paid for.
    origin: i64,
    /// Where the run may stop: all before this canonical instruction is done and nothing of what follows. None at an
    /// instruction that charges: its handler charges first, and gives back when it stops before it does anything else.
    start: Option<u32>,
}

/// The fuel_map of one function's code; its entries are in the order of their places.
#[derive(Default)]
pub(crate) struct FuelMap {
    entries: Vec<Entry>,
}

impl FuelMap {
    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> u64 {
        minivm_isa::size::list_bytes::<Entry>(self.entries.len())
    }

    /// Gives up the room to grow.
    pub(super) fn shrink(&mut self) {
        self.entries.shrink_to_fit();
    }

    /// A run may stop at `at`, before `canonical`, with `pending` instructions not paid for.
    pub(super) fn start(&mut self, at: u32, canonical: usize, pending: u32) {
        let origin = canonical as i64 - i64::from(pending);
        self.entries.push(Entry { at, origin, start: u32::try_from(canonical).ok() });
    }

    /// The instruction at `at` charges for all before `canonical`.
    pub(super) fn charged(&mut self, at: u32, canonical: usize) {
        self.entries.push(Entry { at, origin: canonical as i64, start: None });
    }

    /// The entry that holds for a run which has stopped at `at`.
    fn stopped(&self, at: u32) -> Option<&Entry> {
        let until = self.entries.partition_point(|entry| entry.at <= at);
        let charges = |entry: &&Entry| entry.at == at && entry.start.is_none();
        self.entries[..until].iter().rev().find(|entry| !charges(entry))
    }

    /// What is not paid for when a run stops at `at`, which is before canonical instruction `canonical`.
    pub(super) fn before(&self, at: u32, canonical: usize) -> i64 {
        self.stopped(at).map_or(0, |entry| canonical as i64 - entry.origin)
    }

    /// What is not paid for, with instruction `canonical` itself, when that raises or calls at `at`.
    pub(super) fn through(&self, at: u32, canonical: usize) -> i64 {
        let until = self.entries.partition_point(|entry| entry.at <= at);
        until.checked_sub(1).map_or(0, |last| canonical as i64 + 1 - self.entries[last].origin)
    }

    /// The canonical instruction that a place is the start of, where runs stop between instructions. Between several lie
    /// nothing but jumps to here: a run that has stopped has done them.
    pub(super) fn stop_at(&self, at: u32) -> Option<u32> {
        self.stopped(at).filter(|entry| entry.at == at).and_then(|entry| entry.start)
    }

    /// As [`stop_at`](Self::stop_at), for a run that comes to a place from the instruction before: the jumps are ahead.
    pub(super) fn arrival_at(&self, at: u32) -> Option<u32> {
        let from = self.entries.partition_point(|entry| entry.at < at);
        self.entries[from..].iter().take_while(|entry| entry.at == at).find_map(|entry| entry.start)
    }
}
