//! Instructions as values, made from the table in `instructions.rs`.

#![allow(clippy::large_enum_variant, reason = "calls are the largest and the most common instructions of dynamic code")]

use crate::entities::{Block, Data, Element, Func, Global, Layout, Memory, Reg, Sig, Table};
use crate::facts::{Facts, set_fact};
use crate::features::{self, Features};
use crate::for_each_instruction;
use crate::operand::patterns::{Address, Any, Cell, F32, F64, GlobalType, I32, I64, RefType, Same, Special, V128};
use crate::operand::{
    In, InOut, Ins, Kind, Number, Offset, OperandMut, OperandRef, OperandSource, OperandSpec, Out, Outs, Role, Target,
    Targets, Trap,
};

use std::collections::HashMap;
use std::sync::LazyLock;

/// What an instruction does besides writing its results.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Effects {
    /// It may raise an error.
    pub trap: bool,
    /// It may run other code of the program.
    pub call: bool,
    /// It may allocate, and so collect garbage.
    pub allocate: bool,
    /// It ends its block.
    pub end: bool,
    /// It leaves an open list for the next instruction.
    pub leaves_open: bool,
    /// It takes the open list of the instruction before it.
    pub takes_open: bool,
    /// It may do much, and then costs more than 1 unit of fuel.
    pub bulk: bool,
}

/// One row of the table, as data.
#[derive(Debug)]
pub struct InstructionInfo {
    /// The opcode.
    pub opcode: Opcode,
    /// Name in the text form and in the builder.
    pub name: &'static str,
    /// Meaning.
    pub doc: &'static str,
    /// Names and roles of the operands, in order.
    pub operands: &'static [(&'static str, Role)],
    /// Effects.
    pub effects: Effects,
    /// Facts for those who translate and run it.
    pub facts: Facts,
    /// What a program needs that has it.
    pub features: Features,
}

macro_rules! define {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident $name:ident $number:literal { $($field:ident: $spec:ty),* } [$($effect:ident)*]
            $({ $($fact:ident $($value:ident)?),* })?;
    )*) => {
        /// The number of an instruction.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Opcode { $($(#[doc = $doc])+ $variant = $number,)* }

        /// An instruction with its operands.
        #[derive(Clone, PartialEq, Debug)]
        pub enum Instruction {
            $($(#[doc = $doc])+ $variant {
                $(
                    #[doc = concat!("Operand `", stringify!($field), "`.")]
                    $field: <$spec as OperandSpec>::Field,
                )*
            },)*
        }

        /// All rows of the table in the order of their numbers.
        pub static INSTRUCTIONS: &[InstructionInfo] = &[$({
            const OPERANDS: &[(&str, Role)] = &[$((stringify!($field), <$spec as OperandSpec>::ROLE)),*];
            const FACTS: Facts = {
                #[allow(unused_mut, reason = "most rows have no facts")]
                let mut facts = Facts::NONE;
                $($(set_fact!(facts, $fact $($value)?);)*)?
                facts
            };
            InstructionInfo {
                opcode: Opcode::$variant,
                name: stringify!($name),
                doc: concat!($($doc, "\n"),+),
                operands: OPERANDS,
                effects: Effects { $($effect: true,)* ..NO_EFFECTS },
                facts: FACTS,
                features: features::of_row(OPERANDS, &FACTS),
            }
        }),*];

        /// Whether the instruction of each row has lists of operands.
        static HAVE_LISTS: &[bool] = &[$(have_lists(&[$(<$spec as OperandSpec>::ROLE),*])),*];

        /// The numbers of the rows, in their order.
        const NUMBERS: &[u16] = &[$($number),*];

        impl Opcode {
            /// The opcode with a number.
            pub fn from_number(number: u16) -> Option<Opcode> {
                match number { $($number => Some(Opcode::$variant),)* _ => None }
            }

            /// Reads the operands of an instruction with this opcode.
            pub fn read<S: OperandSource>(self, source: &mut S) -> Result<Instruction, S::Error> {
                match self {$(
                    Opcode::$variant => Ok(Instruction::$variant {
                        $($field: <$spec as OperandSpec>::read(source, stringify!($field))?),*
                    }),
                )*}
            }
        }

        impl Instruction {
            /// The opcode.
            #[inline]
            pub fn opcode(&self) -> Opcode {
                match self { $(Instruction::$variant { .. } => Opcode::$variant,)* }
            }

            /// Visits the operands with their names, in the order of the table.
            pub fn for_each_operand<'a>(&'a self, mut visit: impl FnMut(&'static str, OperandRef<'a>)) {
                match self {$(
                    Instruction::$variant { $($field),* } => { $(visit(stringify!($field), <$spec as OperandSpec>::show($field));)* }
                )*}
                let _ = &mut visit;
            }

            /// Visits the operands for rewriting.
            pub fn for_each_operand_mut(&mut self, mut visit: impl FnMut(OperandMut<'_>)) {
                match self {$(
                    Instruction::$variant { $($field),* } => { $(visit(<$spec as OperandSpec>::show_mut($field));)* }
                )*}
                let _ = &mut visit;
            }

            /// Visits the registers that are read.
            pub fn for_each_use(&self, mut visit: impl FnMut(Reg)) {
                match self {$(
                    Instruction::$variant { $($field),* } => {
                        $(<$spec as OperandSpec>::each_use($field, &mut visit);)*
                    }
                )*}
                let _ = &mut visit;
            }

            /// Visits the registers that are written.
            pub fn for_each_def(&self, mut visit: impl FnMut(Reg)) {
                match self {$(
                    Instruction::$variant { $($field),* } => {
                        $(<$spec as OperandSpec>::each_def($field, &mut visit);)*
                    }
                )*}
                let _ = &mut visit;
            }

            /// Visits the blocks where execution may continue; empty unless it ends a block.
            pub fn for_each_target(&self, mut visit: impl FnMut(Block)) {
                match self {$(
                    Instruction::$variant { $($field),* } => {
                        $(<$spec as OperandSpec>::each_target($field, &mut visit);)*
                    }
                )*}
                let _ = &mut visit;
            }

            /// Visits the same blocks for rewriting.
            pub fn for_each_target_mut(&mut self, mut visit: impl FnMut(&mut Block)) {
                match self {$(
                    Instruction::$variant { $($field),* } => {
                        $(<$spec as OperandSpec>::each_target_mut($field, &mut visit);)*
                    }
                )*}
                let _ = &mut visit;
            }
        }
    };
}

impl Instruction {
    /// The value that an instruction calls, if it names one.
    pub fn callee(&self) -> Option<crate::Operand> {
        let mut callee = None;
        self.for_each_operand(|name, operand| {
            if let (true, OperandRef::In(input, _)) = (name == "callee", operand) {
                callee = Some(input);
            }
        });
        callee
    }
}

const NO_EFFECTS: Effects = Effects {
    trap: false,
    call: false,
    allocate: false,
    end: false,
    leaves_open: false,
    takes_open: false,
    bulk: false,
};

/// Whether one of the operands is a list.
const fn have_lists(roles: &[Role]) -> bool {
    let mut index = 0;
    while index < roles.len() {
        if matches!(roles[index], Role::Outs(_) | Role::Ins(_) | Role::Targets) {
            return true;
        }
        index += 1;
    }
    false
}

for_each_instruction!(define);

/// Where the row of each number stands in [`INSTRUCTIONS`].
static ROWS: [u16; NUMBERS[NUMBERS.len() - 1] as usize + 1] = {
    let mut rows = [0; NUMBERS[NUMBERS.len() - 1] as usize + 1];
    let mut row = 0;
    while row < NUMBERS.len() {
        rows[NUMBERS[row] as usize] = row as u16;
        row += 1;
    }
    rows
};

impl Opcode {
    /// The row of the table.
    #[inline]
    pub fn info(self) -> &'static InstructionInfo {
        &INSTRUCTIONS[ROWS[self as usize] as usize]
    }

    /// Whether the instruction has lists of operands, which lie outside of it.
    #[inline]
    pub fn has_lists(self) -> bool {
        HAVE_LISTS[ROWS[self as usize] as usize]
    }

    /// The opcode with a name in the text form.
    pub fn from_name(name: &str) -> Option<Opcode> {
        static NAMES: LazyLock<HashMap<&str, Opcode>> =
            LazyLock::new(|| INSTRUCTIONS.iter().map(|info| (info.name, info.opcode)).collect());
        NAMES.get(name).copied()
    }
}

impl Instruction {
    /// The row of the table.
    #[inline]
    pub fn info(&self) -> &'static InstructionInfo {
        self.opcode().info()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_found() {
        assert!(INSTRUCTIONS.windows(2).all(|pair| pair[0].opcode < pair[1].opcode));
        for info in INSTRUCTIONS {
            assert_eq!(Opcode::from_number(info.opcode as u16), Some(info.opcode));
            assert_eq!(Opcode::from_name(info.name), Some(info.opcode));
        }
    }
}
