//! Signatures of typed functions as the machine knows them: equal signatures of all programs have one number.

use crate::runtime::declared::DeclaredTypes;
use crate::runtime::number_pool::NumberPool;
use crate::runtime::program_types::{NumberSet, shrink};
use minivm_isa::Signature;
use std::collections::HashMap;
use std::ops::Index;
use std::rc::Rc;

/// A signature, and the declared type that describes it.
type Described = (Rc<Signature>, Option<u32>);

/// All typed signatures of a machine. Reference types in them name layouts by the machine's numbers.
#[derive(Default)]
pub(crate) struct Signatures {
    /// By number; none where a number is free.
    all: Vec<Option<Described>>,
    /// Only looked up, so its order shows nowhere.
    numbers: HashMap<Described, u32>,
    pool: NumberPool,
}

impl Signatures {
    /// The number of a signature, the same for equal ones.
    pub(crate) fn intern(&mut self, signature: Signature, ty: Option<u32>) -> u32 {
        let described = (Rc::new(signature), ty);
        if let Some(&known) = self.numbers.get(&described) {
            return known;
        }
        let number = self.pool.take(1);
        if self.all.len() <= number as usize {
            self.all.resize(number as usize + 1, None);
        }
        self.all[number as usize] = Some(described.clone());
        self.numbers.insert(described, number);
        number
    }

    /// Lets those go that are not in a set.
    pub(crate) fn retain(&mut self, live: &NumberSet) {
        for (number, slot) in (0u32..).zip(&mut self.all) {
            if !live.has(number)
                && let Some(dead) = slot.take()
            {
                self.numbers.remove(&dead);
                self.pool.give_back(number);
            }
        }
        shrink(&mut self.all);
        self.numbers.shrink_to(2 * self.numbers.len());
    }

    /// Whether a function of one signature can be called with another.
    pub(crate) fn fits(&self, types: &DeclaredTypes, found: u32, wanted: u32) -> bool {
        let declared = |number: u32| self.all.get(number as usize)?.as_ref()?.1;
        found == wanted
            || declared(found).zip(declared(wanted)).is_some_and(|(found, wanted)| types.is_under(found, wanted))
    }

    /// The signature with a number, if there is one.
    pub(crate) fn get(&self, number: usize) -> Option<&Rc<Signature>> {
        self.all.get(number)?.as_ref().map(|(signature, _)| signature)
    }
}

impl Index<usize> for Signatures {
    type Output = Rc<Signature>;

    fn index(&self, number: usize) -> &Rc<Signature> {
        self.get(number).expect("who has a number keeps its signature")
    }
}
