//! The last pass over a function: zeros for locals, short cuts through jumps, blocks that nothing reaches.

use minivm_isa::entities::Block;
use minivm_isa::program::{Function, Span};
use minivm_isa::regions::RegionTree;
use minivm_isa::{Instruction, steps};

/// Puts `zeros` in front of the code, lets branches go to where they end up at last, joins blocks that only follow each
/// other, and drops blocks that cannot be reached, and regions that nobody throws in. The function has no local names yet.
pub(super) fn cleanup(mut function: Function, zeros: Vec<Instruction>) -> Function {
    shorten_jumps(&mut function);
    let references = references(&function);
    let mut is_border = vec![false; if function.regions.is_empty() { 0 } else { function.blocks.len() + 1 }];
    for border in function.regions.iter().flat_map(|region| [region.start, region.end]) {
        is_border[border.as_u32() as usize] = true;
    }
    // For each block how many of the new ones stand before it.
    let mut before: Vec<Block> = Vec::new();
    let mut code = std::mem::take(&mut function.code).into_iter();
    let mut spans = std::mem::take(&mut function.spans).into_iter().peekable();
    let mut place = Placed { code: zeros, spans: Vec::with_capacity(spans.len()) };
    place.code.reserve(code.len());
    let mut numbers = Vec::with_capacity(function.blocks.len());
    let old = std::mem::take(&mut function.blocks);
    let ends = old.values().skip(1).map(|&start| start as usize).chain([code.len()]);
    let (mut index, mut span, mut is_apart) = (0, None, false);
    for (block, end) in old.keys().zip(ends) {
        let count = references[block.as_u32() as usize];
        let is_reached = count > 0 || numbers.is_empty();
        // Where a region ends with a block that is dropped, the next one is outside of it.
        is_apart |= is_border.get(block.as_u32() as usize) == Some(&true);
        before.push(Block::from_u32(u32::try_from(function.blocks.len()).expect("blocks are counted in u32")));
        if is_reached && (numbers.is_empty() || is_apart || !place.joins(block, count)) {
            // The zeros belong to the entry block.
            let start = if numbers.is_empty() { 0 } else { place.len() };
            function.blocks.push(start);
        }
        is_apart &= !is_reached;
        // What jumps to a joined block does not exist any more, so its number does not matter.
        numbers.push(Block::from_u32(u32::try_from(function.blocks.len()).expect("blocks are counted in u32") - 1));
        steps::count(end - index);
        let passed = |next: &Span, at: usize| next.instruction as usize <= at;
        while spans.peek().is_some_and(|next| passed(next, index)) {
            span = spans.next();
        }
        let moved = code.by_ref().take(end - index);
        if is_reached {
            let first = place.code.len();
            place.spans_from(first, span);
            place.code.extend(moved);
            while let Some(next) = spans.next_if(|next| passed(next, end - 1)) {
                place.spans_from(first + next.instruction as usize - index, Some(next));
                span = Some(next);
            }
        } else {
            moved.for_each(drop);
        }
        index = end;
    }
    function.code = place.code;
    function.spans = place.spans;
    function.code.shrink_to_fit();
    function.spans.shrink_to_fit();
    function.blocks.shrink_to_fit();
    before.push(Block::from_u32(u32::try_from(function.blocks.len()).expect("blocks are counted in u32")));
    function.regions.retain_mut(|region| {
        let is_reached = references[region.handler.as_u32() as usize] > 0;
        region.handler = numbers[region.handler.as_u32() as usize];
        (region.start, region.end) = (before[region.start.as_u32() as usize], before[region.end.as_u32() as usize]);
        is_reached && region.start < region.end
    });
    function.regions.shrink_to_fit();
    let number = |block: &mut Block| *block = numbers[block.as_u32() as usize];
    for instruction in &mut function.code {
        instruction.for_each_target_mut(number);
    }
    function
}

/// The code as it will be.
struct Placed {
    code: Vec<Instruction>,
    spans: Vec<Span>,
}

impl Placed {
    fn len(&self) -> u32 {
        u32::try_from(self.code.len()).expect("code is counted in u32")
    }

    /// Takes away the jump before a block when it is the only way to that block.
    fn joins(&mut self, block: Block, references: u32) -> bool {
        let joins = references == 1 && self.code.last() == Some(&Instruction::Jump { target: block });
        if joins {
            self.code.pop();
        }
        joins
    }

    /// Instructions from this one on have a span.
    fn spans_from(&mut self, instruction: usize, span: Option<Span>) {
        let Some(mut span) = span else { return };
        // The first one holds for the zeros, too.
        span.instruction =
            if self.spans.is_empty() { 0 } else { u32::try_from(instruction).expect("code is counted in u32") };
        if self.spans.last().is_some_and(|last| last.instruction == span.instruction) {
            self.spans.pop();
        }
        if !self.spans.last().is_some_and(|last| Span { instruction: span.instruction, ..*last } == span) {
            self.spans.push(span);
        }
    }
}

/// Lets branches to a block that only jumps forward go where the jump goes.
fn shorten_jumps(function: &mut Function) {
    let mut goals: Vec<Block> = function.blocks.keys().collect();
    // From the last to the first, so that the goal of a later block is known.
    for block in function.blocks.keys().rev() {
        let range = function.block_range(block);
        if let [Instruction::Jump { target }] = &function.code[range]
            && *target > block
        {
            goals[block.as_u32() as usize] = goals[target.as_u32() as usize];
        }
    }
    for instruction in &mut function.code {
        instruction.for_each_target_mut(|block| *block = goals[block.as_u32() as usize]);
    }
}

/// How many branches and blocks with a handler in reachable code go to each block.
fn references(function: &Function) -> Vec<u32> {
    let mut references = vec![0; function.blocks.len()];
    let mut work = vec![Block::from_u32(0)];
    let regions = (!function.regions.is_empty()).then(|| RegionTree::new(function).expect("blocks of the source nest"));
    while let Some(block) = work.pop() {
        let mut reach = |target: Block| {
            let count = &mut references[target.as_u32() as usize];
            *count += 1;
            if *count == 1 && target != Block::from_u32(0) {
                work.push(target);
            }
        };
        function.code[function.block_range(block).end - 1].for_each_target(&mut reach);
        // Exceptions go to the innermost region, and its handler knows of the next one.
        if let Some(region) = regions.as_ref().and_then(|regions| regions.innermost(block)) {
            reach(function.regions[region].handler);
        }
    }
    references
}
