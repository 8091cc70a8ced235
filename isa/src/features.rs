//! Features: what a program may need that not every machine has, or that did not exist when version 1 of the binary form was
//! fixed. Their numbers are bits of the header of a file.
//!
//! A feature is set exactly when the program uses it. Which rows of the table need one, the rows say themselves: by the types of
//! their operands, or with the fact `feature`.

use crate::Program;
use crate::facts::Facts;
use crate::operand::{Pattern, Role};
use crate::program::{Function, FunctionDef, Initial, Origin, PAGE_BITS};
use crate::types::{Storage, Type};
use std::fmt;

macro_rules! features {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:ident = $number:literal;)*) => {
        /// Something that a program may need.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Feature { $($(#[doc = $doc])+ $variant = $number,)* }

        impl Feature {
            /// All features in the order of their numbers.
            pub const ALL: &'static [Feature] = &[$(Feature::$variant),*];

            /// What it is called in messages and in the reference.
            pub fn name(self) -> &'static str {
                match self { $(Feature::$variant => stringify!($name),)* }
            }

            /// When a program has it.
            pub fn doc(self) -> &'static str {
                match self { $(Feature::$variant => concat!($($doc, "\n"),+),)* }
            }
        }
    };
}

features! {
    /// A memory or table has 64-bit addresses.
    Address64 address64 = 0;
    /// A memory is shared between threads.
    SharedMemory shared_memory = 1;
    /// Something has type `v128`.
    V128 v128 = 2;
    /// A memory has pages of one byte.
    PageSizes page_sizes = 3;
    /// A branch asks whether something is of exactly a type, or an initial value must not be null.
    ExactTypes exact_types = 4;
}

impl Feature {
    /// The feature that a type needs.
    pub const fn of_type(ty: Type) -> Option<Feature> {
        match ty {
            Type::V128 => Some(Feature::V128),
            Type::Any | Type::I32 | Type::I64 | Type::F32 | Type::F64 | Type::Cell | Type::Ref(_) => None,
        }
    }
}

/// A set of features, known here or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Features(u64);

impl Features {
    /// None at all.
    pub const NONE: Features = Features(0);

    /// Those that this crate knows.
    pub fn known() -> Features {
        Feature::ALL.iter().fold(Features::NONE, |set, &feature| set.with(Some(feature)))
    }

    /// The set whose bits are those of a header.
    pub const fn from_bits(bits: u64) -> Features {
        Features(bits)
    }

    /// The bits that stand in a header: bit `n` for the feature with the number `n`.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set with a feature, if one is given.
    #[must_use]
    pub const fn with(self, feature: Option<Feature>) -> Features {
        match feature {
            Some(feature) => Features(self.0 | 1 << feature as u8),
            None => self,
        }
    }

    /// What is in one of the two.
    #[must_use]
    pub const fn union(self, other: Features) -> Features {
        Features(self.0 | other.0)
    }

    /// What is not in the other set.
    #[must_use]
    pub const fn without(self, other: Features) -> Features {
        Features(self.0 & !other.0)
    }
}

impl fmt::Display for Features {
    /// Numbers, with names as far as they are known: `0 (address64), 17`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        let numbers = (0..u64::BITS).filter(|number| self.0 >> number & 1 != 0);
        for (index, number) in numbers.enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{number}")?;
            if let Some(feature) = Feature::ALL.iter().find(|&&feature| feature as u32 == number) {
                write!(f, " ({})", feature.name())?;
            }
        }
        Ok(())
    }
}

/// What a row of the table needs: what its facts say, and the types of its operands.
pub(crate) const fn of_row(operands: &[(&str, Role)], facts: &Facts) -> Features {
    let mut features = Features::NONE.with(facts.feature);
    let mut index = 0;
    while index < operands.len() {
        let pattern = match operands[index].1 {
            Role::Out(pattern) | Role::In(pattern) | Role::InOut(pattern) => Some(pattern),
            Role::Outs(pattern) | Role::Ins(pattern) => Some(pattern),
            Role::Target | Role::Targets | Role::Index(_) | Role::Immediate(_) => None,
        };
        if let Some(Pattern::Exactly(ty)) = pattern {
            features = features.with(Feature::of_type(ty));
        }
        index += 1;
    }
    features
}

/// What a program needs.
pub fn of_program(program: &Program) -> Features {
    codes(program).fold(of_declarations(program), |set, code| set.union(of_function(code)))
}

/// What a program needs because of its items, and of what functions hold besides instructions.
pub(crate) fn of_items(program: &Program) -> Features {
    codes(program).fold(of_declarations(program), |set, code| set.union(of_registers(code)))
}

/// What a program needs whatever its functions are.
fn of_declarations(program: &Program) -> Features {
    let set = |is_used: bool, feature: Feature| Features::NONE.with(is_used.then_some(feature));
    let (memories, tables) = (|| program.memories.values(), program.tables.values());
    let is_64 = memories().any(|memory| memory.is_64) || tables.into_iter().any(|table| table.is_64);
    set(is_64, Feature::Address64)
        .union(set(memories().any(|memory| memory.is_shared), Feature::SharedMemory))
        .union(set(memories().any(|memory| memory.page_bits != PAGE_BITS), Feature::PageSizes))
        .union(set(initials(program).any(traps), Feature::ExactTypes))
        .union(of_types(program))
}

/// The initial values of a program.
fn initials(program: &Program) -> impl Iterator<Item = &Initial> {
    let globals = program.globals.values().map(|global| &global.origin);
    let origins = globals.chain(program.tables.values().map(|table| &table.origin));
    let own = origins.filter_map(|origin| if let Origin::Own(initial) = origin { Some(initial) } else { None });
    own.chain(program.elements.values().flat_map(|element| &element.values))
}

/// Whether an initial value has one that must not be null in it.
fn traps(initial: &Initial) -> bool {
    match initial {
        Initial::NotNull(_) => true,
        Initial::Record(_, parts) | Initial::Array(_, parts) => parts.iter().any(traps),
        Initial::ArrayOf(_, parts) => parts.iter().any(traps),
        Initial::Constant(_) | Initial::Null | Initial::Function(_) | Initial::Global(_) => false,
        // Numbers alone are in these.
        Initial::Arithmetic(..) | Initial::Integer31(_) => false,
    }
}

fn of_types(program: &Program) -> Features {
    let mut features = Features::NONE;
    let mut needs = |ty: Type| features = features.with(Feature::of_type(ty));
    for signature in program.signatures.values() {
        signature.params.iter().chain(&signature.results).for_each(|&ty| needs(ty));
    }
    for storage in program.layouts.values().flat_map(|layout| layout.storages()) {
        match *storage {
            Storage::Whole(ty) => needs(ty),
            Storage::I8 | Storage::I16 => {}
        }
    }
    program.globals.values().for_each(|global| needs(global.ty));
    features
}

fn codes(program: &Program) -> impl Iterator<Item = &Function> {
    program.functions.values().filter_map(|function| match function {
        FunctionDef::Code(code) => Some(&**code),
        FunctionDef::Import { .. } => None,
    })
}

/// What a function needs.
pub(crate) fn of_function(code: &Function) -> Features {
    code.code.iter().fold(of_registers(code), |set, instruction| set.union(instruction.info().features))
}

/// What a function needs because of what it holds besides instructions.
fn of_registers(code: &Function) -> Features {
    let registers = code.registers.values().copied();
    let types = registers.chain(code.constants.values().map(|constant| constant.ty()));
    types.fold(Features::NONE, |set, ty| set.with(Feature::of_type(ty)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_bits() {
        assert!(Feature::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(Feature::ALL.iter().all(|&feature| (feature as u32) < u64::BITS));
        let both = Features::NONE.with(Some(Feature::Address64)).with(Some(Feature::V128));
        assert_eq!(both.bits(), 5);
        assert_eq!(both.to_string(), "0 (address64), 2 (v128)");
        assert_eq!(Features::from_bits(1 << 63 | 4).without(Features::known()).to_string(), "63");
    }

    #[test]
    fn a_row_needs_what_it_says_and_what_its_operands_are() {
        let says = Facts { feature: Some(Feature::SharedMemory), ..Facts::NONE };
        let operands = [("dst", Role::Out(Pattern::Exactly(Type::V128))), ("target", Role::Target)];
        assert_eq!(of_row(&[], &Facts::NONE), Features::NONE);
        assert_eq!(of_row(&[], &says).to_string(), "1 (shared_memory)");
        assert_eq!(of_row(&operands, &says).to_string(), "1 (shared_memory), 2 (v128)");
    }
}
