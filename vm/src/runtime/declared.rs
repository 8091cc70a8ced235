//! Declared types as the machine knows them: equal types of all programs have one number.

use crate::runtime::number_pool::NumberPool;
use crate::runtime::program_types::{NumberSet, shrink};
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
    /// By number; none where a number is free.
    all: Vec<Option<MachineType>>,
    pool: NumberPool,
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
            let known = self.numbers.get(&key).copied();
            let first = known.unwrap_or_else(|| self.pool.take((end - start) as u32));
            for index in start..end {
                let number = first + (index - start) as u32;
                numbers.push(number);
                if known.is_none() {
                    let supertypes = &program.types[Declared::from_u32(index as u32)].supertypes;
                    let supertypes: Box<[u32]> = supertypes.iter().map(|ty| numbers[ty.as_u32() as usize]).collect();
                    let above = supertypes.first().map_or(&[][..], |&first| &self.known(first).display);
                    let display = above.iter().copied().chain([number]).collect();
                    self.add(number, MachineType { display, supertypes });
                }
            }
            if known.is_none() {
                self.numbers.insert(key, first);
            }
            start = end;
        }
        numbers
    }

    fn add(&mut self, number: u32, ty: MachineType) {
        let index = number as usize;
        if self.all.len() <= index {
            self.all.resize_with(index + 1, || None);
        }
        self.all[index] = Some(ty);
    }

    #[inline]
    fn known(&self, number: u32) -> &MachineType {
        self.all[number as usize].as_ref().expect("who has a number keeps its type")
    }

    /// Lets those go that are not in a set.
    pub(crate) fn retain(&mut self, live: &NumberSet) {
        for (number, slot) in (0u32..).zip(&mut self.all) {
            if !live.has(number) && slot.take().is_some() {
                self.pool.give_back(number);
            }
        }
        shrink(&mut self.all);
        // The members of a group come and go together.
        self.numbers.retain(|_, first| live.has(*first));
        self.numbers.shrink_to(2 * self.numbers.len());
    }

    /// What all numbers are below.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether two types are equal, or a first supertype leads from it there.
    pub(crate) fn is_under(&self, found: u32, wanted: u32) -> bool {
        let depth = self.known(wanted).display.len() - 1;
        self.known(found).display.get(depth) == Some(&wanted)
    }

    /// Whether two types are equal, or supertypes lead from it there.
    fn leads_to(&self, found: u32, wanted: u32) -> bool {
        let (mut work, mut met) = (vec![found], std::collections::BTreeSet::new());
        while let Some(ty) = work.pop() {
            steps::count(1);
            if ty == wanted {
                return true;
            }
            if met.insert(ty) {
                work.extend_from_slice(&self.known(ty).supertypes);
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
