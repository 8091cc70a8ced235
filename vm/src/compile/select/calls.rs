//! What calls and returns take into their instructions: arguments that are computed where the callee wants them, values that
//! are returned, returns in place of jumps to them.

use super::tree::{self, Kid, Leaf, Return, Root, Site};
use super::write::{single, trees};
use super::{Compiling, Planned, grow};
use crate::handlers::typed::registry::Registry;
use crate::handlers::typed::shape;
use crate::handlers::typed::shape::Key;
use crate::runtime::context::Handler;
use minivm_isa::entities::Block;
use minivm_isa::{Instruction, Operand};
use std::ops::Range;

/// The order in which blocks are laid out: those that only return come last, so that no other block jumps over them.
pub(crate) fn layout(compiling: &Compiling) -> Vec<Block> {
    let is_last = |block: &Block| block.as_u32() > 0 && lone_return(compiling, *block).is_some();
    let (last, mut order): (Vec<Block>, Vec<Block>) = compiling.function.blocks.keys().partition(is_last);
    order.extend(last);
    order
}

/// What an instruction returns, in optimised code that has handlers for it: one word or nothing.
pub(super) fn returned(compiling: &Compiling, at: usize) -> Option<Option<Operand>> {
    let Instruction::ReturnValues { values } = &compiling.function.code[at] else { return None };
    if compiling.baseline || compiling.is_dynamic() {
        return None;
    }
    match values[..] {
        [] => Some(None),
        [value] if compiling.operand_type(value).words() == 1 => Some(Some(value)),
        _ => None,
    }
}

/// What a block returns that does nothing else, for an instruction that goes there.
pub(super) fn lone_return(compiling: &Compiling, block: Block) -> Option<Return> {
    let range = compiling.function.block_range(block);
    if range.len() != 1 {
        return None;
    }
    let leaf: Option<Leaf> = returned(compiling, range.start)?.map(|operand| tree::leaf(compiling, operand));
    let class = leaf.map_or(crate::handlers::typed::word::Class::Bits64, tree::leaf_class);
    Some(Return { value: leaf.map(Kid::Leaf), class, ahead: 1 })
}

/// Plans the arguments of a call, the last one first. Definitions they take in stay in order.
pub(super) fn plan_arguments(compiling: &mut Compiling, at: usize) {
    let arguments = match &compiling.function.code[at] {
        Instruction::Call { arguments, .. }
        | Instruction::CallIndirect { arguments, .. }
        | Instruction::CallRef { arguments, .. } => arguments,
        _ => return,
    };
    if compiling.baseline {
        return;
    }
    let mut end = arguments.iter().map(|&argument| compiling.operand_type(argument).words()).sum::<u32>();
    let (mut planned, mut taken) = (Vec::new(), Vec::new());
    for &argument in arguments.iter().rev() {
        let words = compiling.operand_type(argument).words();
        end -= words;
        if words != 1 {
            continue;
        }
        let slot = (compiling.window + end as usize) as u16;
        let site = Site { at, argument: Some((argument, slot)) };
        let (statement, members) =
            grow::statement(compiling, site, &taken).expect("there are handlers that copy words");
        taken.extend_from_slice(members.list());
        planned.push(statement);
    }
    for member in taken {
        compiling.absorbed[member as usize] = Some(at as u32);
    }
    planned.reverse();
    compiling.typed.arguments.push((at as u32, planned));
}

/// What a call does first in its own instruction.
pub(crate) struct Last {
    pub(crate) handler: Handler,
    /// All arguments, of which those from `first` on are done there.
    planned: Vec<Planned>,
    first: usize,
}

impl Last {
    /// Writes its operands, and that those of the call at `at` follow.
    pub(crate) fn write(self, compiling: &mut Compiling, at: usize) {
        for planned in &self.planned[self.first..] {
            trees(&mut compiling.asm, &[planned]);
        }
        compiling.asm.pad();
        compiling.asm.part(at);
        self.planned.into_iter().for_each(|planned| compiling.typed.spare.give(planned.tree.nodes));
    }
}

/// The key of statements that are done one after the other.
fn statements_key(statements: &[Planned]) -> Option<Key> {
    let mut keys = statements.iter().map(|planned| planned.tree.is_exact().then_some(planned.key));
    let first = keys.next().unwrap_or(Some(shape::NOTHING))?;
    keys.try_fold(first, |before, key| Some(shape::then(before, key?)))
}

/// Puts the arguments of a call in place, but those that the call does itself: its handler has the key that `call` gives for them.
pub(crate) fn place_arguments(compiling: &mut Compiling, at: usize, call: fn(Key) -> Key) -> Last {
    let planned = take(compiling, at);
    let registry = Registry::get();
    for count in (0..=planned.len().min(3)).rev() {
        let first = planned.len() - count;
        if let Some(handler) = statements_key(&planned[first..]).and_then(|key| registry.find(call(key))) {
            place(compiling, at, &planned[..first]);
            return Last { handler, planned, first };
        }
    }
    unreachable!("there is a handler that only calls")
}

/// Puts all arguments of a call in place.
pub(crate) fn place_all_arguments(compiling: &mut Compiling, at: usize) {
    let planned = take(compiling, at);
    place(compiling, at, &planned);
}

fn take(compiling: &mut Compiling, at: usize) -> Vec<Planned> {
    let arguments = &mut compiling.typed.arguments;
    let index = arguments.iter().position(|&(call, _)| call == at as u32);
    index.map_or(Vec::new(), |index| arguments.swap_remove(index).1)
}

fn place(compiling: &mut Compiling, at: usize, planned: &[Planned]) {
    let mut rest = planned;
    while let [first, others @ ..] = rest {
        rest = others;
        if let [second, after @ ..] = others
            && first.may_lead()
            && let Some(handler) = super::joint_key(first.key, second).and_then(|key| Registry::get().find(key))
        {
            compiling.asm.begin(handler, first.first.min(second.first) as usize);
            trees(&mut compiling.asm, &[first, second]);
            rest = after;
        } else {
            single(compiling, at, first);
        }
    }
}

/// Makes conditions that lead to blocks which only return, return.
pub(super) fn return_at_conditions(compiling: &mut Compiling, range: Range<usize>) {
    let mut done_until = 0;
    for index in 0..range.len() {
        let Some(Planned { tree, joined, .. }) = &compiling.typed.statements[index] else { continue };
        let at = (range.start + index) as u32;
        if at < done_until {
            continue;
        }
        if let Some(joined) = joined {
            done_until = joined.later().last().map_or(0, |last| last + 1);
            continue;
        }
        let Root::Condition { value: condition, target, otherwise, falls } = tree.root else { continue };
        let Some(value) = lone_return(compiling, target).filter(|_| tree.is_exact()) else { continue };
        let statement = compiling.typed.statements[index].as_mut().expect("it was just there");
        let before = std::mem::replace(&mut statement.tree.root, Root::ReturnIf { condition, value, otherwise, falls });
        match Registry::get().find(statement.tree.handler_key(statement.key)) {
            Some(handler) => statement.handler = handler,
            None => statement.tree.root = before,
        }
    }
}
