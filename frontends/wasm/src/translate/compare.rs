//! What can be done with a comparison instead of computing it: branch on it, invert it, exchange its sides.

use minivm_isa::entities::Block;
use minivm_isa::{Instruction, Kind, Operand};

macro_rules! branches {
    (
        straight: $($op:ident $straight:ident,)*;
        greater: $($greater:ident $exchanged:ident $opposite:ident,)*;
        greater_float: $($greater_float:ident $exchanged_float:ident,)*;
        inverted: $($unequal:ident $inverted:ident,)*;
    ) => {
        /// The branch that takes the place of a comparison and a branch on its result. `zero_i64` is the constant 0.
        pub(super) fn branch(
            comparison: &Instruction,
            zero_i64: impl FnOnce() -> Operand,
            if_true: Block,
            if_false: Block,
        ) -> Option<Instruction> {
            Some(match *comparison {
                $(Instruction::$op { lhs, rhs, .. } => Instruction::$straight { lhs, rhs, if_true, if_false },)*
                // A constant stays on the right, where machines have a form for it.
                $(Instruction::$greater { lhs, rhs, .. } if rhs.constant().is_some() => {
                    Instruction::$opposite { lhs, rhs, if_true: if_false, if_false: if_true }
                })*
                $(Instruction::$greater { lhs, rhs, .. } => {
                    Instruction::$exchanged { lhs: rhs, rhs: lhs, if_true, if_false }
                })*
                $(Instruction::$greater_float { lhs, rhs, .. } => {
                    Instruction::$exchanged_float { lhs: rhs, rhs: lhs, if_true, if_false }
                })*
                // Both targets are exchanged, so that NaN goes the right way.
                $(Instruction::$unequal { lhs, rhs, .. } => {
                    Instruction::$inverted { lhs, rhs, if_true: if_false, if_false: if_true }
                })*
                Instruction::I32Eqz { src, .. } => {
                    Instruction::BranchIf { cond: src, if_true: if_false, if_false: if_true }
                }
                Instruction::I64Eqz { src, .. } => {
                    Instruction::BranchI64Eq { lhs: src, rhs: zero_i64(), if_true, if_false }
                }
                // [`is_comparison`] has seen that it is a test for null.
                Instruction::Same { lhs, .. } => {
                    Instruction::BranchKind { src: lhs, kind: Kind::Nil as u64, if_true, if_false }
                }
                _ => return None,
            })
        }

        /// Whether [`branch`] knows the instruction. `nil` is the constant.
        pub(super) fn is_comparison(instruction: &Instruction, nil: impl FnOnce() -> Operand) -> bool {
            match instruction {
                $(Instruction::$op { .. })|* | $(Instruction::$unequal { .. })|* => true,
                $(Instruction::$greater { .. })|* | $(Instruction::$greater_float { .. })|* => true,
                Instruction::I32Eqz { .. } | Instruction::I64Eqz { .. } => true,
                Instruction::Same { rhs, .. } => *rhs == nil(),
                _ => false,
            }
        }
    };
}

branches! {
    straight:
        I32Eq BranchI32Eq, I32Ne BranchI32Ne,
        I32LtS BranchI32LtS, I32LtU BranchI32LtU, I32LeS BranchI32LeS, I32LeU BranchI32LeU,
        I64Eq BranchI64Eq, I64Ne BranchI64Ne,
        I64LtS BranchI64LtS, I64LtU BranchI64LtU, I64LeS BranchI64LeS, I64LeU BranchI64LeU,
        F32Eq BranchF32Eq, F32Lt BranchF32Lt, F32Le BranchF32Le,
        F64Eq BranchF64Eq, F64Lt BranchF64Lt, F64Le BranchF64Le,;
    greater:
        I32GtS BranchI32LtS BranchI32LeS, I32GtU BranchI32LtU BranchI32LeU,
        I32GeS BranchI32LeS BranchI32LtS, I32GeU BranchI32LeU BranchI32LtU,
        I64GtS BranchI64LtS BranchI64LeS, I64GtU BranchI64LtU BranchI64LeU,
        I64GeS BranchI64LeS BranchI64LtS, I64GeU BranchI64LeU BranchI64LtU,;
    greater_float:
        F32Gt BranchF32Lt, F32Ge BranchF32Le, F64Gt BranchF64Lt, F64Ge BranchF64Le,;
    inverted:
        F32Ne BranchF32Eq, F64Ne BranchF64Eq,;
}

macro_rules! inverses {
    (exact: $($op:ident $inverse:ident,)*; ordered: $($ordered:ident)*;) => {
        /// The comparison with the opposite result.
        pub(super) fn inverse(comparison: &Instruction) -> Inverse {
            match *comparison {
                $(
                    Instruction::$op { dst, lhs, rhs } => Inverse::Comparison(Instruction::$inverse { dst, lhs, rhs }),
                    Instruction::$inverse { dst, lhs, rhs } => Inverse::Comparison(Instruction::$op { dst, lhs, rhs }),
                )*
                $(Instruction::$ordered { .. })|* => Inverse::Negation,
                Instruction::Same { .. } | Instruction::I32Eqz { .. } | Instruction::I64Eqz { .. } => Inverse::Negation,
                _ => Inverse::None,
            }
        }
    };
}

/// How the opposite of an instruction's result is had.
pub(super) enum Inverse {
    /// By another comparison.
    Comparison(Instruction),
    /// By the same comparison, with its result negated.
    Negation,
    /// It is not a comparison.
    None,
}

inverses! {
    exact:
        I32Eq I32Ne, I32LtS I32GeS, I32LtU I32GeU, I32GtS I32LeS, I32GtU I32LeU,
        I64Eq I64Ne, I64LtS I64GeS, I64LtU I64GeU, I64GtS I64LeS, I64GtU I64LeU,
        F32Eq F32Ne, F64Eq F64Ne,;
    // With NaN neither `a < b` nor `a >= b` holds.
    ordered: F32Lt F32Gt F32Le F32Ge F64Lt F64Gt F64Le F64Ge;
}

macro_rules! exchanges {
    ($($op:ident $exchanged:ident,)*) => {
        /// The same with its sides exchanged, where the result does not change.
        ///
        /// Not for float arithmetic: which NaN comes out depends on the side.
        pub(super) fn exchange(instruction: Instruction) -> Instruction {
            match instruction {
                $(Instruction::$op { dst, lhs, rhs } => Instruction::$exchanged { dst, lhs: rhs, rhs: lhs },)*
                other => other,
            }
        }
    };
}

exchanges! {
    I32Add I32Add, I32Mul I32Mul, I32And I32And, I32Or I32Or, I32Xor I32Xor,
    I64Add I64Add, I64Mul I64Mul, I64And I64And, I64Or I64Or, I64Xor I64Xor,
    I32Eq I32Eq, I32Ne I32Ne, I32LtS I32GtS, I32LtU I32GtU, I32LeS I32GeS, I32LeU I32GeU,
    I32GtS I32LtS, I32GtU I32LtU, I32GeS I32LeS, I32GeU I32LeU,
    I64Eq I64Eq, I64Ne I64Ne, I64LtS I64GtS, I64LtU I64GtU, I64LeS I64GeS, I64LeU I64GeU,
    I64GtS I64LtS, I64GtU I64LtU, I64GeS I64LeS, I64GeU I64LeU,
    F32Eq F32Eq, F32Ne F32Ne, F32Lt F32Gt, F32Gt F32Lt, F32Le F32Ge, F32Ge F32Le,
    F64Eq F64Eq, F64Ne F64Ne, F64Lt F64Gt, F64Gt F64Lt, F64Le F64Ge, F64Ge F64Le,
}
