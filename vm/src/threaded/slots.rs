//! Where the registers of a function lie in its frame.

use crate::threaded::continuation::FRAME_HEADER_WORDS;
use minivm_isa::entities::Reg;
use minivm_isa::program::Function;
use minivm_isa::steps;

/// Word offsets of registers, in the order of their numbers: parameters lie where callers put arguments.
pub(crate) struct Slots {
    offsets: Vec<u32>,
    words: u32,
}

impl Slots {
    /// The layout of a function.
    pub(crate) fn compute(function: &Function) -> Self {
        steps::count(function.registers.len());
        let mut words = 0;
        let offsets = function
            .registers
            .values()
            .map(|ty| {
                let offset = words;
                words += ty.words();
                offset
            })
            .collect();
        Slots { offsets, words }
    }

    /// Word offset of a register.
    pub(crate) fn of(&self, reg: Reg) -> u16 {
        self.offsets[reg.as_u32() as usize] as u16
    }

    /// Words of all registers.
    pub(crate) fn words(&self) -> usize {
        self.words as usize
    }
}

/// Constants an instruction may need in registers at once.
pub(crate) const SCRATCH_VALUES: usize = 4;

/// The word of a frame where a callee's registers begin, and the open list.
pub(crate) fn window(slots: &Slots) -> usize {
    slots.words() + 2 * SCRATCH_VALUES + FRAME_HEADER_WORDS
}
