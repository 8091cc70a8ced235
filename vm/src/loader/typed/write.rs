//! Writes planned statements.

use super::tree::{Extra, Kid, Leaf, Node, Root, Tree};
use super::{Loading, Planned, settle};
use crate::code::Assembler;
use crate::dispatch::Handler;
use crate::dispatch::typed::statement::jump;
use crate::dispatch::typed::word::{Class, NO_SLOT};

/// Writes a statement.
pub(super) fn single(loading: &mut Loading, at: usize, planned: &Planned) {
    if !planned.tree.is_statement() {
        settle(loading, at, 0);
    }
    if let Root::Jump { falls: true, .. } = planned.tree.root {
        let pending = loading.pending.saturating_sub(1);
        loading.asm.falls(at, pending);
        return finish_block(loading, at, 0, &planned.tree);
    }
    loading.asm.begin(planned.handler, planned.first as usize);
    operands(&mut loading.asm, &planned.tree);
    finish_block(loading, at, 0, &planned.tree);
}

/// Writes two statements as one instruction.
pub(super) fn pair(
    loading: &mut Loading,
    at: usize,
    first: &Planned,
    (second_at, second): (usize, &Planned),
    handler: Handler,
) {
    let ahead = (second_at - at) as u32;
    if !second.tree.is_statement() {
        settle(loading, at, ahead);
    }
    loading.asm.begin(handler, first.first.min(second.first) as usize);
    operands(&mut loading.asm, &first.tree);
    operands(&mut loading.asm, &second.tree);
    finish_block(loading, second_at, ahead, &second.tree);
}

/// Writes where control goes on, `ahead` instructions after the one that `pending` counts up to.
fn finish_block(loading: &mut Loading, at: usize, ahead: u32, tree: &Tree) {
    let pending = loading.pending + ahead;
    match tree.root {
        Root::Set { .. } | Root::Effect { .. } => {}
        Root::Jump { falls: true, .. } => loading.falls_through = true,
        Root::Jump { target, .. } => {
            loading.asm.cost(pending, target);
            loading.asm.target(target);
            loading.falls_through = false;
        }
        Root::Condition { target, otherwise, falls, .. } => {
            loading.asm.cost(pending, target);
            loading.asm.target(target);
            if !falls {
                loading.asm.begin(jump, at);
                loading.asm.cost(pending, otherwise);
                loading.asm.target(otherwise);
            }
            loading.falls_through = falls;
        }
    }
}

/// Writes the operands of a statement.
fn operands(asm: &mut Assembler, tree: &Tree) {
    match tree.root {
        Root::Set { slot, value } => {
            node(asm, tree, &tree.nodes[value]);
            asm.half(slot);
        }
        Root::Effect { node: index } => node(asm, tree, &tree.nodes[index]),
        Root::Condition { value, .. } => kid(asm, tree, value),
        Root::Jump { .. } => {}
    }
}

fn kid(asm: &mut Assembler, tree: &Tree, kid: Kid) {
    match kid {
        Kid::Node(index) => node(asm, tree, &tree.nodes[index]),
        Kid::Leaf(leaf) => write_leaf(asm, leaf, tree.either),
    }
}

fn node(asm: &mut Assembler, tree: &Tree, node: &Node) {
    for operand in node.kids.into_iter().flatten() {
        kid(asm, tree, operand);
    }
    match node.extra {
        Extra::None => {}
        Extra::Pointer(pointer) => asm.word64(pointer),
        Extra::Offset(offset, wide, memory) => {
            // An offset past 32 bits of a memory with narrow addresses was rejected by the verifier.
            if wide {
                asm.word64(offset)
            } else {
                asm.word32(offset as u32)
            }
            if let Some(memory) = memory {
                asm.word64(memory);
            }
        }
    }
    if node.traps {
        asm.part(node.at);
    }
}

/// Writes a register or constant, `either` so that it can be both.
pub(super) fn write_leaf(asm: &mut Assembler, leaf: Leaf, either: bool) {
    if let Some(slot) = leaf.slot {
        asm.half(slot);
        if !either {
            return;
        }
    } else if either {
        asm.half(NO_SLOT);
    }
    match leaf.class {
        Class::Bits32 | Class::Single => asm.word32(leaf.bits[0] as u32),
        Class::Bits64 | Class::Double => asm.word64(leaf.bits[0]),
        Class::Bits128 => {
            asm.word64(leaf.bits[0]);
            asm.word64(leaf.bits[1]);
        }
        Class::Any => {
            asm.word64(leaf.bits[0]);
            asm.word32(leaf.bits[1] as u32);
        }
    }
}
