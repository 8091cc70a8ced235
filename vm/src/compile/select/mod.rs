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
mod tree;
mod write;

use super::Compiling;
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::shape;
use crate::handlers::typed::shape::Key;
use crate::runtime::context::Handler;
use crate::threaded::{PENDING_MAX, rows};
use minivm_isa::entities::Block;
use minivm_isa::steps;
use std::ops::Range;
use tree::{Root, Site, Tree};

/// What a block may have pending when it is fallen into.
const PENDING_INTO_BLOCK_MAX: u32 = 256;

/// What was decided for the instructions of one block.
#[derive(Default)]
pub(crate) struct Plan {
    /// First instruction of the block.
    start: usize,
    /// Instructions that define temporaries, after the one that alone reads it; in order.
    feeds: Vec<(u32, u32)>,
    /// For calls: the statements that put their arguments in place.
    arguments: Vec<(u32, Vec<Planned>)>,
    /// For each instruction: the statement it is the root of.
    statements: Vec<Option<Planned>>,
}

/// A statement of a block.
struct Planned {
    tree: Tree,
    /// The handler for it alone.
    handler: Handler,
    /// The first canonical instruction it does.
    first: u32,
    /// The statements behind it that are done by the same instruction, and the handler for all.
    joined: Option<(Vec<u32>, Handler)>,
}

impl Plan {
    /// The instruction that defines `reg` for `reader` alone.
    fn feeder(&self, compiling: &Compiling, reader: usize, reg: minivm_isa::entities::Reg) -> Option<u32> {
        let reader = reader as u32;
        let first = self.feeds.partition_point(|&(by, _)| by < reader);
        let feeds = self.feeds[first..]
            .iter()
            .inspect(|_| steps::count(1))
            .take_while(|&&(by, _)| by == reader)
            .map(|&(_, at)| at);
        feeds.into_iter().find(|&at| row::result(&compiling.function.code[at as usize]) == Some(reg))
    }
}

/// Decides what becomes of the typed instructions of a block: fills `absorbed` and what [`emit`] goes by.
pub(crate) fn plan(compiling: &mut Compiling, range: Range<usize>) {
    compiling.typed.start = range.start;
    compiling.typed.statements.clear();
    compiling.typed.statements.resize_with(range.len(), || None);
    compiling.typed.feeds.clear();
    compiling.typed.arguments.clear();
    if !compiling.baseline {
        find_feeds(compiling, range.clone());
    }
    for at in range.clone().rev() {
        if compiling.absorbed[at].is_some() {
            continue;
        }
        calls::plan_arguments(compiling, at);
        if let Some((planned, members)) = grow::statement(compiling, Site { at, argument: None }, &[]) {
            for member in members {
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
        if row::is_value(&compiling.function.code[at]) && range.contains(&reader) {
            compiling.typed.feeds.push((reader as u32, at as u32));
        }
    }
    compiling.typed.feeds.sort_unstable();
}

/// Statements that one instruction does at most.
const JOINED_MAX: usize = 4;

/// Joins neighbouring statements where there is a handler for them, so that as few instructions as can be remain.
fn join(compiling: &mut Compiling, range: Range<usize>) {
    let plan = &mut compiling.typed;
    // Non-absorbed instructions from the one at hand on, with the instructions needed from each of them on; nearest first.
    let mut following: Vec<(usize, u32)> = Vec::new();
    for at in range.clone().rev() {
        if compiling.absorbed[at].is_some() {
            continue;
        }
        let mut best = 1 + following.first().map_or(0, |&(_, needed)| needed);
        let mut joined = None;
        let mut trees: Vec<&Tree> = plan.statements[at - range.start].iter().map(|planned| &planned.tree).collect();
        for count in 1..=following.len().min(if trees.is_empty() { 0 } else { JOINED_MAX - 1 }) {
            let Some(planned) = &plan.statements[following[count - 1].0 - range.start] else { break };
            trees.push(&planned.tree);
            let needed = 1 + following.get(count).map_or(0, |&(_, needed)| needed);
            if needed < best
                && let Some(handler) = joint_key(&trees).and_then(|key| Registry::get().find(key))
            {
                best = needed;
                joined = Some((following[..count].iter().map(|&(later, _)| later as u32).collect(), handler));
            }
        }
        if let Some(planned) = &mut plan.statements[at - range.start] {
            planned.joined = joined;
        }
        following.insert(0, (at, best));
        following.truncate(JOINED_MAX);
    }
}

/// The key of the handler that does statements one after the other.
fn joint_key(trees: &[&Tree]) -> Option<Key> {
    let (last, before) = trees.split_last()?;
    if before.iter().any(|tree| !tree.is_statement() || !tree.is_exact()) || !last.is_exact() {
        return None;
    }
    let before = before.iter().map(|tree| tree.key()).reduce(shape::then)?;
    match last.root {
        Root::Set { .. } | Root::Effect { .. } => Some(shape::statement(shape::then(before, last.key()))),
        Root::Condition { .. } => Some(shape::branch(shape::then(before, last.key()))),
        Root::Jump { falls: false, .. } => Some(shape::jump_after(before)),
        Root::Return(returned) => Some(returned.handler_key(shape::then_last(before, last.key()))),
        Root::Jump { falls: true, .. } | Root::ReturnIf { .. } => None,
    }
}

/// Writes the typed instruction `at` with all it was planned to do. False when it is not typed.
///
/// `loading.pending` counts the instruction itself.
pub(crate) fn emit(compiling: &mut Compiling, at: usize) -> bool {
    let index = at - compiling.typed.start;
    let Some(planned) = compiling.typed.statements[index].take() else {
        return bulk::emit(compiling, at);
    };
    let Some((later, handler)) = &planned.joined else {
        write::single(compiling, at, &planned);
        return true;
    };
    let (later, handler) = (later.clone(), *handler);
    let mut statements = vec![planned];
    for &next in &later {
        let statement = compiling.typed.statements[next as usize - compiling.typed.start].take();
        statements.push(statement.expect("it was joined as a statement"));
        compiling.absorbed[next as usize] = Some(at as u32);
    }
    let last = later.last().map_or(at, |&last| last as usize);
    write::joined(compiling, at, last, &statements, handler);
    true
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
