//! What calls and returns take into their instructions: arguments that are computed where the callee wants them, values that
//! are returned, returns in place of jumps to them.

use super::notes;
use super::tree::{self, Kid, Leaf, Return, Root, Site, Tree};
use super::write::{operands, single};
use super::{Loading, Planned, grow};
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::shape;
use crate::handlers::typed::shape::Key;
use crate::runtime::context::Handler;
use crate::threaded::Assembler;
use minivm_isa::entities::Block;
use minivm_isa::{Instruction, Operand};
use std::ops::Range;

/// The order in which blocks are laid out: those that only return come last, so that no other block jumps over them.
pub(crate) fn layout(loading: &Loading) -> Vec<Block> {
    let is_last = |block: &Block| block.as_u32() > 0 && lone_return(loading, *block).is_some();
    let (last, mut order): (Vec<Block>, Vec<Block>) = loading.function.blocks.keys().partition(is_last);
    order.extend(last);
    order
}

/// What an instruction returns, in fast code that has handlers for it: one word or nothing.
pub(super) fn returned(loading: &Loading, at: usize) -> Option<Option<Operand>> {
    let Instruction::ReturnValues { values } = &loading.function.code[at] else { return None };
    if loading.plain || loading.is_dynamic() {
        return None;
    }
    match values[..] {
        [] => Some(None),
        [value] if loading.operand_type(value).words() == 1 => Some(Some(value)),
        _ => None,
    }
}

/// What a block returns that does nothing else, for an instruction that goes there.
pub(super) fn lone_return(loading: &Loading, block: Block) -> Option<Return> {
    let range = loading.function.block_range(block);
    if range.len() != 1 {
        return None;
    }
    let leaf: Option<Leaf> = returned(loading, range.start)?.map(|operand| tree::leaf(loading, operand));
    let class = leaf.map_or(crate::handlers::typed::word::Class::Bits64, tree::leaf_class);
    Some(Return { value: leaf.map(Kid::Leaf), class, ahead: 1 })
}

/// Plans the arguments of a call, the last one first. Definitions they take in stay in order.
pub(super) fn plan_arguments(loading: &mut Loading, at: usize) {
    let arguments = match &loading.function.code[at] {
        Instruction::Call { arguments, .. }
        | Instruction::CallIndirect { arguments, .. }
        | Instruction::CallRef { arguments, .. } => arguments,
        _ => return,
    };
    if loading.plain {
        return;
    }
    let mut end = arguments.iter().map(|&argument| loading.operand_type(argument).words()).sum::<u32>();
    let (mut planned, mut taken) = (Vec::new(), Vec::new());
    for &argument in arguments.iter().rev() {
        let words = loading.operand_type(argument).words();
        end -= words;
        if words != 1 {
            continue;
        }
        let slot = (loading.window + end as usize) as u16;
        let site = Site { at, argument: Some((argument, slot)) };
        let (statement, members) = grow::statement(loading, site, &taken).expect("there are handlers that copy words");
        taken.extend(members);
        planned.push(statement);
    }
    for member in taken {
        loading.absorbed[member as usize] = Some(at as u32);
    }
    planned.reverse();
    loading.typed.arguments.push((at as u32, planned));
}

/// What a call does first in its own instruction.
pub(crate) struct Last {
    pub(crate) handler: Handler,
    trees: Vec<Tree>,
}

impl Last {
    /// Writes its operands, and that those of the call at `at` follow.
    pub(crate) fn write(&self, asm: &mut Assembler, at: usize) {
        for tree in &self.trees {
            notes::tree(asm, tree);
            operands(asm, tree);
        }
        asm.pad();
        asm.part(at);
    }
}

/// The key of statements that are done one after the other.
fn statements_key(trees: &[Planned]) -> Option<Key> {
    let mut keys = trees.iter().map(|planned| planned.tree.is_exact().then(|| planned.tree.key()));
    let first = keys.next().unwrap_or(Some(shape::NOTHING))?;
    keys.try_fold(first, |before, key| Some(shape::then(before, key?)))
}

/// Puts the arguments of a call in place, but those that the call does itself: its handler has the key that `call` gives for them.
pub(crate) fn place_arguments(loading: &mut Loading, at: usize, call: fn(Key) -> Key) -> Last {
    let mut planned = take(loading, at);
    let registry = Registry::get();
    for count in (0..=planned.len().min(3)).rev() {
        let rest = planned.len() - count;
        if let Some(handler) = statements_key(&planned[rest..]).and_then(|key| registry.find(call(key))) {
            let trees = planned.split_off(rest).into_iter().map(|planned| planned.tree).collect();
            place(loading, at, &planned);
            return Last { handler, trees };
        }
    }
    unreachable!("there is a handler that only calls")
}

/// Puts all arguments of a call in place.
pub(crate) fn place_all_arguments(loading: &mut Loading, at: usize) {
    let planned = take(loading, at);
    place(loading, at, &planned);
}

fn take(loading: &mut Loading, at: usize) -> Vec<Planned> {
    let arguments = &mut loading.typed.arguments;
    let index = arguments.iter().position(|&(call, _)| call == at as u32);
    index.map_or(Vec::new(), |index| arguments.swap_remove(index).1)
}

fn place(loading: &mut Loading, at: usize, planned: &[Planned]) {
    let mut rest = planned;
    while let [first, others @ ..] = rest {
        rest = others;
        if let [second, after @ ..] = others
            && let Some(key) = super::joint_key(&[&first.tree, &second.tree])
            && let Some(handler) = Registry::get().find(key)
        {
            loading.asm.begin(handler, first.first.min(second.first) as usize);
            for tree in [&first.tree, &second.tree] {
                notes::tree(&mut loading.asm, tree);
                operands(&mut loading.asm, tree);
            }
            rest = after;
        } else {
            single(loading, at, first);
        }
    }
}

/// Makes conditions that lead to blocks which only return, return.
pub(super) fn return_at_conditions(loading: &mut Loading, range: Range<usize>) {
    let mut done_until = 0;
    for index in 0..range.len() {
        let Some(Planned { tree, joined, .. }) = &loading.typed.statements[index] else { continue };
        let at = (range.start + index) as u32;
        if at < done_until {
            continue;
        }
        if let Some((later, _)) = joined {
            done_until = later.last().map_or(0, |last| last + 1);
            continue;
        }
        let Root::Condition { value: condition, target, otherwise, falls } = tree.root else { continue };
        let Some(value) = lone_return(loading, target).filter(|_| tree.is_exact()) else { continue };
        let statement = loading.typed.statements[index].as_mut().expect("it was just there");
        let before = std::mem::replace(&mut statement.tree.root, Root::ReturnIf { condition, value, otherwise, falls });
        match Registry::get().find(statement.tree.handler_key()) {
            Some(handler) => statement.handler = handler,
            None => statement.tree.root = before,
        }
    }
}
