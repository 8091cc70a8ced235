//! Sets of registers of one function, as bits.

use crate::entities::Reg;
use crate::program::Function;

/// A set of registers of one function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisterSet {
    words: Vec<u64>,
}

impl RegisterSet {
    /// The empty set for a function.
    pub fn empty(function: &Function) -> Self {
        RegisterSet { words: vec![0; function.registers.len().div_ceil(64)] }
    }

    /// The set of these registers of a function.
    pub(crate) fn of(function: &Function, registers: &[u32]) -> Self {
        let mut set = RegisterSet::empty(function);
        registers.iter().for_each(|&register| set.insert(Reg::from_u32(register)));
        set
    }

    /// Whether the register is in the set.
    pub fn contains(&self, register: Reg) -> bool {
        let number = register.as_u32() as usize;
        self.words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 != 0)
    }

    /// Adds a register; one that the function does not have is ignored.
    pub fn insert(&mut self, register: Reg) {
        let number = register.as_u32() as usize;
        if let Some(word) = self.words.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Takes a register out.
    pub fn remove(&mut self, register: Reg) {
        let number = register.as_u32() as usize;
        if let Some(word) = self.words.get_mut(number / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    /// The registers in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Reg> + '_ {
        (0u32..).zip(&self.words).flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(Reg::from_u32(index * 64 + bit))
            })
        })
    }
}
