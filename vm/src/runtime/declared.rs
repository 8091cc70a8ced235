//! Declared types as the machine knows them: equal types of all programs have one number.

use minivm_isa::entities::Declared;
use minivm_isa::program::{Described, ElementType, FormPart, Program};
use minivm_isa::steps;
use std::collections::HashMap;

/// A declared type of the machine.
struct MachineType {
    /// The chain of first supertypes from the outermost to the type itself, so that whether one is in it takes one look.
    display: Box<[u32]>,
    supertypes: Box<[u32]>,
}

/// All declared types of a machine.
#[derive(Default)]
pub(crate) struct DeclaredTypes {
    all: Vec<MachineType>,
    /// The first number of each group by what it is made of, see [`key`]. Only looked up, so its order shows nowhere.
    numbers: HashMap<Box<[u64]>, u32>,
}

impl DeclaredTypes {
    /// The types of a program, in its order. `described` gives the machine's number of a signature or layout as if it had no type.
    pub(crate) fn intern(&mut self, program: &Program, described: impl Fn(Described) -> u64) -> Vec<u32> {
        let mut numbers: Vec<u32> = Vec::with_capacity(program.types.len());
        let mut start = 0;
        while start < program.types.len() {
            let is_joined = |index: &usize| program.types[Declared::from_u32(*index as u32)].is_joined;
            let end = (start + 1..program.types.len()).find(|index| !is_joined(index)).unwrap_or(program.types.len());
            let key = key(program, start..end, &numbers, &described);
            let next = u32::try_from(self.all.len()).expect("types are counted in u32");
            let first = *self.numbers.entry(key).or_insert(next);
            for index in start..end {
                let number = first + (index - start) as u32;
                numbers.push(number);
                if first == next {
                    let supertypes = &program.types[Declared::from_u32(index as u32)].supertypes;
                    let supertypes: Box<[u32]> = supertypes.iter().map(|ty| numbers[ty.as_u32() as usize]).collect();
                    let above = supertypes.first().map_or(&[][..], |&first| &self.all[first as usize].display);
                    let display = above.iter().copied().chain([number]).collect();
                    self.all.push(MachineType { display, supertypes });
                }
            }
            start = end;
        }
        numbers
    }

    /// Number of types.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether a type is another one, or a first supertype leads from it there.
    pub(crate) fn is_under(&self, found: u32, wanted: u32) -> bool {
        let depth = self.all[wanted as usize].display.len() - 1;
        self.all[found as usize].display.get(depth) == Some(&wanted)
    }

    /// Whether a type is another one, or supertypes lead from it there.
    fn leads_to(&self, found: u32, wanted: u32) -> bool {
        let (mut work, mut met) = (vec![found], std::collections::BTreeSet::new());
        while let Some(ty) = work.pop() {
            steps::count(1);
            if ty == wanted {
                return true;
            }
            if met.insert(ty) {
                work.extend_from_slice(&self.all[ty as usize].supertypes);
            }
        }
        false
    }

    /// Whether what a global was made to hold fits one that is declared to hold something, of the machine's types both.
    pub(crate) fn holds_fits(&self, found: ElementType, wanted: ElementType, mutable: bool) -> bool {
        if found == wanted || mutable || found.is_tag() || wanted.is_tag() {
            return found == wanted;
        }
        match (found.declared(), wanted.declared()) {
            (Some(found), Some(wanted)) => self.leads_to(found.as_u32(), wanted.as_u32()),
            (Some(_), None) => wanted == ElementType::Function && found.is_function(),
            (None, _) => false,
        }
    }
}

/// What a group is made of, with types before it by the machine's numbers.
fn key(
    program: &Program,
    group: std::ops::Range<usize>,
    numbers: &[u32],
    described: &impl Fn(Described) -> u64,
) -> Box<[u64]> {
    let link = |ty: Declared| match numbers.get(ty.as_u32() as usize) {
        Some(&number) if (ty.as_u32() as usize) < group.start => [2, u64::from(number)],
        _ => [1, u64::from(ty.as_u32()) - group.start as u64],
    };
    let mut key = Vec::new();
    for index in group.clone() {
        let ty = &program.types[Declared::from_u32(index as u32)];
        steps::count(1 + ty.form.len() + ty.supertypes.len());
        key.extend([ty.form.len() as u64, ty.supertypes.len() as u64]);
        key.extend(ty.form.iter().flat_map(|part| match *part {
            FormPart::Number(number) => [0, number],
            FormPart::Type(ty) => link(ty),
        }));
        key.extend(ty.supertypes.iter().flat_map(|&supertype| link(supertype)));
        let kind = match ty.describes {
            Described::Nothing => 0,
            Described::Signature(_) => 1,
            Described::Layout(_) => 2,
        };
        key.extend([kind, described(ty.describes)]);
    }
    key.into()
}
