//! Which registers hold a value at which instruction, on every path that leads there (definite assignment).
//!
//! A forward dataflow over blocks: the set at the start of a block is the intersection of what its predecessors leave. An
//! error may leave a protected region at any of its instructions, so a handler starts with what is assigned at the start of
//! every block of its region, and the error register. A block that nothing reaches counts as having everything assigned.

use crate::entities::{Block, Reg};
use crate::program::Function;
use crate::regions::RegionTree;
use std::collections::BTreeSet;

/// A set of registers of one function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisterSet {
    words: Vec<u64>,
}

impl RegisterSet {
    /// Whether the register is in the set.
    pub fn contains(&self, register: Reg) -> bool {
        let number = register.as_u32() as usize;
        self.words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 != 0)
    }

    /// Adds a register; one that the function does not have is ignored.
    pub fn insert(&mut self, register: Reg) {
        insert(&mut self.words, register);
    }

    /// The registers in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Reg> + '_ {
        (0u32..).zip(&self.words).flat_map(|(index, &word)| {
            (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| Reg::from_u32(index * 64 + bit))
        })
    }
}

fn insert(words: &mut [u64], register: Reg) {
    let number = register.as_u32() as usize;
    if let Some(word) = words.get_mut(number / 64) {
        *word |= 1 << (number % 64);
    }
}

/// 64-bit words of a set of the registers of a function.
pub(crate) fn set_words(function: &Function) -> usize {
    function.registers.len().div_ceil(64)
}

/// The result of the dataflow for one function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AssignedRegisters {
    words: usize,
    registers: usize,
    /// One set for each block, then one for each region; `words` long each.
    sets: Vec<u64>,
    reached: Vec<bool>,
    blocks: usize,
}

/// The dataflow under way. Nodes are the blocks, then the regions.
struct Flow<'a> {
    function: &'a Function,
    regions: Option<RegionTree>,
    result: AssignedRegisters,
    /// Place of each node in a reverse postorder, and the node at each place.
    place: Vec<usize>,
    order: Vec<usize>,
    /// Places to visit in this sweep and in the next one.
    now: BTreeSet<usize>,
    next: BTreeSet<usize>,
}

impl AssignedRegisters {
    /// Runs the dataflow. `parameters` is how many parameters the function has: its first registers.
    ///
    /// It needs memory for `blocks * registers` bits, which [`limits::FLOW_WORDS_MAX`](crate::limits::FLOW_WORDS_MAX)
    /// bounds for verified functions. Blocks must be ascending ranges of the code; targets and registers that do not exist
    /// are ignored, so that the verifier can go on after other mistakes.
    pub fn compute(function: &Function, parameters: usize) -> AssignedRegisters {
        let (words, blocks) = (set_words(function), function.blocks.len());
        let nodes = blocks + function.regions.len();
        let result = AssignedRegisters {
            words,
            registers: function.registers.len(),
            sets: vec![u64::MAX; nodes * words],
            reached: vec![false; nodes],
            blocks,
        };
        if blocks == 0 {
            return result;
        }
        let regions = RegionTree::new(function).ok();
        let (place, order) = (vec![0; nodes], Vec::with_capacity(nodes));
        let mut flow = Flow { function, regions, result, place, order, now: BTreeSet::new(), next: BTreeSet::new() };
        flow.number_nodes();
        flow.run(parameters);
        flow.result
    }

    /// What is assigned where a block begins.
    pub fn at_start(&self, block: Block) -> RegisterSet {
        self.node(block.as_u32() as usize)
    }

    /// What is assigned just before an instruction, by its canonical index. `function` is the one given to
    /// [`compute`](Self::compute).
    pub fn at(&self, function: &Function, instruction: usize) -> RegisterSet {
        let block = function.block_of(instruction);
        let mut set = self.at_start(block);
        let start = function.block_range(block).start;
        for earlier in &function.code[start..instruction] {
            earlier.for_each_def(|register| set.insert(register));
        }
        set
    }

    /// What is assigned at every point of a region, by its place in [`Function::regions`].
    pub fn in_region(&self, region: usize) -> RegisterSet {
        self.node(self.blocks + region)
    }

    /// Whether any path leads to the block.
    pub fn is_reached(&self, block: Block) -> bool {
        self.reached.get(block.as_u32() as usize).copied().unwrap_or(false)
    }

    fn node(&self, node: usize) -> RegisterSet {
        let mut words = self.sets[node * self.words..(node + 1) * self.words].to_vec();
        // A block that is not reached has all bits set; take those away that stand for no register.
        if let Some(last) = words.last_mut().filter(|_| !self.registers.is_multiple_of(64)) {
            *last &= (1 << (self.registers % 64)) - 1;
        }
        RegisterSet { words }
    }
}

impl Flow<'_> {
    /// Visits the nodes that may follow a node.
    fn successors(&self, node: usize, mut visit: impl FnMut(usize)) {
        let blocks = self.result.blocks;
        let Some(regions) = &self.regions else {
            return self.targets(node, visit);
        };
        if node < blocks {
            let block = Block::from_u32(u32::try_from(node).expect("blocks are counted in u32"));
            if let Some(region) = regions.innermost(block) {
                visit(blocks + region);
            }
            self.targets(node, visit);
        } else {
            if let Some(parent) = regions.parent(node - blocks) {
                visit(blocks + parent);
            }
            let handler = self.function.regions[node - blocks].handler.as_u32() as usize;
            if handler < blocks {
                visit(handler);
            }
        }
    }

    /// Visits the targets at the end of a block.
    fn targets(&self, node: usize, mut visit: impl FnMut(usize)) {
        if node >= self.result.blocks {
            return;
        }
        let block = Block::from_u32(u32::try_from(node).expect("blocks are counted in u32"));
        let Some(last) = self.function.code[self.function.block_range(block)].last() else { return };
        last.for_each_target(|target| {
            if (target.as_u32() as usize) < self.result.blocks {
                visit(target.as_u32() as usize);
            }
        });
    }

    /// Puts the reached nodes into reverse postorder, so that most sets settle in one sweep.
    fn number_nodes(&mut self) {
        let mut reached = vec![false; self.place.len()];
        // A node is left when all that was put on the stack after it has been dealt with.
        enum Step {
            Enter(usize),
            Leave(usize),
        }
        let mut steps = vec![Step::Enter(0)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(node) if !std::mem::replace(&mut reached[node], true) => {
                    steps.push(Step::Leave(node));
                    self.successors(node, |next| {
                        if !reached[next] {
                            steps.push(Step::Enter(next));
                        }
                    });
                }
                Step::Enter(_) => {}
                Step::Leave(node) => self.order.push(node),
            }
        }
        self.order.reverse();
        for (place, &node) in self.order.iter().enumerate() {
            self.place[node] = place;
        }
        self.result.reached = reached;
    }

    fn run(&mut self, parameters: usize) {
        let words = self.result.words;
        self.result.sets[..words].fill(0);
        for number in 0..parameters.min(self.result.registers) {
            self.result.sets[number / 64] |= 1 << (number % 64);
        }
        self.now = (0..self.order.len()).collect();
        let (mut out, mut across) = (vec![0; words], vec![0; words]);
        let mut successors = Vec::new();
        while let Some(place) = self.now.pop_first() {
            let node = self.order[place];
            out.copy_from_slice(&self.result.sets[node * words..(node + 1) * words]);
            across.copy_from_slice(&out);
            if node < self.result.blocks {
                let block = Block::from_u32(u32::try_from(node).expect("blocks are counted in u32"));
                for instruction in &self.function.code[self.function.block_range(block)] {
                    instruction.for_each_def(|register| insert(&mut out, register));
                }
            } else {
                insert(&mut across, self.function.regions[node - self.result.blocks].error);
            }
            successors.clear();
            self.successors(node, |next| successors.push(next));
            for &next in &successors {
                // Along an edge between a block and a region nothing of the block has been done yet; only the handler
                // finds the error register.
                let is_block = |node: usize| node < self.result.blocks;
                let value = match (is_block(node), is_block(next)) {
                    (true, true) | (false, false) => &out,
                    (true, false) | (false, true) => &across,
                };
                self.narrow(place, next, value);
            }
            if self.now.is_empty() {
                std::mem::swap(&mut self.now, &mut self.next);
            }
        }
    }

    /// Takes out of the set of `next` what is not in `value`, and visits `next` again when that changed it.
    fn narrow(&mut self, from_place: usize, next: usize, value: &[u64]) {
        let words = self.result.words;
        let mut changed = false;
        for (known, &new) in self.result.sets[next * words..(next + 1) * words].iter_mut().zip(value) {
            changed |= *known & !new != 0;
            *known &= new;
        }
        if changed {
            let place = self.place[next];
            if place > from_place {
                self.now.insert(place)
            } else {
                self.next.insert(place)
            };
        }
    }
}

#[cfg(test)]
#[path = "assigned_tests.rs"]
mod tests;
