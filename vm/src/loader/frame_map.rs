//! Which words of a frame hold references, by canonical instruction: what the collector scans.

use super::plan::{Fate, Plan};
use crate::heap::Marker;
use crate::loader::slots::Slots;
use minivm_isa::assigned::AssignedRegisters;
use minivm_isa::entities::Reg;
use minivm_isa::live::{self, LiveRegisters};
use minivm_isa::program::Function;
use minivm_isa::register_set::RegisterSet;
use minivm_isa::size::list_bytes;
use minivm_isa::{Instruction, Type};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// The map of one function.
pub(crate) struct FrameMap {
    /// Made when a frame is first looked at: most functions are never met by the collector.
    flow: OnceCell<Flow>,
    parameters: usize,
    /// Registers that some instruction should have written and did not, as its result is elsewhere. They are temporaries of
    /// single blocks.
    sometimes_elided: Vec<bool>,
    fates: Box<[Fate]>,
    /// Values that wait in the window for the call that takes them: from after `start` up to and with `end`, word offset.
    windows: Vec<(u32, u32, u16)>,
    /// What was found for places so far: the frames of a recursion are all at the same ones.
    known: RefCell<HashMap<Place, Rc<[Root]>>>,
    /// The same of what snapshots take along, by instruction and whether it calls.
    held: RefCell<HashMap<(usize, bool), Rc<RegisterSet>>>,
}

/// The dataflow of a function. A root is assigned on every way there and live.
struct Flow {
    assigned: AssignedRegisters,
    live: LiveRegisters,
    /// Registers with a result that is elsewhere, but is wanted in other blocks by somebody who only knows its name.
    lost: RegisterSet,
}

/// A state of a frame: the instruction, whether it waits for the call that this is, whether its code is plain.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) instruction: usize,
    pub(crate) calling: bool,
    pub(crate) plain: bool,
}

/// A word of a frame with a reference.
#[derive(Clone, Copy)]
enum Root {
    /// An `any` value.
    Any(u16),
    /// An object, or null.
    Object(u16),
}

/// Places of a function whose roots are remembered at once.
const KNOWN_MAX: usize = 64;

impl FrameMap {
    /// The map of a function whose loader plan is `plan`.
    pub(crate) fn new(function: &Function, parameters: usize, plan: &Plan) -> Self {
        let mut sometimes_elided = vec![false; function.registers.len()];
        let fates: Box<[Fate]> = (0..function.code.len()).map(|index| plan.fate(index)).collect();
        for (instruction, _) in function.code.iter().zip(&fates).filter(|(_, fate)| **fate != Fate::Emitted) {
            instruction.for_each_def(|reg| sometimes_elided[reg.as_u32() as usize] = true);
        }
        let windows = plan.window_values().map(|(start, end, at)| (start as u32, end as u32, at)).collect();
        let (flow, known, held) = (OnceCell::new(), RefCell::default(), RefCell::default());
        FrameMap { flow, parameters, sometimes_elided, fates, windows, known, held }
    }

    /// Bytes that it takes, with what is remembered when it is in use.
    pub(crate) fn bytes(&self) -> u64 {
        list_bytes::<bool>(self.sometimes_elided.len())
            + list_bytes::<Fate>(self.fates.len())
            + list_bytes::<(u32, u32, u16)>(self.windows.len())
            + size_of::<FrameMap>() as u64
    }

    fn flow(&self, function: &Function) -> &Flow {
        self.flow.get_or_init(|| {
            let live = LiveRegisters::compute(function);
            let lost = self.lost(function, &live);
            Flow { assigned: AssignedRegisters::compute(function, self.parameters), live, lost }
        })
    }

    fn lost(&self, function: &Function, live: &LiveRegisters) -> RegisterSet {
        let mut lost = RegisterSet::empty(function);
        for block in function.blocks.keys() {
            let mut wanted = live.at_end(block);
            for at in function.block_range(block).rev() {
                function.code[at].for_each_def(|reg| {
                    if self.fates[at] != Fate::Emitted && wanted.contains(reg) {
                        lost.insert(reg);
                    }
                    wanted.remove(reg);
                });
            }
        }
        lost
    }

    /// What may still be read of a frame at a place.
    fn live(&self, function: &Function, place: Place) -> RegisterSet {
        let live = &self.flow(function).live;
        let (here, block) = (place.instruction, function.block_of(place.instruction));
        let range = function.block_range(block);
        // Going back, a variable is wanted from where its scope begins.
        let mut scopes: Vec<(usize, Reg)> = (function.locals.iter())
            .filter(|local| (here + 1..range.end).contains(&(local.start as usize)) && local.start < local.end)
            .map(|local| (local.start as usize, local.register))
            .collect();
        scopes.sort_unstable();
        let mut set = live.at_end(block);
        for at in (here + 1..range.end).rev() {
            live::step_back(&function.code[at], &mut set);
            while let Some((_, register)) = scopes.pop_if(|(start, _)| *start == at) {
                set.insert(register);
            }
        }
        if place.calling {
            // The arguments are the callee's.
            function.code[here].for_each_def(|register| set.remove(register));
        } else {
            live::step_back(&function.code[here], &mut set);
        }
        live::add_named(function, here, &mut set);
        if let Some(wanted) = live.throughout(block) {
            set.unite(&wanted);
        }
        if !place.plain {
            self.add_hidden_uses(function, here, &mut set);
        }
        set
    }

    /// Adds what instructions before `here` read that are done inside of one from `here` on.
    fn add_hidden_uses(&self, function: &Function, here: usize, live: &mut RegisterSet) {
        let start = function.block_range(function.block_of(here)).start;
        let mut hidden = vec![false; here - start];
        for at in (start..here).rev() {
            let Fate::Folded(into) = self.fates[at] else { continue };
            let into = into as usize;
            if into >= here || into >= start && hidden[into - start] {
                hidden[at - start] = true;
                function.code[at].for_each_use(|register| live.insert(register));
            }
        }
    }

    /// Whether a register is a root at a place.
    fn is_root(&self, function: &Function, place: Place, live: &RegisterSet, reg: Reg) -> bool {
        let was_written = |reg: Reg| {
            !self.sometimes_elided[reg.as_u32() as usize] || self.was_written(function, place.instruction, reg)
        };
        live.contains(reg) && (place.plain || was_written(reg))
    }

    /// The roots at a place.
    fn roots(&self, function: &Function, slots: &Slots, place: Place) -> Rc<[Root]> {
        if let Some(known) = self.known.borrow().get(&place) {
            return known.clone();
        }
        let live = self.live(function, place);
        let assigned = self.flow(function).assigned.at(function, place.instruction);
        let mut roots = Vec::new();
        for (reg, ty) in function.registers.iter().filter(|(_, ty)| ty.is_traced()) {
            if assigned.contains(reg) && self.is_root(function, place, &live, reg) {
                let slot = slots.of(reg);
                roots.push(if *ty == Type::Any { Root::Any(slot) } else { Root::Object(slot) });
            }
        }
        let here = place.instruction as u32;
        let waits = |start: u32, end: u32| start < here && (here < end || here == end && !place.calling);
        let windows = self.windows.iter().filter(|(start, end, _)| !place.plain && waits(*start, *end));
        // While the instruction calls, its own arguments belong to the callee.
        roots.extend(windows.map(|&(_, _, at)| Root::Any(at)));
        let roots: Rc<[Root]> = roots.into();
        let mut known = self.known.borrow_mut();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(place, roots.clone());
        roots
    }

    /// The words of the window in which values wait for the call that is instruction `call`.
    pub(crate) fn window_words(&self, call: usize) -> impl Iterator<Item = u16> + '_ {
        self.windows.iter().filter(move |(_, end, _)| *end as usize == call).map(|&(_, _, at)| at)
    }

    /// Whether the last write of a temporary before an instruction reached the frame.
    fn was_written(&self, function: &Function, instruction: usize, reg: Reg) -> bool {
        let start = function.block_range(function.block_of(instruction)).start;
        for at in (start..instruction).rev() {
            let mut writes = false;
            function.code[at].for_each_def(|def| writes |= def == reg);
            if writes {
                return self.fates[at] == Fate::Emitted;
            }
        }
        // No value of a temporary crosses the border of a block, so this is one that was written for good.
        !self.flow(function).lost.contains(reg)
    }

    /// Whether a register holds a value at a place that the collector looks after: others may have held an object that is
    /// gone by now.
    pub(crate) fn holds(&self, function: &Function, place: Place, reg: Reg) -> bool {
        self.flow(function).assigned.at(function, place.instruction).contains(reg)
            && self.is_root(function, place, &self.live(function, place), reg)
    }

    /// The first of the instructions right before `here` that are only done inside of one from `here` on, or `here`.
    pub(crate) fn first_hidden(&self, function: &Function, here: usize) -> usize {
        let start = function.block_range(function.block_of(here)).start;
        let hidden = |&at: &usize| matches!(self.fates[at], Fate::Folded(into) if into as usize >= here);
        (start..here).rev().take_while(hidden).last().unwrap_or(here)
    }

    /// Registers that have a value at `here`, as far as the portable code knows, and did not get it.
    pub(crate) fn hidden_before(&self, function: &Function, here: usize) -> Vec<Hidden> {
        self.hidden(function, here, here)
    }

    /// The same while the instruction at `here` calls, whose own arguments are the callee's.
    pub(crate) fn hidden_during(&self, function: &Function, here: usize) -> Vec<Hidden> {
        self.hidden(function, here, here + 1)
    }

    /// Those hidden before `here`; arguments wait in the window for calls from `calls` on.
    fn hidden(&self, function: &Function, here: usize, calls: usize) -> Vec<Hidden> {
        let start = function.block_range(function.block_of(here)).start;
        let mut seen: Vec<Reg> = Vec::new();
        let mut hidden = Vec::new();
        for at in (start..here).rev() {
            function.code[at].for_each_def(|reg| {
                if seen.contains(&reg) || !self.sometimes_elided[reg.as_u32() as usize] {
                    return;
                }
                seen.push(reg);
                match self.fates[at] {
                    Fate::Emitted => {}
                    Fate::Window { at: word, call } if call as usize >= calls => {
                        hidden.push(Hidden::InWindow(reg, word));
                    }
                    Fate::Window { .. } | Fate::Folded(_) => hidden.push(Hidden::Nowhere(reg)),
                }
            });
        }
        hidden
    }

    /// The registers that hold something for the program in a frame in plain code: what snapshots take along.
    pub(crate) fn held_plain(&self, function: &Function, instruction: usize, calling: bool) -> Rc<RegisterSet> {
        let key = (instruction, calling);
        if let Some(known) = self.held.borrow().get(&key) {
            return known.clone();
        }
        let live = self.live(function, Place { instruction, calling, plain: true });
        let mut held = self.flow(function).assigned.at(function, instruction);
        for reg in function.registers.keys().filter(|reg| !live.contains(*reg)) {
            held.remove(reg);
        }
        let held = Rc::new(held);
        let mut known = self.held.borrow_mut();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(key, held.clone());
        held
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
                    Root::Any(slot) => marker.mark(crate::dispatch::operands::get_any(regs, slot as usize)),
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

/// A value that fast code does not keep in its register.
pub(crate) enum Hidden {
    /// It waits in this word of the window.
    InWindow(Reg, u16),
    /// It is used up, or not computed yet.
    Nowhere(Reg),
}

/// Whether an instruction, when a frame is at it, has the open list of its predecessor.
pub(crate) fn takes_open(instruction: &Instruction) -> bool {
    instruction.info().effects.takes_open
}
