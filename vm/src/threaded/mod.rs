//! Threaded code of one function, and the assembler that writes it.

pub(crate) mod boundary;
pub(crate) mod continuation;
pub(crate) mod frame;
mod fuel_map;
pub(crate) mod kinds;
pub(crate) mod lookups;
pub(crate) mod notes;
pub(crate) mod operands;
pub(crate) mod return_stubs;
pub(crate) mod rows;
pub(crate) mod slots;
pub(crate) mod stack_map;
pub(crate) mod table;

use crate::threaded::fuel_map::FuelMap;
use crate::threaded::kinds::{Branch, BranchTo, Elements, OperandKind};
use crate::threaded::notes::{Note, Shown};
use crate::threaded::table::Row;
use minivm_isa::entities::Block;
use minivm_isa::size::list_bytes;
use minivm_isa::steps;
use std::cell::Cell;

/// A place in threaded code.
pub(crate) type Pc = *const u16;
/// The registers of the running frame, in words.
pub(crate) type Regs = *mut u64;

/// The address of what runs one threaded instruction. This layer only stores it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HandlerAddress(pub(crate) u64);

/// Where a slow function goes on; a null `pc` leaves the interpreter, with the reason in the context.
#[derive(Clone, Copy)]
pub(crate) struct Flow {
    pub(crate) pc: Pc,
    pub(crate) regs: Regs,
}

impl Flow {
    /// Leaves the interpreter.
    pub(crate) const EXIT: Flow = Flow { pc: std::ptr::null(), regs: std::ptr::null_mut() };
}

/// Number of halves before the entry of a function: the address of its function, that of its native code (0: none), then
/// [`EntryHeader`].
pub(crate) const HEADER_HALVES: usize = 12;

/// Bytes from the word with the address of a function's native code to its entry.
pub(crate) const NATIVE_BEFORE_ENTRY_BYTES: usize = 16;

/// What a call checks, in the 8 bytes before the entry of a function.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryHeader {
    /// Words of its frame, with the largest window for outgoing arguments and room for one machine continuation.
    pub(crate) extent: u32,
    /// Number of parameters when it may be entered with exactly so many `any` arguments in place, else [`NOT_DIRECT`].
    pub(crate) params: u32,
}

/// A number of parameters that no call has: such a function is entered by the slow path.
pub(crate) const NOT_DIRECT: u32 = u32::MAX;

/// Set in the number of parameters of a typed function that `any` code may enter over a boundary frame, see
/// `handlers::boundary`.
pub(crate) const TYPED_CALL: u32 = 1 << 31;

/// What a return needs of its call, in the 8 bytes before the place it returns to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReturnInfo {
    /// Register word of the caller that takes the first result.
    pub(crate) dst: u16,
    /// Number of `any` results wanted (typed calls: result words), or [`OPEN`].
    pub(crate) results: u16,
    /// Words from the caller's registers to the callee's.
    pub(crate) delta: u32,
}

/// The number of results of a call that takes all of them as the open list.
pub(crate) const OPEN: u16 = u16::MAX;

/// Threaded code with the table back to canonical instructions.
pub(crate) struct Code {
    /// Header and instructions; 8-byte words so that handler addresses are aligned.
    words: Box<[Cell<u64>]>,
    /// For each threaded instruction: where it starts (in halves from the entry) and the first canonical instruction it does.
    map: Vec<(u32, u32)>,
    /// Where each block starts, in halves from the entry.
    blocks: Vec<u32>,
    /// Inside of instructions that do several canonical ones: where the operands of those end that can trap.
    parts: Vec<(u32, u32)>,
    fuel_map: FuelMap,
    /// Places that calls return to, with the canonical instruction of the call.
    returns: Vec<(u32, u32)>,
    /// Jumps that end a branch, as places and blocks they go to.
    exits: Vec<(u32, Block)>,
    /// In baseline code, where the step before each canonical instruction is.
    steps: Vec<u32>,
}

impl Code {
    /// The first instruction.
    pub(crate) fn entry(&self) -> Pc {
        self.at(0)
    }

    /// Words of the function's frame.
    pub(crate) fn extent(&self) -> u32 {
        // SAFETY: the header stands before the entry.
        unsafe { header_at(self.entry()).extent }
    }

    /// The word with the address of native code that calls enter from native code; 0 where there is none.
    pub(crate) fn native(&self) -> &Cell<u64> {
        &self.words[1]
    }

    /// The word with the handler of the threaded instruction that begins at `pc`.
    pub(crate) fn handler_at(&self, pc: Pc) -> &Cell<u64> {
        &self.words[(HEADER_HALVES + self.place(pc) as usize) / 4]
    }

    /// The place so many halves behind the entry.
    pub(crate) fn at(&self, halves: u32) -> Pc {
        self.words.as_ptr().cast::<u16>().wrapping_add(HEADER_HALVES + halves as usize)
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> u64 {
        list_bytes::<u64>(self.words.len())
            + list_bytes::<(u32, u32)>(self.map.len())
            + list_bytes::<(u32, u32)>(self.parts.len())
            + list_bytes::<(u32, u32)>(self.returns.len())
            + list_bytes::<(u32, u32)>(self.exits.len())
            + list_bytes::<u32>(self.blocks.len() + self.steps.len())
            + self.fuel_map.bytes()
    }

    /// The start of a block.
    pub(crate) fn block(&self, block: Block) -> Pc {
        self.at(self.blocks[block.as_u32() as usize])
    }

    fn place(&self, pc: Pc) -> u32 {
        ((pc as usize).wrapping_sub(self.entry() as usize) / 2) as u32
    }

    /// The place after the call that is canonical instruction `canonical`.
    pub(crate) fn return_place(&self, canonical: usize) -> Option<Pc> {
        let index = self.returns.binary_search_by_key(&canonical, |&(_, call)| call as usize).ok()?;
        Some(self.at(self.returns[index].0))
    }

    /// The call that returns to a place.
    pub(crate) fn call_before(&self, pc: Pc) -> Option<usize> {
        let index = self.returns.binary_search_by_key(&self.place(pc), |&(place, _)| place).ok()?;
        Some(self.returns[index].1 as usize)
    }

    /// The block that a jump at the end of a branch goes to.
    pub(crate) fn exit_at(&self, pc: Pc) -> Option<Block> {
        let index = self.exits.binary_search_by_key(&self.place(pc), |&(place, _)| place).ok()?;
        Some(self.exits[index].1)
    }

    /// The step before a canonical instruction, in baseline code. What takes the results of the instruction before apart is
    /// done there.
    pub(crate) fn place_of(&self, canonical: usize) -> Pc {
        self.at(self.steps[canonical])
    }

    /// Where a run that has stopped at `pc` goes on, as a canonical instruction.
    pub(crate) fn stop_at(&self, pc: Pc) -> usize {
        if let Some(call) = self.call_before(pc) {
            return call + 1;
        }
        self.fuel_map.stop_at(self.place(pc)).map_or_else(|| self.canonical(pc), |start| start as usize)
    }

    /// Where a run goes on that comes to `pc` from the instruction before, or from outside, as a canonical instruction.
    pub(crate) fn arrival_at(&self, pc: Pc) -> usize {
        if let Some(call) = self.call_before(pc) {
            return call + 1;
        }
        self.fuel_map.arrival_at(self.place(pc)).map_or_else(|| self.canonical(pc), |start| start as usize)
    }

    /// The canonical instruction that a run which comes to the start of a block at `pc` goes on with, and how many before it are
    /// not paid for then.
    pub(crate) fn block_at(&self, pc: Pc) -> Option<(usize, i64)> {
        let start = self.fuel_map.stop_at(self.place(pc))? as usize;
        Some((start, self.fuel_map.before(self.place(pc), start)))
    }

    /// Whether a threaded instruction is not the first of its canonical instruction.
    pub(crate) fn is_inside(&self, pc: Pc) -> bool {
        let index = self.map.partition_point(|&(start, _)| start < self.place(pc));
        index > 0 && self.map.get(index).is_some_and(|&(_, canonical)| canonical == self.map[index - 1].1)
    }

    /// Canonical instructions that are done but not paid for when a run stops at `pc`, or goes on there, with `next`.
    pub(crate) fn unpaid_before(&self, pc: Pc, next: usize) -> i64 {
        match self.call_before(pc) {
            // Calls charge for everything up to them.
            Some(call) => next as i64 - (call as i64 + 1),
            None => self.fuel_map.before(self.place(pc), next),
        }
    }

    /// Canonical instructions that are not paid for, with the one at `pc`, when that one raises or calls.
    pub(crate) fn unpaid_through(&self, pc: Pc) -> i64 {
        self.fuel_map.through(self.place(pc), self.canonical(pc))
    }

    /// Whether a place lies in this code; the place after the last instruction counts.
    pub(crate) fn contains(&self, pc: Pc) -> bool {
        let range = self.words.as_ptr_range();
        (range.start.cast::<u16>()..=range.end.cast::<u16>()).contains(&pc)
    }

    /// The canonical instruction that the threaded instruction at `pc` begins with. A place inside of an instruction counts as
    /// its start, unless the instruction does several canonical ones: traps name the operands of the one that failed.
    pub(crate) fn canonical(&self, pc: Pc) -> usize {
        let halves = self.place(pc);
        let last = |list: &[(u32, u32)]| {
            let after = list.partition_point(|&(start, _)| start <= halves);
            after.checked_sub(1).map(|index| list[index])
        };
        let (start, first) = last(&self.map).unwrap_or((0, 0));
        let part = last(&self.parts).filter(|&(place, _)| place > start).map(|(_, canonical)| canonical);
        part.unwrap_or(first) as usize
    }

    /// The threaded instructions: place in halves from the entry, canonical instruction.
    pub(crate) fn instructions(&self) -> &[(u32, u32)] {
        &self.map
    }

    /// The first block that starts at a place.
    pub(crate) fn block_that_starts_at(&self, pc: Pc) -> Option<Block> {
        let index = self.blocks.iter().position(|&start| start == self.place(pc))?;
        Some(Block::from_u32(u32::try_from(index).expect("blocks are counted in u32")))
    }
}

/// A branch whose distance is filled in when all blocks are placed.
struct Fixup {
    /// Where the distance stands.
    at: usize,
    /// What it counts from.
    from: usize,
    target: Block,
}

/// A cost that depends on what the target of a branch has pending.
struct CostFixup {
    at: usize,
    pending: u32,
    target: Block,
}

/// Writes threaded code.
pub(crate) struct Assembler {
    halves: Vec<u16>,
    map: Vec<(u32, u32)>,
    blocks: Vec<u32>,
    /// For each block, the canonical instructions that are not paid for when it begins (see [`cost`](Self::cost)).
    pending: Vec<u32>,
    parts: Vec<(u32, u32)>,
    fixups: Vec<Fixup>,
    costs: Vec<CostFixup>,
    start: usize,
    /// The canonical instruction that is being written.
    canonical: u32,
    fuel_map: FuelMap,
    returns: Vec<(u32, u32)>,
    exits: Vec<(u32, Block)>,
    steps: Vec<u32>,
    /// Where the distance to the return place of the call that is being written stands.
    length: usize,
    /// What each instruction is, for people; none unless somebody wants to know.
    notes: Option<Vec<Note>>,
}

/// Costs up to this may stay pending at a branch; what it then charges fits 16 bits with a sign.
pub(crate) const PENDING_MAX: u32 = 1 << 12;

/// No place in optimised code has more than this not paid for: what a run that may do exactly so many instructions keeps back.
pub(crate) const UNPAID_MAX: i64 = 1 << 11;

/// Halves that an instruction takes, as far as is known before.
const HALVES_EXPECTED: usize = 8;

impl Assembler {
    /// Starts code for a function with so many blocks and instructions.
    pub(crate) fn new(blocks: usize, instructions: usize) -> Self {
        // Most instructions take no more; longer code grows.
        let mut halves = Vec::with_capacity(HEADER_HALVES + instructions.saturating_mul(HALVES_EXPECTED));
        halves.resize(HEADER_HALVES, 0);
        Assembler {
            halves,
            map: Vec::with_capacity(instructions),
            blocks: vec![0; blocks],
            pending: vec![0; blocks],
            parts: Vec::new(),
            fixups: Vec::new(),
            costs: Vec::new(),
            start: HEADER_HALVES,
            canonical: 0,
            fuel_map: FuelMap::default(),
            returns: Vec::new(),
            exits: Vec::new(),
            steps: Vec::new(),
            length: 0,
            notes: None,
        }
    }

    /// From now on, remembers what each instruction is.
    pub(crate) fn take_notes(&mut self) {
        self.notes = Some(Vec::new());
    }

    /// What each instruction is, if that was remembered.
    pub(crate) fn notes(&mut self) -> Vec<Note> {
        self.notes.take().unwrap_or_default()
    }

    /// Notes what the instruction begun last is, if somebody wants to know.
    fn note(&mut self, note: impl FnOnce(&mut Note)) {
        if let Some(last) = self.notes.as_mut().and_then(|notes| notes.last_mut()) {
            note(last);
        }
    }

    /// Notes what the instruction begun last does, or does next.
    pub(crate) fn does(&mut self, name: &str) {
        self.note(|note| note.add_name(name));
    }

    /// Notes an operand of the instruction begun last.
    pub(crate) fn shows(&mut self, name: &'static str, operand: impl FnOnce() -> Shown) {
        self.note(|note| note.add(name, operand()));
    }

    /// Writes the branch of a tree.
    pub(crate) fn branch(&mut self, branch: BranchTo) {
        let at = self.position();
        self.shows("branch", || Shown::Branch(at));
        Branch::write(branch, self);
    }

    /// Writes an instruction of the table that does canonical instructions from `canonical` on.
    pub(crate) fn row<R: Row>(&mut self, handler: HandlerAddress, canonical: usize, row: R) {
        const { assert!(!R::HAS_LIST, "the elements of a list are written, too") };
        self.begin_at(handler, canonical);
        self.note(Note::set_row::<R>);
        row.write(self);
    }

    /// The same with the elements of its list.
    pub(crate) fn row_with_list<R: Row, K: OperandKind>(
        &mut self,
        handler: HandlerAddress,
        canonical: usize,
        row: R,
        list: Elements<K>,
        elements: &[K::Value],
    ) {
        debug_assert!(R::HAS_LIST && list.count == elements.len(), "the list says how many elements follow");
        self.begin_at(handler, canonical);
        self.note(Note::set_row::<R>);
        row.write(self);
        for &element in elements {
            K::write(element, self);
        }
    }

    /// Writes the operands of a row in an instruction that was begun: those of a tree follow.
    pub(crate) fn head<R: Row>(&mut self, row: R) {
        self.note(Note::set_row::<R>);
        row.write(self);
    }

    /// Fills up to a multiple of so many halves from the start of the instruction.
    pub(crate) fn align(&mut self, halves: usize) {
        while !(self.halves.len() - self.start).is_multiple_of(halves) {
            self.halves.push(0);
        }
    }

    /// Instructions so far.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    fn position(&self) -> u32 {
        u32::try_from(self.halves.len() - HEADER_HALVES).expect("threaded code has less than 8 GiB")
    }

    /// The next instruction begins a block, whose first canonical instruction is `canonical`, with `pending` not paid for.
    pub(crate) fn place(&mut self, block: Block, canonical: usize, pending: u32) {
        self.pad();
        self.blocks[block.as_u32() as usize] = self.position();
        self.pending[block.as_u32() as usize] = pending;
        self.fuel_map.start(self.position(), canonical, pending);
    }

    /// Begins an instruction that does canonical instructions from `canonical` on. The one before must be complete.
    pub(crate) fn begin_at(&mut self, handler: HandlerAddress, canonical: usize) {
        self.pad();
        steps::count(1);
        self.start = self.halves.len();
        self.canonical = u32::try_from(canonical).expect("code is counted in u32");
        self.map.push((self.position(), self.canonical));
        if let Some(notes) = &mut self.notes {
            notes.push(Note::default());
        }
        self.u64(handler.0);
    }

    /// The instruction begun last is the step before a canonical instruction of baseline code.
    pub(crate) fn is_step(&mut self) {
        self.steps.push(self.map.last().expect("it was just begun").0);
    }

    /// The next instruction charges for all canonical instructions before `canonical`.
    pub(crate) fn charges(&mut self, canonical: usize) {
        self.pad();
        self.fuel_map.charged(self.position(), canonical);
    }

    /// Everything before `canonical` is paid for here, and nothing after it has begun.
    pub(crate) fn paid(&mut self, canonical: usize) {
        self.pad();
        self.fuel_map.start(self.position(), canonical, 0);
    }

    /// Instruction `canonical` is done by going on to what is written next; `pending` before it are not paid for.
    pub(crate) fn falls(&mut self, canonical: usize, pending: u32) {
        self.pad();
        self.fuel_map.start(self.position(), canonical, pending);
    }

    /// The instruction begun last is a jump at the end of a branch.
    pub(crate) fn exit(&mut self, target: Block) {
        let place = u32::try_from(self.start - HEADER_HALVES).expect("threaded code has less than 8 GiB");
        self.exits.push((place, target));
    }

    /// The operands written last are the last ones of this canonical instruction, which may trap: traps name that place.
    pub(crate) fn part(&mut self, canonical: usize) {
        let canonical = u32::try_from(canonical).expect("code is counted in u32");
        let start = (self.start - HEADER_HALVES) as u32;
        let is_first = self.map.last().is_some_and(|&(_, first)| first == canonical);
        if !is_first || self.parts.last().is_some_and(|&(place, _)| place > start) {
            self.parts.push((self.position() - 1, canonical));
        }
    }

    /// Fills up to 8 bytes.
    pub(crate) fn pad(&mut self) {
        self.halves.resize(self.halves.len().next_multiple_of(4), 0);
    }

    /// A 16-bit operand.
    pub(crate) fn u16(&mut self, value: u16) {
        self.halves.push(value);
    }

    /// A 32-bit operand.
    pub(crate) fn u32(&mut self, value: u32) {
        self.halves.extend_from_slice(&[value as u16, (value >> 16) as u16]);
    }

    /// A 64-bit operand.
    pub(crate) fn u64(&mut self, value: u64) {
        self.halves.extend_from_slice(&[
            value as u16,
            (value >> 16) as u16,
            (value >> 32) as u16,
            (value >> 48) as u16,
        ]);
    }

    /// A 32-bit operand that [`fill_length`](Self::fill_length) fills in.
    pub(crate) fn length(&mut self) {
        self.length = self.halves.len();
        self.u32(0);
    }

    /// Fills in how many halves this instruction has, with the return information that follows next.
    pub(crate) fn fill_length(&mut self) {
        self.pad();
        let length = (self.halves.len() + 4 - self.start) as u32;
        self.halves[self.length] = length as u16;
        self.halves[self.length + 1] = (length >> 16) as u16;
    }

    /// A branch target: the distance in halves from the start of this instruction, 32 bits.
    pub(crate) fn target(&mut self, target: Block) {
        steps::count(1);
        self.fixups.push(Fixup { at: self.halves.len(), from: self.start, target });
        self.u32(0);
    }

    /// What a branch charges when it is taken, as an `i16`: `pending` instructions that are not paid for, less those that
    /// the target takes over. A block that is also fallen into takes over what the block before it has pending; so nothing
    /// is charged between the two, and what is charged around any loop is what the loop does.
    pub(crate) fn cost(&mut self, pending: u32, target: Block) {
        debug_assert!(pending <= PENDING_MAX, "the compiler charges before branches that would charge too much");
        self.costs.push(CostFixup { at: self.halves.len(), pending, target });
        self.u16(0);
    }

    /// The return information of a call; what follows is the place the call returns to.
    pub(crate) fn return_info(&mut self, info: ReturnInfo) {
        self.pad();
        self.u16(info.dst);
        self.u16(info.results);
        self.u32(info.delta);
        self.returns.push((self.position(), self.canonical));
    }

    /// Fills in the branches and the header.
    pub(crate) fn finish(mut self, info: *const (), header: EntryHeader) -> Code {
        self.pad();
        for fixup in &self.fixups {
            let to = self.blocks[fixup.target.as_u32() as usize] as usize + HEADER_HALVES;
            let distance = to as i64 - fixup.from as i64;
            let distance = i32::try_from(distance).expect("threaded code has less than 4 GiB") as u32;
            self.halves[fixup.at] = distance as u16;
            self.halves[fixup.at + 1] = (distance >> 16) as u16;
        }
        for fixup in &self.costs {
            let taken_over = self.pending[fixup.target.as_u32() as usize];
            self.halves[fixup.at] = (fixup.pending as i32 - taken_over as i32) as u16;
        }
        let word = |halves: &[u16; 4]| halves.iter().rev().fold(0u64, |word, &half| word << 16 | u64::from(half));
        let (whole, []) = self.halves.as_chunks() else { unreachable!("it was filled up") };
        let words: Box<[Cell<u64>]> = whole.iter().map(word).map(Cell::new).collect();
        words[0].set(info as usize as u64);
        words[2].set(u64::from(header.extent) | u64::from(header.params) << 32);
        self.map.shrink_to_fit();
        self.parts.shrink_to_fit();
        self.returns.shrink_to_fit();
        self.exits.shrink_to_fit();
        self.steps.shrink_to_fit();
        self.fuel_map.shrink();
        Code {
            words,
            map: self.map,
            blocks: self.blocks,
            parts: self.parts,
            fuel_map: self.fuel_map,
            returns: self.returns,
            exits: self.exits,
            steps: self.steps,
        }
    }
}

/// The header of an entry.
///
/// # Safety
/// `entry` is the entry of a function.
#[inline(always)]
pub(crate) unsafe fn header_at(entry: Pc) -> EntryHeader {
    // SAFETY: every entry has its header before it.
    unsafe { *entry.cast::<EntryHeader>().sub(1) }
}
