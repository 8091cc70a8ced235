//! Tests of the verifier.

use super::function::Checker;
use super::special::SignatureFacts;
use crate::entities::{Block, Func, Reg};
use crate::operand::{ImmediateKind, IndexKind, OperandSource, Pattern, Role};
use crate::program::FunctionDef;
use crate::{INSTRUCTIONS, Operand, text};
use std::convert::Infallible;

/// Gives the same operand everywhere.
struct Zeros;

impl OperandSource for Zeros {
    type Error = Infallible;

    fn reg(&mut self, _: &'static str) -> Result<Reg, Infallible> {
        Ok(Reg::from_u32(0))
    }

    fn input(&mut self, _: &'static str, _: Pattern) -> Result<Operand, Infallible> {
        Ok(Reg::from_u32(0).into())
    }

    fn regs(&mut self, _: &'static str) -> Result<Box<[Reg]>, Infallible> {
        Ok(Box::new([]))
    }

    fn inputs(&mut self, _: &'static str, _: Pattern) -> Result<Box<[Operand]>, Infallible> {
        Ok(Box::new([]))
    }

    fn block(&mut self, _: &'static str) -> Result<Block, Infallible> {
        Ok(Block::from_u32(0))
    }

    fn blocks(&mut self, _: &'static str) -> Result<Box<[Block]>, Infallible> {
        Ok(Box::new([]))
    }

    fn index(&mut self, _: &'static str, _: IndexKind) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn immediate(&mut self, _: &'static str, _: ImmediateKind) -> Result<u64, Infallible> {
        Ok(0)
    }
}

#[test]
fn rows_that_the_table_leaves_open_have_rules() {
    let program = text::parse("func0 \"f\" () {\nblock0:\n trap 0\n}").unwrap();
    let number = Func::from_u32(0);
    let FunctionDef::Code(function) = &program.functions[number] else { unreachable!() };
    for info in INSTRUCTIONS {
        let is_open = info.operands.iter().any(|(_, role)| {
            matches!(
                role,
                Role::Out(Pattern::Special)
                    | Role::In(Pattern::Special)
                    | Role::InOut(Pattern::Special)
                    | Role::Outs(Pattern::Special)
                    | Role::Ins(Pattern::Special)
            )
        });
        let Ok(instruction) = info.opcode.read(&mut Zeros);
        let signatures = SignatureFacts::default();
        let mut checker = Checker::new((&program, &signatures), number, function);
        checker.here = Some((Block::from_u32(0), 0));
        assert!(checker.special(&instruction) || !is_open, "{} has operands that nobody checks", info.name);
    }
}

#[test]
fn result_lists_stand_alone() {
    // The text form tells a list of results from single ones by their number.
    for info in INSTRUCTIONS {
        let lists = info.operands.iter().filter(|(_, role)| matches!(role, Role::Outs(_))).count();
        assert!(lists <= 1, "{} has more than one list of results", info.name);
    }
}
