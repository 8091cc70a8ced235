//! Which words of a frame hold references, by canonical instruction: what the collector scans.

use super::plan::{Fate, Plan};
use crate::heap::Marker;
use crate::loader::slots::Slots;
use minivm_isa::assigned::AssignedRegisters;
use minivm_isa::entities::Reg;
use minivm_isa::program::Function;
use minivm_isa::{Instruction, Type};

/// The map of one function. Made once, when the collector first meets a frame of it.
pub(crate) struct FrameMap {
    assigned: AssignedRegisters,
    /// Registers that some instruction should have written and did not, as its result is elsewhere. They are temporaries of
    /// single blocks.
    sometimes_elided: Vec<bool>,
    fates: Box<[Fate]>,
    /// Values that wait in the window for the call that takes them: from after `start` up to and with `end`, word offset.
    windows: Vec<(u32, u32, u16)>,
}

impl FrameMap {
    /// The map of a function whose loader plan is `plan`.
    pub(crate) fn compute(function: &Function, params: usize, plan: &Plan) -> Self {
        let mut sometimes_elided = vec![false; function.registers.len()];
        let fates: Box<[Fate]> = (0..function.code.len()).map(|index| plan.fate(index)).collect();
        for (instruction, _) in function.code.iter().zip(&fates).filter(|(_, fate)| **fate != Fate::Emitted) {
            instruction.for_each_def(|reg| sometimes_elided[reg.as_u32() as usize] = true);
        }
        let windows = plan.window_values().map(|(start, end, at)| (start as u32, end as u32, at)).collect();
        FrameMap { assigned: AssignedRegisters::compute(function, params), sometimes_elided, fates, windows }
    }

    /// Whether the last write of a temporary in its block before an instruction reached the frame.
    fn was_written(&self, function: &Function, instruction: usize, reg: Reg) -> bool {
        let start = function.block_range(function.block_of(instruction)).start;
        for at in (start..instruction).rev() {
            let mut writes = false;
            function.code[at].for_each_def(|def| writes |= def == reg);
            if writes {
                return self.fates[at] == Fate::Emitted;
            }
        }
        false
    }

    /// Whether a register holds a value of its type at an instruction.
    pub(crate) fn holds(&self, function: &Function, instruction: usize, reg: Reg) -> bool {
        self.assigned.at(function, instruction).contains(reg)
            && (!self.sometimes_elided[reg.as_u32() as usize] || self.was_written(function, instruction, reg))
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
    pub(crate) fn held_plain(&self, function: &Function, instruction: usize) -> minivm_isa::assigned::RegisterSet {
        self.assigned.at(function, instruction)
    }

    /// Marks what a frame in plain code holds, where every value is in its register.
    ///
    /// # Safety
    /// `regs` is a frame of the function at that instruction.
    pub(crate) unsafe fn mark_plain(
        &self,
        function: &Function,
        slots: &Slots,
        instruction: usize,
        regs: *mut u64,
        marker: &mut Marker,
    ) {
        let assigned = self.assigned.at(function, instruction);
        for (reg, ty) in function.registers.iter() {
            if ty.is_traced() && assigned.contains(reg) {
                // SAFETY: the dataflow says that the register was written on every way here.
                unsafe { mark_register(*ty, regs.add(slots.of(reg) as usize), marker) };
            }
        }
    }

    /// Marks what a frame holds just before (or, while it calls, during) an instruction.
    ///
    /// # Safety
    /// `regs` is a frame of the function at that instruction.
    pub(crate) unsafe fn mark(
        &self,
        function: &Function,
        slots: &Slots,
        instruction: usize,
        calling: bool,
        regs: *mut u64,
        marker: &mut Marker,
    ) {
        let assigned = self.assigned.at(function, instruction);
        for (reg, ty) in function.registers.iter() {
            if !ty.is_traced() || !assigned.contains(reg) {
                continue;
            }
            if self.sometimes_elided[reg.as_u32() as usize] && !self.was_written(function, instruction, reg) {
                continue;
            }
            let slot = slots.of(reg) as usize;
            // SAFETY: the dataflow says that the register was written on every way here.
            unsafe { mark_register(*ty, regs.add(slot), marker) };
        }
        let here = instruction as u32;
        for &(start, end, at) in &self.windows {
            // While the instruction calls, its own arguments belong to the callee.
            if start < here && (here < end || here == end && !calling) {
                // SAFETY: the plan puts an `any` value there in this range.
                unsafe { mark_register(Type::Any, regs.add(at as usize), marker) };
            }
        }
    }
}

unsafe fn mark_register(ty: Type, at: *mut u64, marker: &mut Marker) {
    // SAFETY: the register holds a value of its type.
    unsafe {
        match ty {
            Type::Any => marker.mark(crate::dispatch::operands::get_any(at, 0)),
            Type::Cell | Type::Ref(_) => {
                if *at != 0 {
                    marker.mark_object(std::ptr::with_exposed_provenance_mut(*at as usize));
                }
            }
            Type::I32 | Type::I64 | Type::F32 | Type::F64 | Type::V128 => {}
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
