//! Writes planned statements.

use super::tree::{Extra, Kid, Leaf, Node, Return, Root, Tree};
use super::{Compiling, Planned, notes, settle};
use crate::handlers::typed::statement::TABLE_ENTRY_HALVES;
use crate::handlers::typed::word::{Class, NO_SLOT};
use crate::runtime::context::Handler;
use crate::threaded::kinds::{Branch, BranchTo, OperandKind};
use crate::threaded::notes::Shown;
use crate::threaded::{Assembler, rows};
use minivm_isa::Instruction;
use minivm_isa::entities::Block;

/// Writes a statement.
pub(super) fn single(compiling: &mut Compiling, at: usize, planned: &Planned) {
    if !planned.tree.is_statement() {
        settle(compiling, at, 0);
    }
    match planned.tree.root {
        Root::Jump { falls: true, .. } => {
            let pending = compiling.pending.saturating_sub(1);
            compiling.asm.falls(at, pending);
            return finish_block(compiling, at, 0, &planned.tree);
        }
        Root::Return(_) => return returns(compiling, at, 0, planned.first, planned.handler, &[planned]),
        _ => {}
    }
    compiling.asm.begin(planned.handler, planned.first as usize);
    trees(&mut compiling.asm, &[planned]);
    finish_block(compiling, at, 0, &planned.tree);
}

/// Writes statements as one instruction: the first at `at`, the last at `last`.
pub(super) fn joined(compiling: &mut Compiling, at: usize, last: usize, statements: &[&Planned], handler: Handler) {
    let ahead = (last - at) as u32;
    let tree = &statements.last().expect("there are several").tree;
    if !tree.is_statement() {
        settle(compiling, at, ahead);
    }
    let first = statements.iter().map(|planned| planned.first).min().expect("there are several");
    if let Root::Return(_) = tree.root {
        return returns(compiling, last, ahead, first, handler, statements);
    }
    compiling.asm.begin(handler, first as usize);
    trees(&mut compiling.asm, statements);
    finish_block(compiling, last, ahead, tree);
}

/// Writes the operands of statements that one instruction does.
pub(super) fn trees(asm: &mut Assembler, statements: &[&Planned]) {
    for planned in statements {
        notes::tree(asm, &planned.tree);
        operands(asm, &planned.tree);
    }
}

/// Writes an instruction that returns: that of these statements which is last, at `at`.
fn returns(compiling: &mut Compiling, at: usize, ahead: u32, first: u32, handler: Handler, statements: &[&Planned]) {
    let Some(Planned { tree: Tree { root: Root::Return(returned), .. }, .. }) = statements.last() else {
        unreachable!("the last one returns")
    };
    let cost = compiling.pending + ahead + returned.ahead;
    compiling.asm.charges(at + 1 + returned.ahead as usize);
    compiling.asm.begin(handler, first as usize);
    compiling.asm.u16(cost as u16);
    trees(&mut compiling.asm, statements);
    compiling.asm.shows("cost", || Shown::Text(cost.to_string()));
    compiling.leave();
}

/// Writes where control goes on, `ahead` instructions after the one that `pending` counts up to.
fn finish_block(compiling: &mut Compiling, at: usize, ahead: u32, tree: &Tree) {
    let pending = compiling.pending + ahead;
    match tree.root {
        Root::Set { .. } | Root::Effect { .. } => {}
        Root::Jump { falls: true, .. } => compiling.falls_through = true,
        Root::Jump { target, .. } => {
            compiling.asm.branch(BranchTo::block(target, pending));
            compiling.falls_through = false;
        }
        Root::Table { .. } => write_table(compiling, at, pending),
        Root::Condition { target, otherwise, falls, .. } => {
            compiling.asm.branch(BranchTo::block(target, pending));
            go_on(compiling, at, pending, otherwise, falls);
        }
        Root::ReturnIf { value, otherwise, falls, .. } => {
            let cost = pending + value.ahead;
            compiling.asm.u16(cost as u16);
            compiling.asm.shows("cost", || Shown::Text(cost.to_string()));
            if let Some(Kid::Leaf(leaf)) = value.value {
                write_leaf(&mut compiling.asm, leaf, false);
            }
            go_on(compiling, at, pending, otherwise, falls);
        }
        Root::Return(_) => unreachable!("returns are written by themselves"),
    }
}

/// Writes the targets of the jump through a table at `at`.
fn write_table(compiling: &mut Compiling, at: usize, pending: u32) {
    let Instruction::BranchTable { targets, default, .. } = &compiling.function.code[at] else {
        unreachable!("it jumps through a table")
    };
    let last = u32::try_from(targets.len()).expect("targets are counted in u32");
    compiling.asm.shows("last", || Shown::Text(last.to_string()));
    compiling.asm.u32(last);
    for target in targets.iter().copied().chain([*default]) {
        compiling.asm.branch(BranchTo::block(target, pending));
        for _ in Branch::HALVES..TABLE_ENTRY_HALVES {
            compiling.asm.u16(0);
        }
    }
    compiling.falls_through = false;
}

/// Goes on at a block, after a condition did not lead elsewhere.
fn go_on(compiling: &mut Compiling, at: usize, pending: u32, block: Block, falls: bool) {
    if !falls {
        put!(compiling, at, rows::Jump { branch: BranchTo::block(block, pending) });
    }
    compiling.falls_through = falls;
}

/// Writes the operands of a statement.
pub(super) fn operands(asm: &mut Assembler, tree: &Tree) {
    match tree.root {
        Root::Set { slot, value } => {
            node(asm, tree, &tree.nodes[value]);
            asm.u16(slot);
        }
        Root::Effect { node: index } => node(asm, tree, &tree.nodes[index]),
        Root::Condition { value, .. } | Root::Table { index: value } | Root::ReturnIf { condition: value, .. } => {
            kid(asm, tree, value)
        }
        Root::Return(Return { value: Some(value), .. }) => kid(asm, tree, value),
        Root::Return(Return { value: None, .. }) | Root::Jump { .. } => {}
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
        Extra::Pointer(pointer) => asm.u64(pointer),
        Extra::Offset(offset, wide, memory) => {
            // An offset past 32 bits of a memory with narrow addresses was rejected by the verifier.
            if wide {
                asm.u64(offset)
            } else {
                asm.u32(offset as u32)
            }
            if let Some(memory) = memory {
                asm.u64(memory);
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
        asm.u16(slot);
        if !either {
            return;
        }
    } else if either {
        asm.u16(NO_SLOT);
    }
    match leaf.class {
        Class::Bits32 | Class::Single => asm.u32(leaf.bits[0] as u32),
        Class::Bits64 | Class::Double => asm.u64(leaf.bits[0]),
        Class::Bits128 => {
            asm.u64(leaf.bits[0]);
            asm.u64(leaf.bits[1]);
        }
        Class::Any => {
            asm.u64(leaf.bits[0]);
            asm.u32(leaf.bits[1] as u32);
        }
    }
}
