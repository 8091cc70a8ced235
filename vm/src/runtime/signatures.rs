//! Signatures of typed functions as the machine knows them: equal signatures of all programs have one number.

use crate::runtime::declared::DeclaredTypes;
use minivm_isa::Signature;
use std::collections::HashMap;
use std::ops::Index;
use std::rc::Rc;

/// All typed signatures of a machine. Reference types in them name layouts by the machine's numbers.
#[derive(Default)]
pub(crate) struct Signatures {
    all: Vec<Rc<Signature>>,
    /// For each the declared type that describes it.
    declared: Vec<Option<u32>>,
    /// Only looked up, so its order shows nowhere.
    numbers: HashMap<(Rc<Signature>, Option<u32>), u32>,
}

impl Signatures {
    /// The number of a signature, the same for equal ones.
    pub(crate) fn intern(&mut self, signature: Signature, ty: Option<u32>) -> u32 {
        let signature = (Rc::new(signature), ty);
        if let Some(&known) = self.numbers.get(&signature) {
            return known;
        }
        let number = u32::try_from(self.all.len()).expect("signatures are counted in u32");
        self.all.push(signature.0.clone());
        self.declared.push(ty);
        self.numbers.insert(signature, number);
        number
    }

    /// Whether a function of one signature can be called with another.
    pub(crate) fn fits(&self, types: &DeclaredTypes, found: u32, wanted: u32) -> bool {
        let declared = |number: u32| self.declared.get(number as usize).copied().flatten();
        found == wanted
            || declared(found).zip(declared(wanted)).is_some_and(|(found, wanted)| types.is_under(found, wanted))
    }

    /// The signature with a number, if there is one.
    pub(crate) fn get(&self, number: usize) -> Option<&Rc<Signature>> {
        self.all.get(number)
    }
}

impl Index<usize> for Signatures {
    type Output = Rc<Signature>;

    fn index(&self, number: usize) -> &Rc<Signature> {
        &self.all[number]
    }
}
