//! The instructions that were written so far, of all blocks in one list: most blocks are written from their start to their end, one
//! after the other.

use minivm_isa::Instruction;
use minivm_isa::entities::Source;
use std::ops::Range;

/// The source position of an instruction, if it has one: the source, the line, and the bytes.
pub(super) type Position = Option<(Source, u32, u32, u32)>;

/// Where the instructions of a block are in the list.
#[derive(Default)]
pub(super) struct Pieces {
    /// Empty only if there are none.
    first: Range<usize>,
    /// Those that were written when other blocks had been written in between; none is empty.
    more: Vec<Range<usize>>,
    /// The instructions in all of them.
    length: usize,
}

impl Pieces {
    /// How many instructions there are.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The ranges in their order.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        std::iter::once(&self.first).chain(&self.more).filter(|range| !range.is_empty()).cloned()
    }

    fn last(&self) -> &Range<usize> {
        self.more.last().unwrap_or(&self.first)
    }

    fn last_mut(&mut self) -> &mut Range<usize> {
        self.more.last_mut().unwrap_or(&mut self.first)
    }
}

/// The list.
#[derive(Default)]
pub(super) struct Written {
    code: Vec<Instruction>,
    positions: Vec<Position>,
}

impl Written {
    /// Makes room for so many instructions.
    pub(super) fn reserve(&mut self, instructions: usize) {
        self.code.reserve(instructions);
        self.positions.reserve(instructions);
    }

    /// Appends an instruction to a block.
    pub(super) fn push(&mut self, block: &mut Pieces, instruction: Instruction, position: Position) {
        let at = self.code.len();
        block.length += 1;
        let last = block.last_mut();
        if last.start == last.end {
            *last = at..at + 1;
        } else if last.end == at {
            last.end += 1;
        } else {
            block.more.push(at..at + 1);
        }
        self.code.push(instruction);
        self.positions.push(position);
    }

    /// The last instruction of a block.
    pub(super) fn last(&self, block: &Pieces) -> Option<&Instruction> {
        let last = block.last();
        (!last.is_empty()).then(|| &self.code[last.end - 1])
    }

    /// The same, to change it.
    pub(super) fn last_mut(&mut self, block: &Pieces) -> Option<&mut Instruction> {
        let last = block.last();
        (!last.is_empty()).then(|| &mut self.code[last.end - 1])
    }

    /// Takes the last instruction of a block away, and gives its position.
    pub(super) fn pop(&mut self, block: &mut Pieces) -> Position {
        let last = block.last_mut();
        if last.start == last.end {
            return None;
        }
        last.end -= 1;
        let at = last.end;
        if last.start == last.end {
            block.more.pop();
        }
        block.length -= 1;
        let position = self.positions[at];
        if at + 1 == self.code.len() {
            self.code.pop();
            self.positions.pop();
        }
        position
    }

    /// The instructions of these blocks, one after the other.
    pub(super) fn in_order<'p>(self, blocks: impl Iterator<Item = &'p Pieces>) -> (Vec<Instruction>, Vec<Position>) {
        let ranges: Vec<Range<usize>> = blocks.flat_map(Pieces::ranges).collect();
        let mut end = 0;
        let is_in_order = ranges.iter().all(|range| range.start == std::mem::replace(&mut end, range.end));
        if is_in_order && end == self.code.len() {
            return (self.code, self.positions);
        }
        let mut code: Vec<Option<Instruction>> = self.code.into_iter().map(Some).collect();
        let positions = ranges.iter().flat_map(|range| &self.positions[range.clone()]).copied().collect();
        let take = |at: usize| code[at].take().expect("each instruction is in one block");
        (ranges.iter().cloned().flatten().map(take).collect(), positions)
    }
}
