//! Makes threaded code of typed instructions: finds trees and pairs that there are handlers for, and writes them.
//!
//! [`plan`] looks at one block, from its end: the tree of an instruction takes in those definitions that only it reads, as
//! long as there is a handler for the larger tree and nothing between the two places minds. Then neighbours become pairs.
//! [`emit`] writes the instruction that was planned. In plain code every canonical instruction stands for itself.
//!
//! How branches pay for fuel is told at [`Assembler::cost`](crate::code::Assembler::cost).

mod bulk;
mod grow;
mod row;
mod tree;
mod write;

use super::Loading;
use crate::code::PENDING_MAX;
use crate::dispatch::Handler;
use crate::dispatch::typed::registry::Registry;
use crate::dispatch::typed::shape::{self, Key};
use minivm_isa::entities::Block;
use std::ops::Range;
use tree::{Root, Tree};

/// What a block may have pending when it is fallen into.
const PENDING_INTO_BLOCK_MAX: u32 = 256;

/// What was decided for the instructions of one block.
#[derive(Default)]
pub(crate) struct Plan {
    /// First instruction of the block.
    start: usize,
    /// For each instruction: the temporaries it alone reads, by the instruction that defines them.
    feeds: Vec<[Option<u32>; 3]>,
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
    /// The statement behind it that is done by the same instruction, and the handler for both.
    pair: Option<(u32, Handler)>,
}

impl Plan {
    /// The instruction that defines `reg` for `reader` alone.
    fn feeder(&self, loading: &Loading, reader: usize, reg: minivm_isa::entities::Reg) -> Option<u32> {
        let feeds = self.feeds.get(reader.checked_sub(self.start)?)?;
        let defines = |&at: &u32| row::result(&loading.function.code[at as usize]) == Some(reg);
        feeds.iter().flatten().copied().find(defines)
    }
}

/// Decides what becomes of the typed instructions of a block: fills `absorbed` and what [`emit`] goes by.
pub(crate) fn plan(loading: &mut Loading, range: Range<usize>) {
    loading.typed.start = range.start;
    loading.typed.statements.clear();
    loading.typed.statements.resize_with(range.len(), || None);
    loading.typed.feeds.clear();
    loading.typed.feeds.resize(range.len(), [None; 3]);
    if !loading.plain {
        find_feeds(loading, range.clone());
    }
    for at in range.clone().rev() {
        if loading.absorbed[at].is_none()
            && let Some((planned, members)) = grow::statement(loading, at)
        {
            for member in members {
                loading.absorbed[member as usize] = Some(at as u32);
            }
            loading.typed.statements[at - range.start] = Some(planned);
        }
    }
    if !loading.plain {
        pair(loading, range);
    }
}

fn find_feeds(loading: &mut Loading, range: Range<usize>) {
    for at in range.clone() {
        let Some(reader) = loading.temporaries.single_use(at) else { continue };
        if row::is_value(&loading.function.code[at]) && range.contains(&reader) {
            let feeds = &mut loading.typed.feeds[reader - range.start];
            if let Some(free) = feeds.iter_mut().find(|feed| feed.is_none()) {
                *free = Some(at as u32);
            }
        }
    }
}

/// Joins neighbouring statements where there is a handler for both, so that as few instructions as can be remain.
fn pair(loading: &mut Loading, range: Range<usize>) {
    let registry = Registry::get();
    let plan = &mut loading.typed;
    // Instructions from the statement on, without and with the pair it begins; later statements first.
    let (mut after, mut after_next) = (0u32, 0u32);
    let mut next: Option<usize> = None;
    for at in range.clone().rev() {
        if loading.absorbed[at].is_some() {
            continue;
        }
        let index = at - range.start;
        let mut best = after + 1;
        if let (Some(first), Some(later)) = (&plan.statements[index], next)
            && let Some(second) = &plan.statements[later - range.start]
            && let Some(key) = pair_key(&first.tree, &second.tree)
            && after_next < after
            && let Some(handler) = registry.find(key)
        {
            best = after_next + 1;
            plan.statements[index].as_mut().expect("it was just there").pair = Some((later as u32, handler));
        }
        (after_next, after) = (after, best);
        next = Some(at);
    }
}

fn pair_key(first: &Tree, second: &Tree) -> Option<Key> {
    if !first.is_statement() || !first.is_exact() || !second.is_exact() {
        return None;
    }
    match second.root {
        Root::Set { .. } | Root::Effect { .. } => Some(shape::statement(shape::then(first.key(), second.key()))),
        Root::Condition { .. } => Some(shape::branch(shape::then(first.key(), second.key()))),
        Root::Jump { falls: false, .. } => Some(shape::jump_after(first.key())),
        Root::Jump { falls: true, .. } => None,
    }
}

/// Writes the typed instruction `at` with all it was planned to do. False when it is not typed.
///
/// `loading.pending` counts the instruction itself.
pub(crate) fn emit(loading: &mut Loading, at: usize) -> bool {
    let index = at - loading.typed.start;
    let Some(planned) = loading.typed.statements[index].take() else {
        return bulk::emit(loading, at);
    };
    match planned.pair {
        Some((second_at, handler)) => {
            let second = loading.typed.statements[second_at as usize - loading.typed.start].take();
            let second = second.expect("a pair was planned with a statement");
            loading.absorbed[second_at as usize] = Some(at as u32);
            write::pair(loading, at, &planned, (second_at as usize, &second), handler);
        }
        None => write::single(loading, at, &planned),
    }
    true
}

/// What [`emit`] would write for instruction `at`, in words, when that is a planned statement.
pub(crate) fn describe(loading: &Loading, at: usize) -> Option<String> {
    let statement = |at: usize| loading.typed.statements[at - loading.typed.start].as_ref();
    let planned = statement(at)?;
    let mut text = planned.tree.show();
    if let Some(second) = planned.pair.and_then(|(second, _)| statement(second as usize)) {
        text.push_str(" ; ");
        text.push_str(&second.tree.show());
    }
    Some(text)
}

/// Begins a block: what the one before falls into it with stays pending, unless it is much.
pub(crate) fn enter_block(loading: &mut Loading, block: Block) {
    let first = loading.function.block_range(block).start;
    if !loading.falls_through {
        loading.pending = 0;
    } else if loading.pending > PENDING_INTO_BLOCK_MAX {
        charge(loading, first);
    }
    loading.asm.place(block, first, loading.pending);
    loading.falls_through = true;
}

/// Sees that no more is pending than a branch can charge, with `ahead` instructions more: blocks are emitted in stretches that
/// are so short.
pub(crate) fn settle(loading: &mut Loading, at: usize, ahead: u32) {
    debug_assert!(
        loading.pending + ahead <= PENDING_MAX,
        "instruction {at} has too much before it that is not paid for"
    );
}

/// Charges for everything before instruction `next`, which begins a block or a stretch of one.
pub(crate) fn charge(loading: &mut Loading, next: usize) {
    loading.asm.begin(crate::dispatch::control::charge, next);
    let cost = std::mem::take(&mut loading.pending);
    loading.asm.word32(cost);
    loading.asm.paid(next);
}
