//! What instructions of typed code are, for people: the operands of their trees by name.

use super::tree::{Extra, Head, Kid, Leaf, Node, Return, Root, Tree};
use crate::handlers::typed::word::Class;
use crate::threaded::Assembler;
use crate::threaded::notes::Shown;
use crate::value::{Tag, Value};
use minivm_isa::Type;
use minivm_isa::operand::{Pattern, Role};

/// Notes what a tree does, but where it branches to.
pub(super) fn tree(asm: &mut Assembler, tree: &Tree) {
    match tree.root {
        Root::Set { slot, value } => {
            asm.does("set");
            asm.shows("dst", || Shown::Word(usize::from(slot)));
            asm.shows("value", || node(tree, &tree.nodes[value]));
        }
        Root::Effect { node: index } => {
            asm.does("do");
            asm.shows("effect", || node(tree, &tree.nodes[index]));
        }
        Root::Condition { value, .. } => {
            asm.does("branch_if");
            asm.shows("cond", || kid(tree, value, None));
        }
        Root::ReturnIf { condition, value, .. } => {
            asm.does("return_if");
            asm.shows("cond", || kid(tree, condition, None));
            returned(asm, tree, value);
        }
        Root::Return(value) => {
            asm.does("return");
            returned(asm, tree, value);
        }
        Root::Table { index } => {
            asm.does("branch_table");
            asm.shows("index", || kid(tree, index, None));
        }
        Root::Jump { .. } => asm.does("jump"),
    }
}

fn returned(asm: &mut Assembler, tree: &Tree, returned: Return) {
    if let Some(value) = returned.value {
        asm.shows("value", || kid(tree, value, None));
    }
}

/// A register or a constant of an operand with this pattern.
pub(super) fn leaf(leaf: Leaf, pattern: Option<Pattern>) -> Shown {
    if let Some(slot) = leaf.slot {
        return Shown::Word(usize::from(slot));
    }
    let [low, high] = leaf.bits;
    // Singles and doubles are encoded as bits where the instruction itself says what they are.
    let class = match pattern {
        Some(Pattern::Exactly(Type::F32)) => Class::Single,
        Some(Pattern::Exactly(Type::F64)) => Class::Double,
        _ => leaf.class,
    };
    match class {
        Class::Bits32 => Shown::Text((low as u32).cast_signed().to_string()),
        Class::Bits64 => Shown::Text(low.cast_signed().to_string()),
        Class::Single => Shown::Text(crate::format::float(f64::from(f32::from_bits(low as u32)))),
        Class::Double => Shown::Text(crate::format::float(f64::from_bits(low))),
        Class::Bits128 => Shown::Text(format!("{high:#018x}_{low:016x}")),
        // SAFETY: the words are those of a constant of the function, which keeps its objects alive.
        Class::Any => Shown::Value(unsafe { Value::from_parts(low, Tag(high as u32)) }),
    }
}

fn kid(tree: &Tree, kid: Kid, pattern: Option<Pattern>) -> Shown {
    match kid {
        Kid::Leaf(operand) => leaf(operand, pattern),
        Kid::Node(index) => node(tree, &tree.nodes[index]),
    }
}

fn node(tree: &Tree, node: &Node) -> Shown {
    let (Head::Operation(opcode) | Head::Generic(opcode, _) | Head::Access(opcode, ..)) = node.head;
    let row = opcode.info();
    let mut operands: Vec<(&'static str, Shown)> = Vec::new();
    let kids = node.kids.iter().copied().flatten();
    let kids = inputs(row.operands).zip(kids);
    operands.extend(kids.map(|((name, pattern), operand)| (name, kid(tree, operand, Some(pattern)))));
    match node.extra {
        Extra::None => {}
        Extra::Pointer(pointer) => operands.push(("of", Shown::Address(pointer))),
        Extra::Offset(offset, _, memory) => {
            operands.push(("offset", Shown::Text(offset.to_string())));
            operands.extend(memory.map(|memory| ("memory", Shown::Address(memory))));
        }
    }
    Shown::Tree(row.name, operands)
}

/// Names and patterns of the operands that are values.
pub(super) fn inputs(operands: &'static [(&'static str, Role)]) -> impl Iterator<Item = (&'static str, Pattern)> {
    operands.iter().filter_map(|&(name, role)| match role {
        Role::In(pattern) => Some((name, pattern)),
        _ => None,
    })
}
