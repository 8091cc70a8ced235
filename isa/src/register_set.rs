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
        RegisterSet { words: vec![0; set_words(function)] }
    }

    pub(crate) fn from_words(words: Vec<u64>) -> Self {
        RegisterSet { words }
    }

    /// Whether the register is in the set.
    pub fn contains(&self, register: Reg) -> bool {
        let number = register.as_u32() as usize;
        self.words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 != 0)
    }

    /// Adds a register; one that the function does not have is ignored.
    pub fn insert(&mut self, register: Reg) {
        insert(&mut self.words, register);
    }

    /// Takes a register out.
    pub fn remove(&mut self, register: Reg) {
        remove(&mut self.words, register);
    }

    /// Adds what another set of the function has.
    pub fn unite(&mut self, other: &RegisterSet) {
        unite(&mut self.words, &other.words);
    }

    /// The registers in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Reg> + '_ {
        (0u32..).zip(&self.words).flat_map(|(index, &word)| {
            (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| Reg::from_u32(index * 64 + bit))
        })
    }
}

/// Adds a register to a set; one that the set has no room for is ignored.
pub(crate) fn insert(words: &mut [u64], register: Reg) {
    let number = register.as_u32() as usize;
    if let Some(word) = words.get_mut(number / 64) {
        *word |= 1 << (number % 64);
    }
}

/// Takes a register out of a set.
pub(crate) fn remove(words: &mut [u64], register: Reg) {
    let number = register.as_u32() as usize;
    if let Some(word) = words.get_mut(number / 64) {
        *word &= !(1 << (number % 64));
    }
}

/// Adds what another set has; whether that changed it.
pub(crate) fn unite(words: &mut [u64], other: &[u64]) -> bool {
    let mut changed = false;
    for (known, &new) in words.iter_mut().zip(other) {
        changed |= new & !*known != 0;
        *known |= new;
    }
    changed
}

/// 64-bit words of a set of the registers of a function.
pub(crate) fn set_words(function: &Function) -> usize {
    function.registers.len().div_ceil(64)
}
