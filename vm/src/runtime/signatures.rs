//! Signatures of typed functions as the machine knows them: equal signatures of all programs have one number.

use minivm_isa::Signature;
use std::collections::HashMap;
use std::ops::Index;
use std::rc::Rc;

/// All typed signatures of a machine. Reference types in them name layouts by the machine's numbers.
#[derive(Default)]
pub(crate) struct Signatures {
    all: Vec<Rc<Signature>>,
    /// Only looked up, so its order shows nowhere.
    numbers: HashMap<Rc<Signature>, u32>,
}

impl Signatures {
    /// The number of a signature, the same for equal ones.
    pub(crate) fn intern(&mut self, signature: Signature) -> u32 {
        if let Some(&known) = self.numbers.get(&signature) {
            return known;
        }
        let number = u32::try_from(self.all.len()).expect("signatures are counted in u32");
        let signature = Rc::new(signature);
        self.all.push(signature.clone());
        self.numbers.insert(signature, number);
        number
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
