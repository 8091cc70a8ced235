//! From blocks to the code of a function, one after the other.

use super::FunctionBuilder;
use super::written::Position;
use crate::BuildError;
use crate::mistakes::Mistakes;
use cranelift_entity::{PrimaryMap, SecondaryMap};
use minivm_isa::entities::Block;
use minivm_isa::frame::words_of;
use minivm_isa::limits::FRAME_WORDS_MAX;
use minivm_isa::program::{Function, Local, Span};
use minivm_isa::regions::RegionTree;
use minivm_isa::steps;
use minivm_isa::verify::{Place, SourceLine};

/// What blocks have to be that something names.
const NEVER_PLACED: &str = "a block that was switched to";

impl FunctionBuilder {
    /// Lays out the blocks.
    ///
    /// # Errors
    /// When the frame is too large, or methods were used wrongly.
    pub fn finish(self) -> Result<Function, BuildError> {
        self.lay_out().map(|(function, _)| function)
    }

    /// The function, and where it is by now.
    fn last_place(&self) -> Place {
        let source = self.span.map(|(source, line, start, end)| SourceLine {
            source,
            file: source.to_string(),
            line,
            start,
            end,
        });
        Place { item: format!("function '{}'", self.name.escape_debug()), source, ..Place::default() }
    }

    /// The function, and the blocks in their order.
    pub(crate) fn lay_out(mut self) -> Result<(Function, Vec<Block>), BuildError> {
        if self.is_out_of_memory() {
            return Err(BuildError::OutOfMemory);
        }
        self.is_used("the end of the function");
        let words = words_of(self.registers.values());
        if words > u64::from(FRAME_WORDS_MAX) {
            return Err(BuildError::FrameTooLarge { place: Box::new(self.last_place()), words });
        }
        let order = self.order();
        let mut numbers: SecondaryMap<Block, Option<Block>> = SecondaryMap::new();
        let mut starts = PrimaryMap::new();
        let mut total = 0;
        for &block in &order {
            let length = self.blocks[block].code.len();
            if length == 0 {
                let expected = "a block with instructions".to_owned();
                self.mistakes.note((block, 0), "switch_to", expected, format!("{block} without"));
            }
            numbers[block] = Some(starts.push(total));
            total += u32::try_from(length).expect("code is counted in u32");
        }
        self.check_regions(&numbers);
        let number = |block: Block| numbers[block].unwrap_or(Block::from_u32(0));
        let locals = self.finish_locals(&starts, &numbers, total);
        let (mut code, positions) = self.written.in_order(order.iter().map(|&block| &self.blocks[block].code));
        let mut spans = Vec::with_capacity(code.len());
        let mut rest = code.iter_mut().zip(positions).enumerate();
        for &block in &order {
            for (offset, (at, (instruction, position))) in rest.by_ref().take(self.blocks[block].code.len()).enumerate()
            {
                steps::count(1);
                instruction.for_each_target_mut(|target| {
                    if numbers[*target].is_none() {
                        self.mistakes.note((block, offset), "target", NEVER_PLACED.to_owned(), target.to_string());
                    }
                    *target = number(*target);
                });
                push_span(&mut spans, at, position);
            }
        }
        for region in &mut self.regions {
            [region.start, region.end, region.handler] = [region.start, region.end, region.handler].map(number);
        }
        if !self.mistakes.is_empty() {
            let places = (starts.as_values_slice(), &numbers);
            return Err(BuildError::Misused(self.mistakes.placed(&self.name, places, &code, &spans)));
        }
        // Nothing is added any more, and programs may have very many functions.
        self.registers.shrink_to_fit();
        self.constants.shrink_to_fit();
        code.shrink_to_fit();
        spans.shrink_to_fit();
        let function = Function {
            name: self.name,
            signature: self.signature,
            captures: self.captures,
            registers: self.registers,
            constants: self.constants,
            blocks: starts,
            code,
            regions: self.regions,
            spans,
            locals,
            capture_names: self.capture_names,
        };
        check_nesting(&self.mistakes, &function, &order, &numbers)?;
        Ok((function, order))
    }

    /// The blocks that were placed, in their order.
    fn order(&self) -> Vec<Block> {
        let mut order: Vec<Block> = self.blocks.keys().filter(|&block| self.blocks[block].position.is_some()).collect();
        order.sort_by_key(|&block| self.blocks[block].position);
        order
    }

    /// Notes regions of blocks that were never placed or are none, and handlers that were not placed or are inside. The verifier
    /// would find some of that too, but knows blocks by other numbers.
    fn check_regions(&self, numbers: &SecondaryMap<Block, Option<Block>>) {
        for region in &self.regions {
            for (what, block) in [("start", region.start), ("end", region.end), ("handler", region.handler)] {
                if numbers[block].is_none() {
                    let start = if numbers[region.start].is_some() { region.start } else { Block::from_u32(0) };
                    let expected = format!("a region whose {what} is {NEVER_PLACED}");
                    self.mistakes.note((start, 0), "protect", expected, block.to_string());
                }
            }
            let (Some(start), Some(end), Some(handler)) =
                (numbers[region.start], numbers[region.end], numbers[region.handler])
            else {
                continue;
            };
            let mistake = |operand, expected: String, found: String| {
                self.mistakes.note((region.start, 0), operand, expected, found);
            };
            let range = format!("{} up to, not with, {}", region.start, region.end);
            if start >= end {
                mistake("region", "a start that was switched to before the end".to_owned(), range);
            } else if (start..end).contains(&handler) {
                mistake("handler", format!("a block outside of {range}"), region.handler.to_string());
            }
        }
    }

    fn finish_locals(
        &self,
        starts: &PrimaryMap<Block, u32>,
        numbers: &SecondaryMap<Block, Option<Block>>,
        total: u32,
    ) -> Vec<Local> {
        let place = |(block, offset): (Block, usize)| {
            let start = numbers[block].map_or(total, |number| starts[number]);
            start + u32::try_from(offset).expect("code is counted in u32")
        };
        let mut locals: Vec<Local> = (self.locals.iter())
            .map(|local| Local {
                name: local.name.clone(),
                register: local.register,
                start: place(local.start),
                end: local.end.map_or(total, place),
            })
            .filter(|local| local.start < local.end)
            .collect();
        locals.sort_by_key(|local| local.start);
        locals
    }
}

fn push_span(spans: &mut Vec<Span>, instruction: usize, span: Position) {
    let Some((source, line, start, end)) = span else { return };
    let same = |last: &Span| (last.source, last.line, last.start, last.end) == (source, line, start, end);
    if !spans.last().is_some_and(same) {
        let instruction = u32::try_from(instruction).expect("code is counted in u32");
        spans.push(Span { instruction, source, line, start, end });
    }
}

/// Finds two regions that do not nest.
fn check_nesting(
    mistakes: &Mistakes,
    function: &Function,
    order: &[Block],
    numbers: &SecondaryMap<Block, Option<Block>>,
) -> Result<(), BuildError> {
    if function.regions.len() < 2 {
        return Ok(());
    }
    let Err(error) = RegionTree::new(function) else { return Ok(()) };
    let known = |block: Block| order.get(block.as_u32() as usize).copied().unwrap_or(block);
    let show = |index: usize| {
        let region = &function.regions[index];
        format!("{} up to, not with, {}", known(region.start), known(region.end))
    };
    let expected = format!("{} to be added before a region around it, or to lie apart from it", show(error.inner));
    let at = (known(function.regions[error.outer].start), 0);
    mistakes.note(at, "region", expected, show(error.outer));
    let places = (function.blocks.as_values_slice(), numbers);
    Err(BuildError::Misused(mistakes.placed(&function.name, places, &function.code, &function.spans)))
}
