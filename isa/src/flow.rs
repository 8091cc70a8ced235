//! What the control flow of a function does with its registers, one register at a time.
//!
//! Nodes are the blocks, then the protected regions. A block leads to its targets and to its innermost region, a region to
//! the one around it and to its handler. A register is live at a node from which a way leads to a read of it (or to where it
//! is wanted for other reasons) without a write before. So a search from the reads back to the writes finds its nodes; it
//! takes time in how many there are, whatever the shape of the function.
//!
//! An error may leave a region at any instruction. So what a region wants is wanted at the start of each of its blocks,
//! whatever they write, and a handler finds what each of these blocks began with, and the error register.

use crate::entities::{Block, Reg};
use crate::lists::Lists;
use crate::program::Function;
use crate::regions::RegionTree;
use crate::scopes::Scopes;
use crate::steps;

/// The flow of one function. Registers, blocks and targets that do not exist are ignored, and so are regions that do not
/// nest, so that the verifier can go on after other mistakes.
pub(crate) struct Flow<'a> {
    pub(crate) function: &'a Function,
    /// The blocks that lead to each block.
    sources: Lists<u32>,
    regions: Option<Regions>,
    /// For each register the blocks that read it before they write it.
    reads: Lists<u32>,
    /// For each register the blocks that write it, and where they first do.
    writes: Lists<(u32, u32)>,
    pub(crate) scopes: Scopes,
}

/// The regions, where there are some.
struct Regions {
    tree: RegionTree,
    /// The blocks and the regions that lie directly in each region, and the regions that each block handles.
    blocks: Lists<u32>,
    inner: Lists<u32>,
    handled: Lists<u32>,
    /// The regions of which each register is the message handler.
    message_handlers: Lists<u32>,
}

impl<'a> Flow<'a> {
    pub(crate) fn new(function: &'a Function) -> Self {
        let registers = function.registers.len();
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        // The last block that read a register before it wrote it, and the last one that wrote it.
        let (mut read_in, mut written_in) = (vec![u32::MAX; registers], vec![u32::MAX; registers]);
        for (block, at) in instructions(function) {
            // An instruction reads everything before it writes anything.
            let read = |register: Reg| {
                let index = register.as_u32() as usize;
                if index < registers && written_in[index] != block && read_in[index] != block {
                    read_in[index] = block;
                    reads.push((register.as_u32(), block));
                }
            };
            steps::count(1);
            function.code[at].for_each_use(read);
            function.code[at].for_each_def(|register| {
                let index = register.as_u32() as usize;
                if index < registers && written_in[index] != block {
                    written_in[index] = block;
                    writes.push((register.as_u32(), (block, at as u32)));
                }
            });
        }
        let (reads, writes) = (Lists::new(registers, &reads), Lists::new(registers, &writes));
        let (sources, scopes) = (sources(function), Scopes::new(function));
        Flow { function, sources, regions: Regions::new(function), reads, writes, scopes }
    }

    fn blocks(&self) -> usize {
        self.function.blocks.len()
    }

    /// Whether a register may be live where a block begins.
    pub(crate) fn crosses_blocks(&self, register: u32) -> bool {
        self.is_wanted(register) || !self.scopes.of(register).is_empty()
    }

    /// Whether a block reads a register before it writes it, or a region has it as its message handler.
    pub(crate) fn is_wanted(&self, register: u32) -> bool {
        let is_handler = |regions: &Regions| !regions.message_handlers.of(register as usize).is_empty();
        !self.reads.of(register as usize).is_empty() || self.regions.as_ref().is_some_and(is_handler)
    }

    /// Where a block first writes a register.
    pub(crate) fn first_write(&self, register: u32, block: u32) -> Option<u32> {
        let writes = self.writes.of(register as usize);
        let index = writes.binary_search_by_key(&block, |&(block, _)| block).ok()?;
        Some(writes[index].1)
    }
}

impl Regions {
    fn new(function: &Function) -> Option<Regions> {
        if function.regions.is_empty() {
            return None;
        }
        let tree = RegionTree::new(function).ok()?;
        let (mut blocks, mut inner, mut handled, mut message_handlers) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for block in function.blocks.keys() {
            blocks.extend(tree.innermost(block).map(|region| (region as u32, block.as_u32())));
        }
        for (number, region) in (0u32..).zip(&function.regions) {
            inner.extend(tree.parent(number as usize).map(|parent| (parent as u32, number)));
            if function.blocks.is_valid(region.handler) {
                handled.push((region.handler.as_u32(), number));
            }
            let message_handler = region.message_handler.filter(|&register| function.registers.is_valid(register));
            message_handlers.extend(message_handler.map(|register| (register.as_u32(), number)));
        }
        let count = function.regions.len();
        Some(Regions {
            tree,
            blocks: Lists::new(count, &blocks),
            inner: Lists::new(count, &inner),
            handled: Lists::new(function.blocks.len(), &handled),
            message_handlers: Lists::new(function.registers.len(), &message_handlers),
        })
    }
}

/// All instructions with their blocks, in order.
fn instructions(function: &Function) -> impl Iterator<Item = (u32, usize)> + '_ {
    function.blocks.keys().flat_map(|block| function.block_range(block).map(move |at| (block.as_u32(), at)))
}

/// Turns the edges between blocks around.
fn sources(function: &Function) -> Lists<u32> {
    let mut edges: Vec<(u32, u32)> = Vec::new();
    // The last block that leads to each block: several ways between two blocks count as one.
    let mut known = vec![u32::MAX; function.blocks.len()];
    for block in function.blocks.keys() {
        let Some(last) = function.code[function.block_range(block)].last() else { continue };
        last.for_each_target(|target| {
            let target = target.as_u32();
            steps::count(1);
            if let Some(known) = known.get_mut(target as usize).filter(|known| **known != block.as_u32()) {
                *known = block.as_u32();
                edges.push((target, block.as_u32()));
            }
        });
    }
    Lists::new(function.blocks.len(), &edges)
}

/// Follows one register after the other.
pub(crate) struct Search<'f, 'a> {
    flow: &'f Flow<'a>,
    register: u32,
    /// Counts the registers: a mark holds for the register with the same number.
    round: u32,
    /// Nodes where the register is live, blocks at whose end it is, blocks that write it, nodes where it may be unassigned.
    live: Vec<u32>,
    live_at_end: Vec<u32>,
    written: Vec<u32>,
    unassigned: Vec<u32>,
    /// The nodes where it is live, in the order in which they were found; so many have been looked at.
    nodes: Vec<u32>,
    followed: usize,
    /// The blocks at whose end it is live.
    ends: Vec<u32>,
    unassigned_nodes: Vec<u32>,
}

impl<'f, 'a> Search<'f, 'a> {
    pub(crate) fn new(flow: &'f Flow<'a>) -> Self {
        let (blocks, nodes) = (flow.blocks(), flow.blocks() + flow.function.regions.len());
        Search {
            flow,
            register: 0,
            round: 0,
            live: vec![0; nodes],
            live_at_end: vec![0; blocks],
            written: vec![0; blocks],
            unassigned: vec![0; nodes],
            nodes: Vec::new(),
            followed: 0,
            ends: Vec::new(),
            unassigned_nodes: Vec::new(),
        }
    }

    /// Begins with a register.
    pub(crate) fn begin(&mut self, register: u32) {
        self.register = register;
        self.round += 1;
        self.followed = 0;
        self.nodes.clear();
        self.ends.clear();
        self.unassigned_nodes.clear();
        steps::count(1 + self.flow.writes.of(register as usize).len());
        for &(block, _) in self.flow.writes.of(register as usize) {
            self.written[block as usize] = self.round;
        }
    }

    /// Finds where the register is live because it is read, or is a message handler.
    pub(crate) fn follow_reads(&mut self) {
        let flow = self.flow;
        flow.reads.of(self.register as usize).iter().for_each(|&block| self.mark(block));
        if let Some(regions) = &flow.regions {
            let handled = regions.message_handlers.of(self.register as usize);
            handled.iter().for_each(|&region| self.mark(region + flow.blocks() as u32));
        }
        self.follow();
    }

    /// Finds where else it is live, because it is a variable there or later.
    pub(crate) fn follow_scopes(&mut self) {
        let function = self.flow.function;
        for &(start, end) in self.flow.scopes.of(self.register) {
            let first = function.block_of(start as usize).as_u32();
            let last = function.block_of(end as usize - 1).as_u32();
            steps::count((last - first) as usize + 1);
            // What the block writes before the scope begins is what the variable is.
            if self.flow.first_write(self.register, first).is_none_or(|at| start <= at) {
                self.mark(first);
            }
            (first + 1..=last).for_each(|block| self.mark(block));
        }
        self.follow();
    }

    fn mark(&mut self, node: u32) {
        if std::mem::replace(&mut self.live[node as usize], self.round) != self.round {
            self.nodes.push(node);
        }
    }

    fn follow(&mut self) {
        let (flow, blocks) = (self.flow, self.flow.blocks());
        while let Some(&node) = self.nodes.get(self.followed) {
            self.followed += 1;
            if let Some(region) = (node as usize).checked_sub(blocks) {
                if let Some(regions) = &flow.regions {
                    steps::count(1 + regions.blocks.of(region).len() + regions.inner.of(region).len());
                    regions.blocks.of(region).iter().for_each(|&block| self.mark(block));
                    regions.inner.of(region).iter().for_each(|&inner| self.mark(inner + blocks as u32));
                }
                continue;
            }
            steps::count(1 + flow.sources.of(node as usize).len());
            for &source in flow.sources.of(node as usize) {
                if std::mem::replace(&mut self.live_at_end[source as usize], self.round) != self.round {
                    self.ends.push(source);
                }
                if self.written[source as usize] != self.round {
                    self.mark(source);
                }
            }
            if let Some(regions) = &flow.regions {
                steps::count(regions.handled.of(node as usize).len());
                for &region in regions.handled.of(node as usize) {
                    if flow.function.regions[region as usize].error.as_u32() != self.register {
                        self.mark(region + blocks as u32);
                    }
                }
            }
        }
    }

    /// Whether the register is live where the function begins: a way leads from there to where it is wanted without a write.
    pub(crate) fn reaches_entry(&self) -> bool {
        self.live.first() == Some(&self.round)
    }

    /// Finds those of the nodes where the register is live that a way leads to on which nothing writes it.
    pub(crate) fn follow_unassigned(&mut self) {
        let (flow, blocks) = (self.flow, self.flow.blocks());
        self.mark_unassigned(0);
        let mut next = 0;
        while let Some(&node) = self.unassigned_nodes.get(next) {
            next += 1;
            steps::count(1);
            if let Some(region) = (node as usize).checked_sub(blocks) {
                let definition = &flow.function.regions[region];
                if let Some(parent) = flow.regions.as_ref().and_then(|regions| regions.tree.parent(region)) {
                    self.mark_unassigned((blocks + parent) as u32);
                }
                if definition.error.as_u32() != self.register && flow.function.blocks.is_valid(definition.handler) {
                    self.mark_unassigned(definition.handler.as_u32());
                }
                continue;
            }
            let block = Block::from_u32(node);
            if let Some(region) = flow.regions.as_ref().and_then(|regions| regions.tree.innermost(block)) {
                self.mark_unassigned((blocks + region) as u32);
            }
            if self.written[node as usize] != self.round
                && let Some(last) = flow.function.code[flow.function.block_range(block)].last()
            {
                last.for_each_target(|target| {
                    if (target.as_u32() as usize) < blocks {
                        self.mark_unassigned(target.as_u32());
                    }
                });
            }
        }
    }

    fn mark_unassigned(&mut self, node: u32) {
        if self.live[node as usize] == self.round
            && std::mem::replace(&mut self.unassigned[node as usize], self.round) != self.round
        {
            self.unassigned_nodes.push(node);
        }
    }

    /// The nodes where the register is live, as far as was followed.
    pub(crate) fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// The blocks at whose end it is live.
    pub(crate) fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The nodes that [`follow_unassigned`](Self::follow_unassigned) found.
    pub(crate) fn unassigned_nodes(&self) -> &[u32] {
        &self.unassigned_nodes
    }

    /// Whether it is assigned where a block ends, on every way there.
    pub(crate) fn is_assigned_at_end(&self, block: u32) -> bool {
        self.unassigned[block as usize] != self.round || self.written[block as usize] == self.round
    }
}
