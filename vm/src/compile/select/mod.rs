//! Makes threaded code of typed instructions: finds trees and pairs that there are handlers for, and writes them.
//!
//! [`plan`] looks at one block, from its end: the tree of an instruction takes in those definitions that only it reads, as
//! long as there is a handler for the larger tree and nothing between the two places minds. Then neighbours become pairs.
//! [`emit`] writes the instruction that was planned. In baseline code every canonical instruction stands for itself.
//!
//! How branches pay for fuel is told at [`Assembler::cost`](crate::threaded::Assembler::cost).

mod atomic;
mod bulk;
pub(super) mod calls;
mod grow;
mod notes;
mod row;
mod spare;
mod tree;
mod write;

pub(super) use row::permutation;

use super::Compiling;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::shape;
use crate::handlers::typed::shape::Key;
use crate::runtime::context::Handler;
use crate::threaded::{PENDING_MAX, rows};
use minivm_isa::entities::{Block, Reg};
use minivm_isa::steps;
use spare::Spare;
use std::ops::Range;
use tree::{Root, Site, Tree};

/// What a block may have pending when it is fallen into.
const PENDING_INTO_BLOCK_MAX: u32 = 256;

/// What was decided for the instructions of one block.
#[derive(Default)]
pub(crate) struct Plan {
    /// First instruction of the block.
    start: usize,
    /// Instructions that define temporaries, after the one that alone reads it, and with the register; in order.
    feeds: Vec<(u32, u32, Reg)>,
    /// For calls: the statements that put their arguments in place.
    arguments: Vec<(u32, Vec<Planned>)>,
    /// For each instruction: the statement it is the root of.
    statements: Vec<Option<Planned>>,
    spare: Spare,
}

/// A statement of a block.
struct Planned {
    tree: Tree,
    /// The key of the tree.
    key: Key,
    /// The handler for it alone.
    handler: Handler,
    /// The first canonical instruction it does.
    first: u32,
    /// What is done by the same instruction.
    joined: Option<Joined>,
}

impl Planned {
    /// Whether one handler may do it and then others.
    fn may_lead(&self) -> bool {
        self.tree.is_statement() && self.tree.is_exact()
    }
}

/// The statements behind one that are done by the same instruction, and the handler for all.
#[derive(Clone, Copy)]
struct Joined {
    later: [u32; JOINED_MAX - 1],
    count: usize,
    handler: Handler,
}

impl Joined {
    fn later(&self) -> &[u32] {
        &self.later[..self.count]
    }
}

impl Plan {
    /// The instruction that defines `reg` for `reader` alone.
    fn feeder(&self, reader: usize, reg: Reg) -> Option<u32> {
        let reader = reader as u32;
        let first = self.feeds.partition_point(|&(by, ..)| by < reader);
        let mut feeds = self.feeds[first..].iter().inspect(|_| steps::count(1)).take_while(|&&(by, ..)| by == reader);
        feeds.find(|&&(_, _, result)| result == reg).map(|&(_, at, _)| at)
    }
}

/// Decides what becomes of the typed instructions of a block: fills `absorbed` and what [`emit`] goes by.
pub(crate) fn plan(compiling: &mut Compiling, range: Range<usize>) {
    let plan = &mut compiling.typed;
    plan.start = range.start;
    plan.statements.iter_mut().flatten().for_each(|planned| plan.spare.give(std::mem::take(&mut planned.tree.nodes)));
    plan.statements.clear();
    plan.statements.resize_with(range.len(), || None);
    plan.feeds.clear();
    plan.arguments.clear();
    if !compiling.baseline {
        find_feeds(compiling, range.clone());
    }
    for at in range.clone().rev() {
        if compiling.absorbed[at].is_some() {
            continue;
        }
        calls::plan_arguments(compiling, at);
        if let Some((planned, members)) = grow::statement(compiling, Site { at, argument: None }, &[]) {
            for &member in members.list() {
                compiling.absorbed[member as usize] = Some(at as u32);
            }
            compiling.typed.statements[at - range.start] = Some(planned);
        }
    }
    if !compiling.baseline {
        join(compiling, range.clone());
        calls::return_at_conditions(compiling, range);
    }
}

fn find_feeds(compiling: &mut Compiling, range: Range<usize>) {
    for at in range.clone() {
        let Some(reader) = compiling.temporaries.single_use(at) else { continue };
        let instruction = &compiling.function.code[at];
        if range.contains(&reader)
            && row::is_value(instruction)
            && let Some(result) = row::result(instruction)
        {
            compiling.typed.feeds.push((reader as u32, at as u32, result));
        }
    }
    compiling.typed.feeds.sort_unstable();
}

/// Statements that one instruction does at most.
const JOINED_MAX: usize = 4;

/// Joins neighbouring statements where there is a handler for them, so that as few instructions as can be remain.
fn join(compiling: &mut Compiling, range: Range<usize>) {
    let plan = &mut compiling.typed;
    // Non-absorbed instructions behind the one at hand, with the instructions needed from each of them on; nearest first.
    let (mut following, mut known) = ([(0, 0); JOINED_MAX], 0);
    for at in range.clone().rev() {
        if compiling.absorbed[at].is_some() {
            continue;
        }
        let behind: &[(usize, u32)] = &following[..known];
        let needed_behind = |count: usize| behind.get(count).map_or(0, |&(_, needed)| needed);
        let mut best = 1 + needed_behind(0);
        let mut joined = None;
        let lead = plan.statements[at - range.start].as_ref().filter(|planned| planned.may_lead());
        let mut before = lead.map(|planned| planned.key);
        for count in 1..=behind.len().min(JOINED_MAX - 1) {
            let next = plan.statements[behind[count - 1].0 - range.start].as_ref();
            let (Some(key), Some(next)) = (before, next) else { break };
            let needed = 1 + needed_behind(count);
            if needed < best
                && let Some(handler) = joint_key(key, next).and_then(|key| Registry::get().find(key))
            {
                best = needed;
                let mut later = [0; JOINED_MAX - 1];
                later.iter_mut().zip(&behind[..count]).for_each(|(later, &(at, _))| *later = at as u32);
                joined = Some(Joined { later, count, handler });
            }
            before = next.may_lead().then(|| shape::then(key, next.key));
        }
        if let Some(planned) = &mut plan.statements[at - range.start] {
            planned.joined = joined;
        }
        following.copy_within(..JOINED_MAX - 1, 1);
        following[0] = (at, best);
        known = JOINED_MAX.min(known + 1);
    }
}

/// The key of the handler that does statements with the key `before`, and then this one.
fn joint_key(before: Key, last: &Planned) -> Option<Key> {
    if !last.tree.is_exact() {
        return None;
    }
    match last.tree.root {
        Root::Set { .. } | Root::Effect { .. } => Some(shape::statement(shape::then(before, last.key))),
        Root::Condition { .. } => Some(shape::branch(shape::then(before, last.key))),
        Root::Jump { falls: false, .. } => Some(shape::jump_after(before)),
        Root::Table { .. } => Some(shape::table(shape::then(before, last.key))),
        Root::Return(returned) => Some(returned.handler_key(shape::then_last(before, last.key))),
        Root::Jump { falls: true, .. } | Root::ReturnIf { .. } => None,
    }
}

/// Writes the typed instruction `at` with all it was planned to do. False when it is not typed.
///
/// `loading.pending` counts the instruction itself.
pub(crate) fn emit(compiling: &mut Compiling, at: usize) -> bool {
    let (start, statements) = (compiling.typed.start, std::mem::take(&mut compiling.typed.statements));
    let planned = statements[at - start].as_ref();
    match planned.map(|planned| (planned, &planned.joined)) {
        None => {}
        Some((planned, None)) => write::single(compiling, at, planned),
        Some((planned, Some(joined))) => {
            let (mut all, mut last) = ([planned; JOINED_MAX], at);
            for (place, &next) in all[1..].iter_mut().zip(joined.later()) {
                last = next as usize;
                *place = statements[last - start].as_ref().expect("it was joined as a statement");
                compiling.absorbed[last] = Some(at as u32);
            }
            write::joined(compiling, at, last, &all[..=joined.count], joined.handler);
        }
    }
    let is_typed = planned.is_some();
    compiling.typed.statements = statements;
    is_typed || bulk::emit(compiling, at)
}

/// Begins a block: what the one before falls into it with stays pending, unless it is much.
pub(crate) fn enter_block(compiling: &mut Compiling, block: Block) {
    let first = compiling.function.block_range(block).start;
    if !compiling.falls_through {
        compiling.pending = 0;
    } else if compiling.pending > PENDING_INTO_BLOCK_MAX {
        charge(compiling, first);
    }
    compiling.asm.place(block, first, compiling.pending);
    compiling.falls_through = true;
}

/// Sees that no more is pending than a branch can charge, with `ahead` instructions more: blocks are emitted in stretches that
/// are so short.
pub(crate) fn settle(compiling: &mut Compiling, at: usize, ahead: u32) {
    debug_assert!(
        compiling.pending + ahead <= PENDING_MAX,
        "instruction {at} has too much before it that is not paid for"
    );
}

/// Charges for everything before instruction `next`, which begins a block or a stretch of one.
pub(crate) fn charge(compiling: &mut Compiling, next: usize) {
    let cost = std::mem::take(&mut compiling.pending);
    put!(compiling, next, rows::Charge { cost });
    compiling.asm.paid(next);
}
