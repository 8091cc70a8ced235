//! Facts about one function that translation needs: segments and their cost, checks of the budget, live registers, and which
//! registers are not in the frame.

use crate::types::{is_dynamic, native};
use minivm::raw::native::{NativeJob, Seen};
use minivm_isa::entities::{Block, Reg};
use minivm_isa::live::LiveRegisters;
use minivm_isa::loops;
use minivm_isa::program::Function;
use minivm_isa::register_set::RegisterSet;
use minivm_isa::{Convention, Instruction, Operand, Type};

/// Instructions of a segment: what is charged at once.
const SEGMENT_MAX: usize = 512;
/// Instructions that may be charged below zero on any way from one check to the next. The machine keeps more than that back.
const UNCHECKED_MAX: usize = 1200;

/// Instructions of a function that does not check the budget itself, beyond those before its call.
const SHORT_MAX: usize = 512;

/// Values of an open list that code passes on one by one.
const OPEN_VALUES_MAX: usize = 8;

/// What is known of one function.
pub(crate) struct Facts {
    /// Live before each instruction.
    pub(crate) before: Vec<RegisterSet>,
    /// Live while the call at an instruction is made; empty for others.
    pub(crate) during: Vec<Option<RegisterSet>>,
    /// Registers that may not be in the frame when a block begins.
    pub(crate) dirty_in: Vec<RegisterSet>,
    /// For each instruction, the end of its segment.
    pub(crate) segment_end: Vec<usize>,
    /// For each instruction, the start of its segment.
    pub(crate) segment_start: Vec<usize>,
    /// Segments that check the budget, by their first instruction.
    pub(crate) checks: Vec<bool>,
    /// Blocks that can be reached, in the order in which they are translated.
    pub(crate) order: Vec<Block>,
    /// Blocks that lead to each block.
    pub(crate) sources: Vec<Vec<Block>>,
    /// The block that is on all ways to each block, next to it.
    pub(crate) dominators: Vec<Option<Block>>,
    /// Whether it calls.
    pub(crate) has_calls: bool,
    /// Whether its callers check the budget for it.
    is_short: bool,
    /// Instructions that call native code and come back.
    pub(crate) calls: Vec<bool>,
    /// Registers that machine registers hold.
    pub(crate) held: Vec<bool>,
    /// Blocks that were not seen to run, at which code leaves.
    pub(crate) unseen: Vec<bool>,
}

/// Whether an instruction calls native code and comes back.
fn is_call(job: &NativeJob, at: usize) -> bool {
    match job.function.code[at] {
        Instruction::Call { .. } | Instruction::CallIndirect { .. } | Instruction::CallRef { .. } => true,
        Instruction::CallAny { .. } | Instruction::CallAnyToOpen { .. } => {
            let seen = seen(job, at);
            seen.calls_guests || !seen.calls_others
        }
        Instruction::CallAnyOpen { .. } | Instruction::CallAnyOpenToOpen { .. } => {
            let seen = seen(job, at);
            seen.calls_guests && open_values(seen).is_some()
        }
        _ => false,
    }
}

/// What was seen at an instruction.
pub(crate) fn seen(job: &NativeJob, at: usize) -> Seen {
    job.profile.get(at).copied().unwrap_or(Seen::NOTHING)
}

/// How many values of the open list an instruction took whenever it was seen to run, up to some.
pub(crate) fn open_values(seen: Seen) -> Option<usize> {
    usize::try_from(seen.open).ok().filter(|&count| count <= OPEN_VALUES_MAX)
}

/// The arguments of a call, or of a call in place of a return.
pub(crate) fn arguments(instruction: &Instruction) -> &[Operand] {
    match instruction {
        Instruction::Call { arguments, .. }
        | Instruction::CallIndirect { arguments, .. }
        | Instruction::CallRef { arguments, .. }
        | Instruction::TailCall { arguments, .. }
        | Instruction::TailCallIndirect { arguments, .. }
        | Instruction::TailCallRef { arguments, .. } => arguments,
        _ => &[],
    }
}

impl Facts {
    pub(crate) fn new(job: &NativeJob) -> Facts {
        let function = &job.function;
        let count = function.code.len();
        let live = LiveRegisters::compute(function, job.signature.params.len());
        let entered = entered(job);
        let is_unseen = |block| !entered.contains(&block) && is_unseen(job, block);
        let unseen: Vec<bool> = function.blocks.keys().map(is_unseen).collect();
        let order = order(function, &entered, &unseen);
        let mut facts = Facts {
            before: vec![RegisterSet::empty(function); count],
            during: vec![None; count],
            dirty_in: vec![RegisterSet::empty(function); function.blocks.len()],
            segment_end: vec![0; count],
            segment_start: vec![0; count],
            checks: vec![false; count],
            sources: vec![Vec::new(); function.blocks.len()],
            dominators: Vec::new(),
            has_calls: false,
            is_short: false,
            calls: (0..count).map(|at| is_call(job, at)).collect(),
            held: function
                .registers
                .values()
                .map(|&ty| native(ty).is_some() || ty == Type::Any && is_dynamic(job.signature.convention))
                .collect(),
            order,
            unseen,
        };
        facts.has_calls = facts.calls.contains(&true);
        facts.is_short = is_short(job);
        for &block in &facts.order {
            for target in facts.targets(function, block) {
                facts.sources[target.as_u32() as usize].push(block);
            }
            let range = function.block_range(block);
            for (at, set) in range.clone().zip(live.before_each(function, block)) {
                facts.before[at] = set;
            }
            for at in range.filter(|&at| facts.calls[at]) {
                facts.during[at] = Some(live.during(function, at));
            }
        }
        facts.find_dominators(&entered);
        facts.find_segments(function);
        facts.find_checks(function, &entered);
        facts.find_dirty(job);
        facts
    }

    /// Where code goes on after a block.
    pub(crate) fn targets(&self, function: &Function, block: Block) -> Vec<Block> {
        seen_targets(function, block, &self.unseen)
    }

    /// As in "A Simple, Fast Dominance Algorithm" (Cooper, Harvey, Kennedy).
    fn find_dominators(&mut self, entered: &[Block]) {
        let mut position = vec![usize::MAX; self.sources.len()];
        for (index, &block) in self.order.iter().enumerate() {
            position[block.as_u32() as usize] = index;
        }
        // By position; the entry, which is not a block, comes before all.
        let mut above: Vec<Option<usize>> = vec![None; self.order.len() + 1];
        above[0] = Some(0);
        let mut has_changed = true;
        while std::mem::take(&mut has_changed) {
            for (index, &block) in self.order.iter().enumerate() {
                let sources =
                    self.sources[block.as_u32() as usize].iter().map(|source| position[source.as_u32() as usize] + 1);
                let entry = entered.contains(&block).then_some(0);
                let mut found: Option<usize> = None;
                for source in entry.into_iter().chain(sources).filter(|&source| above[source].is_some()) {
                    found = Some(found.map_or(source, |other| common(&above, source, other)));
                }
                has_changed |= above[index + 1] != found;
                above[index + 1] = found;
            }
        }
        self.dominators = vec![None; self.sources.len()];
        for (index, &block) in self.order.iter().enumerate() {
            let above = above[index + 1].and_then(|above| above.checked_sub(1));
            self.dominators[block.as_u32() as usize] = above.map(|above| self.order[above]);
        }
    }

    fn find_segments(&mut self, function: &Function) {
        for &block in &self.order {
            let range = function.block_range(block);
            let mut start = range.start;
            for at in range.clone() {
                self.segment_start[at] = start;
                if self.calls[at] || at + 1 - start == SEGMENT_MAX || at + 1 == range.end {
                    self.segment_end[start..=at].fill(at + 1);
                    start = at + 1;
                }
            }
        }
    }

    /// Which segments check the budget: the first, those that begin loops, and those before which too much may be unchecked.
    /// After a call, the check of the callee's return does; so it does for short functions which neither loop nor call.
    fn find_checks(&mut self, function: &Function, entered: &[Block]) {
        let mut position = vec![0; function.blocks.len()];
        for (index, &block) in self.order.iter().enumerate() {
            position[block.as_u32() as usize] = index;
        }
        // Blocks come after all that lead to them, but for branches back.
        let mut unchecked = vec![0; function.blocks.len()];
        for &block in &self.order {
            let number = block.as_u32() as usize;
            let range = function.block_range(block);
            let is_back = |source: &Block| position[source.as_u32() as usize] >= position[number];
            let is_led_back = self.sources[number].iter().any(is_back);
            let mut so_far: usize = unchecked[number];
            let mut at = range.start;
            while at < range.end {
                let length = self.segment_end[at] - at;
                let is_head = at == range.start && (entered.contains(&block) && !self.is_short || is_led_back);
                let is_after_call = at > range.start && self.calls[at - 1];
                if is_after_call {
                    so_far = 0;
                }
                if is_head || so_far + length > UNCHECKED_MAX {
                    self.checks[at] = true;
                    so_far = 0;
                } else {
                    so_far += length;
                }
                at = self.segment_end[at];
            }
            for target in self.targets(function, block) {
                let into = &mut unchecked[target.as_u32() as usize];
                *into = so_far.max(*into);
            }
        }
    }

    /// Which registers may not be in the frame where.
    fn find_dirty(&mut self, job: &NativeJob) {
        let function = &job.function;
        if job.starts {
            let params = (0..job.signature.params.len()).map(|index| Reg::from_u32(index as u32));
            for reg in params.filter(|&reg| native(function.registers[reg]).is_some()) {
                self.dirty_in[0].insert(reg);
            }
        }
        let mut work: Vec<Block> = self.order.iter().rev().copied().collect();
        let mut waits = vec![true; function.blocks.len()];
        while let Some(block) = work.pop() {
            waits[block.as_u32() as usize] = false;
            let mut dirty = self.dirty_in[block.as_u32() as usize].clone();
            for at in function.block_range(block) {
                if self.calls[at] {
                    dirty = RegisterSet::empty(function);
                }
                function.code[at].for_each_def(|reg| {
                    if self.held[reg.as_u32() as usize] {
                        dirty.insert(reg);
                    }
                });
            }
            for target in self.targets(function, block) {
                let into = &mut self.dirty_in[target.as_u32() as usize];
                let before = into.clone();
                dirty.iter().for_each(|reg| into.insert(reg));
                if *into != before && !std::mem::replace(&mut waits[target.as_u32() as usize], true) {
                    work.push(target);
                }
            }
        }
    }
}

/// The place that is above both of two.
fn common(above: &[Option<usize>], mut one: usize, mut other: usize) -> usize {
    while one != other {
        let lower = if one > other { &mut one } else { &mut other };
        *lower = above[*lower].expect("what is looked at was reached");
    }
    one
}

/// Whether a typed function neither loops nor calls, and is so short that it may charge for itself below zero, too.
fn is_short(job: &NativeJob) -> bool {
    let calls = |instruction: &Instruction| {
        use Instruction::{Call, CallIndirect, CallRef, TailCall, TailCallIndirect, TailCallRef};
        matches!(
            instruction,
            Call { .. }
                | CallIndirect { .. }
                | CallRef { .. }
                | TailCall { .. }
                | TailCallIndirect { .. }
                | TailCallRef { .. }
        )
    };
    let function = &job.function;
    let is_typed = job.signature.convention == Convention::Typed && job.starts;
    is_typed
        && function.code.len() <= SHORT_MAX
        && !function.code.iter().any(calls)
        && loops::loop_heads(function).is_empty()
}

/// The blocks at which code is entered: the first one, and loops, in their order.
pub(crate) fn entered(job: &NativeJob) -> Vec<Block> {
    let start = job.starts.then_some(Block::from_u32(0));
    start.into_iter().chain(job.heads.iter().copied()).collect()
}

/// Whether nothing of a block was seen to run, of a function of which enough was watched.
fn is_unseen(job: &NativeJob, block: Block) -> bool {
    job.leaves_unseen && job.function.block_range(block).all(|at| seen(job, at).count == 0)
}

fn seen_targets(function: &Function, block: Block, unseen: &[bool]) -> Vec<Block> {
    if unseen[block.as_u32() as usize] { Vec::new() } else { loops::targets(function, block) }
}

/// The blocks that can be reached from those that are entered, each after those that lead to it, but for branches back.
fn order(function: &Function, entered: &[Block], unseen: &[bool]) -> Vec<Block> {
    let mut is_seen = vec![false; function.blocks.len()];
    let mut post = Vec::new();
    for &first in entered {
        if std::mem::replace(&mut is_seen[first.as_u32() as usize], true) {
            continue;
        }
        let mut work = vec![(first, seen_targets(function, first, unseen))];
        while let Some((block, rest)) = work.last_mut() {
            match rest.pop() {
                None => {
                    post.push(*block);
                    work.pop();
                }
                Some(target) => {
                    if !std::mem::replace(&mut is_seen[target.as_u32() as usize], true) {
                        work.push((target, seen_targets(function, target, unseen)));
                    }
                }
            }
        }
    }
    post.reverse();
    post
}
