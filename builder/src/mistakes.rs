//! Mistakes of those who use a builder, noted where they happen.

use crate::Mistake;
use cranelift_entity::SecondaryMap;
use minivm_isa::Instruction;
use minivm_isa::entities::Block;
use minivm_isa::program::Span;
use minivm_isa::verify::{Place, SourceLine};
use std::cell::RefCell;

/// A mistake before the function is laid out.
struct Noted {
    /// The block, and how many instructions stand in it before.
    at: (Block, usize),
    operand: &'static str,
    expected: String,
    found: String,
}

/// The mistakes in a function so far. Those who only ask make some, too.
#[derive(Default)]
pub(crate) struct Mistakes(RefCell<Vec<Noted>>);

/// More mistakes than these are not kept.
const KEPT_MAX: usize = 100;

impl Mistakes {
    /// Notes one.
    #[cold]
    pub(crate) fn note(&self, at: (Block, usize), operand: &'static str, expected: String, found: String) {
        let mut noted = self.0.borrow_mut();
        if noted.len() < KEPT_MAX {
            noted.push(Noted { at, operand, expected, found });
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The mistakes with their places in code that is laid out: where blocks start, and where each block has come to.
    pub(crate) fn placed(
        &self,
        function: &str,
        (starts, numbers): (&[u32], &SecondaryMap<Block, Option<Block>>),
        code: &[Instruction],
        spans: &[Span],
    ) -> Vec<Mistake> {
        let place = |noted: Noted| {
            let (block, offset) = noted.at;
            let start = numbers[block].and_then(|number| starts.get(number.as_u32() as usize));
            // What would stand behind the last instruction gets its position.
            let last = code.len().saturating_sub(1);
            let instruction = start.map(|&start| (start as usize + offset).min(last)).filter(|_| !code.is_empty());
            let span = instruction
                .and_then(|instruction| spans.iter().rev().find(|span| span.instruction as usize <= instruction));
            let source = span.map(|span| SourceLine {
                source: span.source,
                file: span.source.to_string(),
                line: span.line,
                start: span.start,
                end: span.end,
            });
            let place = Place {
                item: format!("function '{}'", function.escape_debug()),
                block: Some(block),
                instruction: instruction.and_then(|instruction| u32::try_from(instruction).ok()),
                opcode: instruction.and_then(|instruction| Some(code.get(instruction)?.opcode())),
                operand: Some(noted.operand),
                source,
                ..Place::default()
            };
            Mistake { place, expected: noted.expected, found: noted.found }
        };
        self.0.take().into_iter().map(place).collect()
    }
}
