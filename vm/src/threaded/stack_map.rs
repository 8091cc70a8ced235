//! Which words of a frame hold references, by canonical instruction: what the collector scans.

use crate::heap::Marker;
use crate::threaded::slots::Slots;
use crate::value::Value;
use minivm_isa::entities::Reg;
use minivm_isa::live::LiveRegisters;
use minivm_isa::program::Function;
use minivm_isa::register_set::RegisterSet;
use minivm_isa::size::list_bytes;
use minivm_isa::{Instruction, Type, steps};
use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// What happens to one instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// It is emitted by itself.
    Emitted,
    /// It is done inside this other instruction, and its result is nowhere in the frame.
    Folded(u32),
    /// Its result, an `any`, goes to this word of the frame's window, for the call at that instruction.
    Window { at: u16, call: u32 },
}

/// Canonical instructions that are planned together: bounds what is not paid for in a long block.
pub(crate) const STRETCH: usize = 512;

/// Where the stretch of an instruction begins.
pub(crate) fn stretch_start(function: &Function, instruction: usize) -> usize {
    let start = function.block_range(function.block_of(instruction)).start;
    start + (instruction - start) / STRETCH * STRETCH
}

/// The values that wait in the window of a function: written by, taken by, word offset.
pub(crate) struct Waiting(pub(crate) Box<[(u32, u32, u16)]>);

impl Waiting {
    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Those that were written before an instruction and are taken by it or by a later one.
    pub(crate) fn at(&self, instruction: usize) -> impl Iterator<Item = &(u32, u32, u16)> {
        let until = self.0.partition_point(|&(made, _, _)| (made as usize) < instruction);
        self.0[..until].iter().rev().take_while(move |&&(_, call, _)| instruction <= call as usize)
    }
}

/// The map of one function.
pub(crate) struct StackMap {
    /// Made when a frame is first looked at: most functions are never met by the collector.
    flow: OnceCell<Flow>,
    parameters: usize,
    /// Registers that some instruction should have written and did not, as its result is elsewhere. They are temporaries of
    /// single blocks.
    sometimes_elided: Vec<bool>,
    fates: Box<[Fate]>,
    /// Values that wait in the window for the call that takes them.
    waiting: Waiting,
    /// What was found for places so far: the frames of a recursion are all at the same ones.
    known: RefCell<HashMap<Place, Rc<[Root]>>>,
    /// The place that was asked for last: in deep recursion frame after frame is at the same.
    last: RefCell<Option<(Place, Rc<[Root]>)>>,
    /// The same of what snapshots take along, by instruction and whether it calls.
    held: RefCell<HashMap<(usize, bool), Rc<RegisterSet>>>,
}

/// The dataflow of a function.
struct Flow {
    live: LiveRegisters,
    /// Registers with a result that is elsewhere, but is wanted in other blocks by somebody who only knows its name.
    lost: RegisterSet,
    /// Where registers are written that are sometimes elided, ascending.
    writes: Vec<(Reg, u32)>,
}

/// A state of a frame: the instruction, whether it waits for the call that this is, whether its code is plain.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) instruction: usize,
    pub(crate) calling: bool,
    pub(crate) baseline: bool,
}

/// A word of a frame with a reference.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Root {
    /// An `any` value.
    Any(u16),
    /// An object, or null.
    Object(u16),
}

/// Places of a function whose roots are remembered at once.
const KNOWN_MAX: usize = 64;

impl StackMap {
    /// The map of a function, with what becomes of each of its instructions, and the values that wait in windows.
    pub(crate) fn new(function: &Function, parameters: usize, fates: Box<[Fate]>, waiting: Waiting) -> Self {
        let mut sometimes_elided = vec![false; function.registers.len()];
        for (instruction, _) in function.code.iter().zip(&fates).filter(|(_, fate)| **fate != Fate::Emitted) {
            instruction.for_each_def(|reg| sometimes_elided[reg.as_u32() as usize] = true);
        }
        let (flow, known, held) = (OnceCell::new(), RefCell::default(), RefCell::default());
        let last = RefCell::default();
        StackMap { flow, parameters, sometimes_elided, fates, waiting, known, last, held }
    }

    /// Bytes that it takes, with what is remembered when it is in use.
    pub(crate) fn bytes(&self) -> u64 {
        list_bytes::<bool>(self.sometimes_elided.len())
            + list_bytes::<Fate>(self.fates.len())
            + list_bytes::<(u32, u32, u16)>(self.waiting.len())
            + size_of::<StackMap>() as u64
    }

    fn flow(&self, function: &Function) -> &Flow {
        self.flow.get_or_init(|| {
            steps::count(2 * function.code.len() + function.registers.len());
            let live = LiveRegisters::compute(function, self.parameters);
            let lost = self.lost(function, &live);
            let mut writes = Vec::new();
            for (at, instruction) in (0u32..).zip(&function.code) {
                instruction.for_each_def(|reg| {
                    if self.is_sometimes_elided(reg) {
                        writes.push((reg, at));
                    }
                });
            }
            writes.sort_unstable();
            Flow { live, lost, writes }
        })
    }

    fn is_sometimes_elided(&self, reg: Reg) -> bool {
        self.sometimes_elided[reg.as_u32() as usize]
    }

    fn lost(&self, function: &Function, live: &LiveRegisters) -> RegisterSet {
        let mut lost = RegisterSet::empty(function);
        // The block that a later instruction of which writes a register.
        let mut written_in = vec![u32::MAX; function.registers.len()];
        for block in function.blocks.keys() {
            for at in function.block_range(block).rev() {
                function.code[at].for_each_def(|reg| {
                    let written = std::mem::replace(&mut written_in[reg.as_u32() as usize], block.as_u32());
                    let is_last = written != block.as_u32();
                    if is_last && self.fates[at] != Fate::Emitted && live.is_live_at_end(block, reg) {
                        lost.insert(reg);
                    }
                });
            }
        }
        lost
    }

    /// What may still be read of a frame at a place.
    fn live(&self, function: &Function, place: Place) -> RegisterSet {
        let live = &self.flow(function).live;
        let here = place.instruction;
        let mut set = if place.calling { live.during(function, here) } else { live.before(function, here) };
        if !place.baseline {
            self.add_hidden_uses(function, here, &mut set);
        }
        set
    }

    /// Adds what instructions before `here` read that are done inside of one from `here` on.
    fn add_hidden_uses(&self, function: &Function, here: usize, live: &mut RegisterSet) {
        let start = stretch_start(function, here);
        steps::count(here - start);
        let mut elided = vec![false; here - start];
        for at in (start..here).rev() {
            let Fate::Folded(into) = self.fates[at] else { continue };
            let into = into as usize;
            if into >= here || into >= start && elided[into - start] {
                elided[at - start] = true;
                function.code[at].for_each_use(|register| live.insert(register));
            }
        }
    }

    /// Whether a register that is live at a place is there: the last write before an instruction reached the frame.
    fn is_there(&self, function: &Function, place: Place, reg: Reg) -> bool {
        if place.baseline || !self.is_sometimes_elided(reg) {
            return true;
        }
        match self.last_write(function, place.instruction, reg) {
            Some(at) => self.fates[at] == Fate::Emitted,
            // No value of a temporary crosses the boundary of a block, so this is one that was written for good.
            None => !self.flow(function).lost.contains(reg),
        }
    }

    /// The last write, in the same block before an instruction, of a register that is sometimes elided.
    fn last_write(&self, function: &Function, instruction: usize, reg: Reg) -> Option<usize> {
        let start = function.block_range(function.block_of(instruction)).start;
        let writes = &self.flow(function).writes;
        let until = writes.partition_point(|&write| write < (reg, instruction as u32));
        let (last, at) = *writes.get(until.checked_sub(1)?)?;
        (last == reg && at as usize >= start).then_some(at as usize)
    }

    /// The roots at a place.
    fn roots(&self, function: &Function, slots: &Slots, place: Place) -> Rc<[Root]> {
        if let Some((last, roots)) = &*self.last.borrow()
            && *last == place
        {
            return roots.clone();
        }
        let roots = self.known_roots(function, slots, place);
        *self.last.borrow_mut() = Some((place, roots.clone()));
        roots
    }

    /// As [`roots`](Self::roots), for another place than the last one.
    fn known_roots(&self, function: &Function, slots: &Slots, place: Place) -> Rc<[Root]> {
        if let Some(known) = self.known.borrow().get(&place) {
            return known.clone();
        }
        let mut roots = Vec::new();
        for reg in self.live(function, place).iter() {
            steps::count(1);
            let ty = function.registers[reg];
            if ty.is_traced() && self.is_there(function, place, reg) {
                let slot = slots.of(reg);
                roots.push(if ty == Type::Any { Root::Any(slot) } else { Root::Object(slot) });
            }
        }
        if !place.baseline {
            // While the instruction calls, its own arguments belong to the callee.
            let takes = |&&(_, call, _): &&(u32, u32, u16)| !(place.calling && call as usize == place.instruction);
            roots.extend(self.waiting.at(place.instruction).filter(takes).map(|&(_, _, at)| Root::Any(at)));
        }
        let roots: Rc<[Root]> = roots.into();
        let mut known = self.known.borrow_mut();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(place, roots.clone());
        roots
    }

    /// What can be read of a frame at a place. `has_begun` says that the instruction there has, so that arguments of a call that
    /// it is belong to the callee.
    pub(crate) fn view<'m>(&'m self, function: &'m Function, place: Place, has_begun: bool) -> View<'m> {
        let held = self.held_baseline(function, place.instruction, place.calling);
        let elided = match (place.baseline, has_begun) {
            (true, _) => Vec::new(),
            (false, true) => self.hidden_during(function, place.instruction),
            (false, false) => self.elided_before(function, place.instruction),
        };
        let elided = elided.into_iter().map(|elided| match elided {
            Elided::InWindow(reg, word) => (reg, Some(word)),
            Elided::Nowhere(reg) => (reg, None),
        });
        let live = (!place.baseline).then(|| self.live(function, place));
        View { map: self, function, place, held, elided: elided.collect(), live }
    }

    /// The first of the instructions right before `here` that are only done inside of one from `here` on, or `here`.
    pub(crate) fn first_elided(&self, function: &Function, here: usize) -> usize {
        let start = function.block_range(function.block_of(here)).start;
        let elided = |&at: &usize| matches!(self.fates[at], Fate::Folded(into) if into as usize >= here);
        (start..here).rev().take_while(elided).last().unwrap_or(here)
    }

    /// Registers that have a value at `here`, as far as the portable code knows, and did not get it.
    pub(crate) fn elided_before(&self, function: &Function, here: usize) -> Vec<Elided> {
        self.elided(function, here, false)
    }

    /// The same while the instruction at `here` calls, whose own arguments are the callee's.
    pub(crate) fn hidden_during(&self, function: &Function, here: usize) -> Vec<Elided> {
        self.elided(function, here, true)
    }

    /// The same where an error has ended the instruction at `here`, which is seen as if it was about to begin; `entered` says that it
    /// is a call whose callee was entered: its own arguments are forgotten, see [`forget_operands`](Self::forget_operands).
    pub(crate) fn hidden_by_error(&self, function: &Function, here: usize, entered: bool) -> Vec<Elided> {
        if !entered {
            return self.elided_before(function, here);
        }
        [self.hidden_during(function, here), self.forgotten(function, here)].concat()
    }

    /// The registers that have a value at `here`, as far as the portable code knows, which optimised code has nowhere.
    pub(crate) fn absent_before(&self, function: &Function, here: usize) -> RegisterSet {
        let mut absent = RegisterSet::empty(function);
        for elided in self.elided_before(function, here) {
            if let Elided::Nowhere(reg) = elided {
                absent.insert(reg);
            }
        }
        absent
    }

    /// The registers that are read by the call at an instruction, and by nothing after it.
    pub(crate) fn forgotten(&self, function: &Function, call: usize) -> Vec<Elided> {
        let during = self.held_baseline(function, call, true);
        let before = self.held_baseline(function, call, false);
        before.iter().filter(|&reg| !during.contains(reg)).map(Elided::Nowhere).collect()
    }

    fn elided(&self, function: &Function, here: usize, calling: bool) -> Vec<Elided> {
        // What is not live any more may be anywhere.
        let live = self.live(function, Place { instruction: here, calling, baseline: true });
        let elided = |reg: Reg| match self.fates[self.last_write(function, here, reg)?] {
            Fate::Emitted => None,
            Fate::Window { at, call } if call as usize >= here + usize::from(calling) => {
                Some(Elided::InWindow(reg, at))
            }
            Fate::Window { .. } | Fate::Folded(_) => Some(Elided::Nowhere(reg)),
        };
        live.iter()
            .inspect(|_| steps::count(1))
            .filter(|&reg| self.is_sometimes_elided(reg))
            .filter_map(elided)
            .collect()
    }

    /// The registers that hold something for the program in a frame in baseline code: what snapshots take along.
    pub(crate) fn held_baseline(&self, function: &Function, instruction: usize, calling: bool) -> Rc<RegisterSet> {
        let key = (instruction, calling);
        if let Some(known) = self.held.borrow().get(&key) {
            return known.clone();
        }
        let held = Rc::new(self.live(function, Place { instruction, calling, baseline: true }));
        let mut known = self.held.borrow_mut();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(key, held.clone());
        held
    }

    /// Empties the operands of a call that nothing reads after it: while it called, they were not kept, but an error that it ends
    /// with is seen as one before the call. `any` registers become nil, references null. This is for what the collector looks at;
    /// for the rest see [`hidden_by_error`](Self::hidden_by_error).
    ///
    /// # Safety
    /// `regs` is a frame of the function at that call, in optimised code.
    pub(crate) unsafe fn forget_operands(&self, function: &Function, slots: &Slots, call: usize, regs: *mut u64) {
        let roots = |calling| self.roots(function, slots, Place { instruction: call, calling, baseline: false });
        let kept: HashSet<Root> = roots(true).iter().copied().collect();
        for root in roots(false).iter().filter(|root| !kept.contains(root)) {
            // SAFETY: the caller gives the frame, and the roots are words of it.
            unsafe {
                match *root {
                    Root::Any(slot) => crate::threaded::operands::set_any(regs, slot as usize, Value::NIL),
                    Root::Object(slot) => *regs.add(slot as usize) = 0,
                }
            }
        }
    }

    /// Marks what a frame holds at a place: just before an instruction, or while it calls.
    ///
    /// # Safety
    /// `regs` is a frame of the function at that place.
    pub(crate) unsafe fn mark(
        &self,
        function: &Function,
        slots: &Slots,
        place: Place,
        regs: *mut u64,
        marker: &mut Marker,
    ) {
        for root in self.roots(function, slots, place).iter() {
            // SAFETY: the dataflow says that the register was written on every way here, and was a root ever since; the
            // plan puts an `any` value into a word of the window in the range that it names.
            unsafe {
                match *root {
                    Root::Any(slot) => marker.mark(crate::threaded::operands::get_any(regs, slot as usize)),
                    Root::Object(slot) => {
                        let address = *regs.add(slot as usize) as usize;
                        if address != 0 {
                            marker.mark_object(std::ptr::with_exposed_provenance_mut(address));
                        }
                    }
                }
            }
        }
    }
}

/// What can be read of a frame: only what the collector looks after. Other registers may have held an object that is gone by now.
pub(crate) struct View<'m> {
    map: &'m StackMap,
    function: &'m Function,
    place: Place,
    held: Rc<RegisterSet>,
    /// Registers whose value is elsewhere, with the word of the window that has it, or nowhere.
    elided: HashMap<Reg, Option<u16>>,
    /// None in baseline code.
    live: Option<RegisterSet>,
}

impl View<'_> {
    /// The word of the frame where the value of a register begins, if it has one that can be read.
    pub(crate) fn word_of(&self, slots: &Slots, reg: Reg) -> Option<u16> {
        if !self.held.contains(reg) {
            return None;
        }
        let Some(live) = &self.live else { return Some(slots.of(reg)) };
        match self.elided.get(&reg) {
            Some(word) => *word,
            None if live.contains(reg) && self.map.is_there(self.function, self.place, reg) => Some(slots.of(reg)),
            None => None,
        }
    }
}

/// A value that optimised code does not keep in its register.
#[derive(Clone, Copy)]
pub(crate) enum Elided {
    /// It waits in this word of the window.
    InWindow(Reg, u16),
    /// It is used up, or not computed yet.
    Nowhere(Reg),
}

/// Whether an instruction, when a frame is at it, has the open list of its predecessor.
pub(crate) fn takes_open(instruction: &Instruction) -> bool {
    instruction.info().effects.takes_open
}
