//! Which registers may still be read after an instruction (liveness), local variables through their scopes.
//!
//! A backward dataflow over blocks. A register is wanted where an instruction reads it, and at every instruction where it is
//! the place of a named local variable: debuggers read those, and languages promise that a variable holds on to its value
//! until its scope ends. What an error handler wants is wanted at every instruction of the region.
//!
//! A register that is live and assigned somewhere was so ever since it was written: nobody finds an old value in one.

use crate::entities::Block;
use crate::flow_graph::{FlowGraph, Worklist};
use crate::instruction::Instruction;
use crate::program::Function;
use crate::register_set::{RegisterSet, insert, remove, set_words, unite};

/// The result of the dataflow for one function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveRegisters {
    words: usize,
    /// What is live at the end of each block, then, for each region, what is live throughout it; `words` long each.
    sets: Vec<u64>,
    /// Innermost region of each block.
    regions: Vec<Option<usize>>,
}

impl LiveRegisters {
    /// Runs the dataflow for a verified function. It needs memory for a few times `blocks * registers` bits.
    pub fn compute(function: &Function) -> LiveRegisters {
        let graph = FlowGraph::new(function);
        let mut flow = Flow::new(function, &graph);
        flow.run();
        LiveRegisters { words: flow.words, sets: flow.sets, regions: flow.regions }
    }

    /// What is live where a block ends.
    pub fn at_end(&self, block: Block) -> RegisterSet {
        self.node(block.as_u32() as usize)
    }

    /// What is live at every instruction of a block, as an error there may need it.
    pub fn throughout(&self, block: Block) -> Option<RegisterSet> {
        let region = self.regions.get(block.as_u32() as usize).copied().flatten()?;
        Some(self.node(self.regions.len() + region))
    }

    fn node(&self, node: usize) -> RegisterSet {
        RegisterSet::from_words(self.sets[node * self.words..(node + 1) * self.words].to_vec())
    }
}

/// From what is live after an instruction to what is live before it, but for what names and handlers want.
pub fn step_back(instruction: &Instruction, live: &mut RegisterSet) {
    instruction.for_each_def(|register| live.remove(register));
    instruction.for_each_use(|register| live.insert(register));
}

/// Adds the registers that are named variables at an instruction.
pub fn add_named(function: &Function, instruction: usize, live: &mut RegisterSet) {
    let here = instruction as u32;
    for local in function.locals.iter().filter(|local| local.start <= here && here < local.end) {
        live.insert(local.register);
    }
}

/// The dataflow under way.
struct Flow<'a> {
    function: &'a Function,
    graph: &'a FlowGraph<'a>,
    words: usize,
    blocks: usize,
    sets: Vec<u64>,
    regions: Vec<Option<usize>>,
    /// For each block what it wants of its predecessors whatever follows, and what it writes.
    wanted: Vec<u64>,
    written: Vec<u64>,
    /// For each node the first of its predecessors in `sources`, and the number of all at the end.
    first_source: Vec<usize>,
    sources: Vec<usize>,
}

impl<'a> Flow<'a> {
    fn new(function: &'a Function, graph: &'a FlowGraph<'a>) -> Self {
        let (words, blocks) = (set_words(function), function.blocks.len());
        let nodes = blocks + function.regions.len();
        let regions = function.blocks.keys().map(|block| graph.region(block)).collect();
        let mut flow = Flow {
            function,
            graph,
            words,
            blocks,
            sets: vec![0; nodes * words],
            regions,
            wanted: vec![0; blocks * words],
            written: vec![0; blocks * words],
            first_source: vec![0; nodes + 1],
            sources: Vec::new(),
        };
        flow.find_sources();
        flow.sum_up_blocks();
        for (index, region) in function.regions.iter().enumerate() {
            if let Some(handler) = region.message_handler {
                insert(&mut flow.sets[(blocks + index) * words..(blocks + index + 1) * words], handler);
            }
        }
        flow
    }

    /// Turns the edges around.
    fn find_sources(&mut self) {
        let mut edges = Vec::new();
        for &node in self.graph.order() {
            self.graph.successors(node, |next| edges.push((next, node)));
        }
        edges.sort_unstable();
        for &(next, _) in &edges {
            self.first_source[next + 1] += 1;
        }
        for index in 1..self.first_source.len() {
            self.first_source[index] += self.first_source[index - 1];
        }
        self.sources = edges.into_iter().map(|(_, node)| node).collect();
    }

    /// Walks the code back once and fills `wanted` and `written`.
    fn sum_up_blocks(&mut self) {
        let length = self.function.code.len();
        let (mut begin, mut end): (Vec<Vec<_>>, Vec<Vec<_>>) = (vec![Vec::new(); length], vec![Vec::new(); length]);
        for local in self.function.locals.iter().filter(|local| local.start < local.end) {
            let (first, last) = (local.start as usize, (local.end as usize).min(length));
            if first < last {
                begin[first].push(local.register);
                end[last - 1].push(local.register);
            }
        }
        let mut names = vec![0u32; self.function.registers.len()];
        let mut named = vec![0; self.words];
        for block in self.function.blocks.keys().rev() {
            let sets = block.as_u32() as usize * self.words..(block.as_u32() as usize + 1) * self.words;
            let (wanted, written) = (&mut self.wanted[sets.clone()], &mut self.written[sets]);
            for at in self.function.block_range(block).rev() {
                for &register in &end[at] {
                    names[register.as_u32() as usize] += 1;
                    insert(&mut named, register);
                }
                self.function.code[at].for_each_def(|register| {
                    remove(wanted, register);
                    insert(written, register);
                });
                self.function.code[at].for_each_use(|register| insert(wanted, register));
                unite(wanted, &named);
                for &register in &begin[at] {
                    let count = &mut names[register.as_u32() as usize];
                    *count -= 1;
                    if *count == 0 {
                        remove(&mut named, register);
                    }
                }
            }
        }
    }

    /// What a node wants of its predecessors, into `value`.
    fn flow_back(&self, node: usize, value: &mut [u64]) {
        let set = |node: usize| &self.sets[node * self.words..(node + 1) * self.words];
        value.copy_from_slice(set(node));
        if node < self.blocks {
            let own = node * self.words..(node + 1) * self.words;
            for (word, written) in value.iter_mut().zip(&self.written[own.clone()]) {
                *word &= !written;
            }
            unite(value, &self.wanted[own]);
            if let Some(region) = self.regions[node] {
                unite(value, set(self.blocks + region));
            }
        }
    }

    fn run(&mut self) {
        let count = self.graph.order().len();
        // Places count from the end, as this flow goes backward.
        let mut work = Worklist::all(count);
        let (mut value, mut narrowed) = (vec![0; self.words], vec![0; self.words]);
        while let Some(place) = work.pop() {
            let node = self.graph.order()[count - 1 - place];
            self.flow_back(node, &mut value);
            for index in self.first_source[node]..self.first_source[node + 1] {
                let source = self.sources[index];
                let given = if source >= self.blocks && node < self.blocks {
                    // From a region to its handler: the handler finds the error register written.
                    narrowed.copy_from_slice(&value);
                    remove(&mut narrowed, self.function.regions[source - self.blocks].error);
                    &narrowed
                } else {
                    &value
                };
                let changed = unite(&mut self.sets[source * self.words..(source + 1) * self.words], given);
                // What a region wants is wanted at the start of its blocks as well, whatever they write.
                if changed || source < self.blocks && node >= self.blocks {
                    work.add(count - 1 - self.graph.place(source), place);
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
