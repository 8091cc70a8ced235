//! Which registers hold a value at which instruction, on every path that leads there (definite assignment).
//!
//! A forward dataflow over blocks: the set at the start of a block is the intersection of what its predecessors leave. An
//! error may leave a protected region at any of its instructions, so a handler starts with what is assigned at the start of
//! every block of its region, and the error register. A block that nothing reaches counts as having everything assigned.

use crate::entities::Block;
use crate::flow_graph::{FlowGraph, Worklist};
use crate::program::Function;
use crate::register_set::{RegisterSet, insert, set_words};

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

/// The dataflow under way.
struct Flow<'a> {
    function: &'a Function,
    graph: FlowGraph<'a>,
    result: AssignedRegisters,
    work: Worklist,
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
        let graph = FlowGraph::new(function);
        let work = Worklist::all(graph.order().len());
        let mut flow = Flow { function, graph, result, work };
        flow.result.reached = flow.graph.reached().to_vec();
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
        RegisterSet::from_words(words)
    }
}

impl Flow<'_> {
    fn run(&mut self, parameters: usize) {
        let words = self.result.words;
        self.result.sets[..words].fill(0);
        for number in 0..parameters.min(self.result.registers) {
            self.result.sets[number / 64] |= 1 << (number % 64);
        }
        let (mut out, mut across) = (vec![0; words], vec![0; words]);
        let mut successors = Vec::new();
        while let Some(place) = self.work.pop() {
            let node = self.graph.order()[place];
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
            self.graph.successors(node, |next| successors.push(next));
            for &next in &successors {
                // Along an edge between a block and a region nothing of the block has been done yet; only the handler
                // finds the error register.
                let is_block = |node: usize| node < self.result.blocks;
                let value = match (is_block(node), is_block(next)) {
                    (true, true) | (false, false) => &out,
                    (true, false) | (false, true) => &across,
                };
                if narrow(&mut self.result.sets[next * words..(next + 1) * words], value) {
                    self.work.add(self.graph.place(next), place);
                }
            }
        }
    }
}

/// Takes out of a set what is not in another; whether that changed it.
fn narrow(set: &mut [u64], other: &[u64]) -> bool {
    let mut changed = false;
    for (known, &new) in set.iter_mut().zip(other) {
        changed |= *known & !new != 0;
        *known &= new;
    }
    changed
}

#[cfg(test)]
#[path = "assigned_tests.rs"]
mod tests;
