//! Which registers may still be read at an instruction (liveness), local variables through their scopes.
//!
//! A register is wanted where an instruction reads it, and at every instruction where it is the place of a named local
//! variable: debuggers read those, and languages promise that a variable holds on to its value until its scope ends. What an
//! error handler wants is wanted at every instruction of the region. A variable may be in scope before it has a value; where
//! it has none it is not live.
//!
//! A register that is live was so ever since it was written: nobody finds an old value in one.

use crate::entities::{Block, Reg};
use crate::flow::{Flow, Search};
use crate::lists::Lists;
use crate::operand::Operand;
use crate::program::Function;
use crate::regions::RegionTree;
use crate::register_set::RegisterSet;
use crate::scopes::Scopes;
use crate::steps;
use std::ops::Range;

/// What is live where in one function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveRegisters {
    /// What is live at the end of each block, and throughout each region.
    at_end: Lists<u32>,
    throughout: Lists<u32>,
    regions: Option<RegionTree>,
    /// What is live before each instruction whose index is a multiple of [`STRETCH`], unless it begins a block.
    on_the_way: Lists<u32>,
    /// Variables that are in scope in a block and need not be assigned where it begins, and where the block first writes them.
    unassigned: Lists<(u32, u32)>,
    scopes: Scopes,
}

/// So many instructions at most are gone through to find what is live at one.
const STRETCH: usize = 512;

impl LiveRegisters {
    /// Looks at a verified function with so many parameters. The size of the result is at most as
    /// [`limits::LIVE_PER_INSTRUCTION_MAX`](crate::limits::LIVE_PER_INSTRUCTION_MAX) says.
    pub fn compute(function: &Function, parameters: usize) -> LiveRegisters {
        let flow = Flow::new(function);
        let blocks = function.blocks.len();
        let (mut at_end, mut throughout, mut unassigned) = (Vec::new(), Vec::new(), Vec::new());
        let mut search = Search::new(&flow);
        for register in function.registers.keys().map(Reg::as_u32).filter(|&register| flow.crosses_blocks(register)) {
            search.begin(register);
            search.follow_reads();
            search.follow_scopes();
            if register as usize >= parameters && search.reaches_entry() {
                search.follow_unassigned();
            }
            let ends = search.ends().iter().filter(|&&block| search.is_assigned_at_end(block));
            at_end.extend(ends.map(|&block| (block, register)));
            let regions = search.nodes().iter().filter(|&&node| node as usize >= blocks);
            throughout.extend(regions.map(|&node| (node - blocks as u32, register)));
            for &block in search.unassigned_nodes().iter().filter(|&&node| (node as usize) < blocks) {
                unassigned.push((block, (register, flow.first_write(register, block).unwrap_or(u32::MAX))));
            }
        }
        let mut live = LiveRegisters {
            at_end: Lists::new(blocks, &at_end),
            throughout: Lists::new(function.regions.len(), &throughout),
            regions: (!function.regions.is_empty()).then(|| RegionTree::new(function).ok()).flatten(),
            on_the_way: Lists::new(0, &[]),
            unassigned: Lists::new(blocks, &unassigned),
            scopes: flow.scopes,
        };
        live.stop_on_the_way(function);
        live
    }

    /// Goes through long blocks and notes what is live on the way.
    fn stop_on_the_way(&mut self, function: &Function) {
        let mut found = Vec::new();
        for block in function.blocks.keys() {
            let Range { start, end } = function.block_range(block);
            let (first, last) = (start / STRETCH + 1, (end - 1) / STRETCH);
            if first > last {
                continue;
            }
            let mut set = self.set_at_end(function, block);
            let mut from = end;
            for stop in (first..=last).rev() {
                self.go_back(function, stop * STRETCH..from, &mut set);
                from = stop * STRETCH;
                found.extend(set.iter().map(|register| (stop as u32, register.as_u32())));
            }
        }
        self.on_the_way = Lists::new(function.code.len().div_ceil(STRETCH), &found);
    }

    fn set_at_end(&self, function: &Function, block: Block) -> RegisterSet {
        RegisterSet::of(function, self.at_end.of(block.as_u32() as usize))
    }

    /// From what is live after some instructions of a block to what is live before them, but for handlers and for variables
    /// that are in scope already.
    fn go_back(&self, function: &Function, range: Range<usize>, live: &mut RegisterSet) {
        let mut scopes = self.scopes.beginning_in(range.clone());
        steps::count(range.len());
        for at in range.rev() {
            function.code[at].for_each_def(|register| live.remove(register));
            function.code[at].for_each_use(|register| live.insert(register));
            // Going back, a variable is wanted from where its scope begins.
            while let Some((&(_, register), before)) =
                scopes.split_last().filter(|((start, _), _)| *start as usize == at)
            {
                live.insert(Reg::from_u32(register));
                scopes = before;
            }
        }
    }

    /// Whether a register is live where a block ends.
    pub fn is_live_at_end(&self, block: Block, register: Reg) -> bool {
        self.at_end.of(block.as_u32() as usize).binary_search(&register.as_u32()).is_ok()
    }

    /// What is live, and so has a value, just before an instruction.
    pub fn before(&self, function: &Function, instruction: usize) -> RegisterSet {
        let mut set = self.after(function, instruction);
        self.go_back(function, instruction..instruction + 1, &mut set);
        self.complete(function, instruction, set)
    }

    /// What is live just before each instruction of a block, as [`before`](Self::before) says for one.
    pub fn before_each(&self, function: &Function, block: Block) -> Vec<RegisterSet> {
        let range = function.block_range(block);
        let mut set = self.set_at_end(function, block);
        let mut sets = Vec::with_capacity(range.len());
        for at in range.rev() {
            self.go_back(function, at..at + 1, &mut set);
            sets.push(self.complete(function, at, set.clone()));
        }
        sets.reverse();
        sets
    }

    /// What is live while an instruction calls: its arguments belong to the callee, its results are not there yet. Tracebacks
    /// look which function was called: another one runs in its place after a tail call.
    pub fn during(&self, function: &Function, instruction: usize) -> RegisterSet {
        let mut set = self.after(function, instruction);
        let code = &function.code[instruction];
        code.for_each_def(|register| set.remove(register));
        let mut set = self.complete(function, instruction, set);
        code.callee().and_then(Operand::reg).into_iter().for_each(|register| set.insert(register));
        set
    }

    fn after(&self, function: &Function, instruction: usize) -> RegisterSet {
        let block = function.block_of(instruction);
        let end = function.block_range(block).end;
        let stop = (instruction / STRETCH + 1) * STRETCH;
        let (mut set, from) = if stop < end {
            (RegisterSet::of(function, self.on_the_way.of(stop / STRETCH)), stop)
        } else {
            (self.set_at_end(function, block), end)
        };
        self.go_back(function, instruction + 1..from, &mut set);
        set
    }

    /// Adds what is wanted besides, and takes out variables without a value.
    fn complete(&self, function: &Function, instruction: usize, mut set: RegisterSet) -> RegisterSet {
        let block = function.block_of(instruction);
        steps::count(function.registers.len() / 64);
        self.scopes.at(instruction).for_each(|register| set.insert(register));
        if let Some(region) = self.regions.as_ref().and_then(|tree| tree.innermost(block)) {
            self.throughout.of(region).iter().for_each(|&register| set.insert(Reg::from_u32(register)));
        }
        for &(register, written) in self.unassigned.of(block.as_u32() as usize) {
            if written as usize >= instruction {
                set.remove(Reg::from_u32(register));
            }
        }
        set
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
