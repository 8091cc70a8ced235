//! The tree that an instruction makes with the definitions it takes in, brought to one form of several that mean the same.

use super::Compiling;
use super::row::{self, Kind, Row};
use crate::handlers::typed::shape;
use crate::handlers::typed::shape::Key;
use crate::handlers::typed::word::Class;
use minivm_isa::entities::{Block, Global, Memory};
use minivm_isa::program::Constant;
use minivm_isa::{Input, Instruction, Opcode, Operand, Type};

/// Something a node computes with.
#[derive(Clone, Copy)]
pub(super) enum Kid {
    /// A register or a constant.
    Leaf(Leaf),
    /// Another node, by index.
    Node(usize),
}

/// A register or a constant.
#[derive(Clone, Copy)]
pub(super) struct Leaf {
    /// Its slot, unless it is a constant.
    pub(super) slot: Option<u16>,
    /// How it is encoded.
    pub(super) class: Class,
    /// The constant.
    pub(super) bits: [u64; 2],
    /// The instruction that defines the register for this reader alone.
    pub(super) definition: Option<u32>,
}

/// What a node is, as far as its handler is fixed to it.
#[derive(Clone, Copy)]
pub(super) enum Head {
    /// An operator.
    Operation(Opcode),
    /// A row that works on any type.
    Generic(Opcode, Class),
    /// A load or store; far; with an address of 64 bits.
    Access(Opcode, bool, bool),
}

/// What follows the operands of a node's kids.
#[derive(Clone, Copy)]
pub(super) enum Extra {
    None,
    /// An address.
    Pointer(u64),
    /// An offset, 64 bits wide or not, then the address of a memory if it is far.
    Offset(u64, bool, Option<u64>),
}

/// An operator with its operands.
#[derive(Clone, Copy)]
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) head: Head,
    pub(super) kids: [Option<Kid>; 3],
    pub(super) extra: Extra,
    /// It may trap.
    pub(super) traps: bool,
}

/// What is done with the value of a tree.
#[derive(Clone, Copy)]
pub(super) enum Root {
    /// It is written to a slot.
    Set { slot: u16, value: usize },
    /// The node is a statement.
    Effect { node: usize },
    /// Control goes to `target` when it is not zero, else to `otherwise`, which is the next block if `falls`.
    Condition { value: Kid, target: Block, otherwise: Block, falls: bool },
    /// Control goes to `target`, which is the next block if `falls`.
    Jump { target: Block, falls: bool },
    /// Control goes to the target with this number.
    Table { index: Kid },
    /// The function returns.
    Return(Return),
    /// The function returns when the condition is not zero; else control goes on as for `Condition`.
    ReturnIf { condition: Kid, value: Return, otherwise: Block, falls: bool },
}

/// What a function returns: one value, or nothing.
#[derive(Clone, Copy)]
pub(super) struct Return {
    pub(super) value: Option<Kid>,
    /// The class of the value.
    pub(super) class: Class,
    /// Canonical instructions it does after the one it is the root of: a jump to a return does that, too.
    pub(super) ahead: u32,
}

/// A statement with the trees of its operands.
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Root,
    /// All leaves are encoded so that they can be a register or a constant.
    pub(super) either: bool,
}

impl Tree {
    /// The key of its shape, without the kind of handler.
    pub(super) fn key(&self) -> Key {
        match self.root {
            Root::Set { value, .. } => shape::set(self.node_key(value)),
            Root::Effect { node } => self.node_key(node),
            Root::Condition { value, .. } | Root::Table { index: value } => self.kid_key(value),
            Root::Return(Return { value: Some(value), .. }) => self.kid_key(value),
            Root::ReturnIf { condition, .. } => self.kid_key(condition),
            Root::Return(Return { value: None, .. }) => shape::NOTHING,
            Root::Jump { .. } => 0,
        }
    }

    /// The key of the handler that does it alone, from its [key](Self::key).
    pub(super) fn handler_key(&self, key: Key) -> Key {
        match self.root {
            Root::Set { .. } | Root::Effect { .. } => shape::statement(key),
            Root::Condition { .. } | Root::Jump { .. } => shape::branch(key),
            Root::Table { .. } => shape::table(key),
            Root::Return(returned) => returned.handler_key(key),
            Root::ReturnIf { value, .. } => {
                let returned = value.value.map_or(shape::NOTHING, |value| self.kid_key(value));
                shape::returns_if(key, value.handler_key(returned))
            }
        }
    }

    /// Whether control goes on behind it in any case.
    pub(super) fn is_statement(&self) -> bool {
        matches!(self.root, Root::Set { .. } | Root::Effect { .. })
    }

    /// Whether each leaf is encoded as what it is.
    pub(super) fn is_exact(&self) -> bool {
        !self.either
    }

    fn kid_key(&self, kid: Kid) -> Key {
        match kid {
            Kid::Leaf(_) if self.either => shape::EITHER,
            Kid::Leaf(Leaf { slot: Some(_), .. }) => shape::SLOT,
            Kid::Leaf(_) => shape::IMMEDIATE,
            Kid::Node(node) => self.node_key(node),
        }
    }

    fn node_key(&self, node: usize) -> Key {
        let node = &self.nodes[node];
        let mut keys = [0; 3];
        let mut count = 0;
        for kid in node.kids.into_iter().flatten() {
            keys[count] = self.kid_key(kid);
            count += 1;
        }
        let keys = &keys[..count];
        match node.head {
            Head::Operation(opcode) => shape::operation(opcode, keys),
            Head::Generic(opcode, class) => shape::generic(opcode, class, keys),
            Head::Access(opcode, far, wide) => shape::access(opcode, far, wide, keys),
        }
    }

    /// The last definition before `below` that its leaves could take in, besides these members.
    pub(super) fn last_definition(&self, below: u32, members: &[u32]) -> Option<u32> {
        let mut last = None;
        let mut look_at = |kid: &Kid| {
            if let Kid::Leaf(Leaf { definition: Some(definition), .. }) = *kid
                && definition < below
                && last.is_none_or(|last| last < definition)
                && !members.contains(&definition)
            {
                last = Some(definition);
            }
        };
        match &self.root {
            Root::Condition { value, .. }
            | Root::Table { index: value }
            | Root::Return(Return { value: Some(value), .. }) => look_at(value),
            Root::Return(Return { value: None, .. }) | Root::ReturnIf { .. } => {}
            Root::Set { .. } | Root::Effect { .. } | Root::Jump { .. } => {}
        }
        // Nodes that were folded away have left kids behind, which are found again in the nodes that took their place.
        self.nodes.iter().flat_map(|node| &node.kids).flatten().for_each(look_at);
        last
    }
}

impl Return {
    /// The key of the handler that returns what has this key.
    pub(super) fn handler_key(&self, key: Key) -> Key {
        if self.value.is_some() { shape::returns(self.class, key) } else { shape::returns_after(key) }
    }
}

/// The class that values of a type have in trees.
pub(super) fn class_of(ty: Type) -> Class {
    match ty {
        Type::I32 => Class::Bits32,
        Type::I64 | Type::Cell | Type::Ref(_) => Class::Bits64,
        Type::F32 => Class::Single,
        Type::F64 => Class::Double,
        Type::V128 => Class::Bits128,
        Type::Any => Class::Any,
    }
}

/// The class of a value that is only moved.
fn bits(class: Class) -> Class {
    match class {
        Class::Single => Class::Bits32,
        Class::Double => Class::Bits64,
        other => other,
    }
}

/// The class of a leaf that is only moved: a whole word is, whatever it holds.
pub(super) fn leaf_class(leaf: Leaf) -> Class {
    match leaf {
        Leaf { slot: Some(_), class: Class::Bits32 | Class::Single, .. } => Class::Bits64,
        _ => bits(leaf.class),
    }
}

/// Builds the tree of one statement.
pub(super) struct Builder<'a, 'l> {
    compiling: &'a Compiling<'l>,
    /// Definitions it takes in.
    members: &'a [u32],
    nodes: Vec<Node>,
}

/// What a tree is made of: an instruction, or one of the arguments of a call.
#[derive(Clone, Copy)]
pub(super) struct Site {
    pub(super) at: usize,
    /// The argument and the slot it goes to.
    pub(super) argument: Option<(Operand, u16)>,
}

/// The tree of a statement with these definitions taken in, if it is one.
pub(super) fn build(compiling: &Compiling, site: Site, members: &[u32]) -> Option<Tree> {
    let mut builder = Builder { compiling, members, nodes: compiling.typed.spare.take() };
    let root = match site.argument {
        Some((operand, slot)) => {
            let value = builder.operand(site.at, operand);
            Some(Root::Set { slot, value: builder.moved(site.at, value) })
        }
        None => builder.root(site.at),
    };
    let nodes = builder.nodes;
    match root {
        Some(root) => Some(Tree { nodes, root, either: false }),
        None => {
            compiling.typed.spare.give(nodes);
            None
        }
    }
}

/// A leaf for an operand.
pub(super) fn leaf(compiling: &Compiling, operand: Operand) -> Leaf {
    match operand.input() {
        Input::Reg(reg) => Leaf {
            slot: Some(compiling.slots.of(reg)),
            class: class_of(compiling.function.registers[reg]),
            bits: [0; 2],
            definition: None,
        },
        Input::Const(constant) => {
            let (class, bits) = match *compiling.constant(constant) {
                Constant::I32(value) => (Class::Bits32, [u64::from(value as u32), 0]),
                Constant::I64(value) => (Class::Bits64, [value as u64, 0]),
                Constant::F32(value) => (Class::Single, [u64::from(value), 0]),
                Constant::F64(value) => (Class::Double, [value, 0]),
                Constant::V128(value) => (Class::Bits128, [value as u64, (value >> 64) as u64]),
                _ => {
                    let value = compiling.value(constant);
                    (Class::Any, [value.payload(), u64::from(value.tag().0)])
                }
            };
            Leaf { slot: None, class, bits, definition: None }
        }
    }
}

impl Builder<'_, '_> {
    #[inline]
    fn push(&mut self, at: usize, head: Head, kids: [Option<Kid>; 3], extra: Extra) -> usize {
        let is_moved = matches!(head, Head::Generic(Opcode::Copy, _));
        let traps = !is_moved && self.compiling.function.code[at].info().effects.trap;
        self.nodes.push(Node { at, head, kids, extra, traps });
        self.nodes.len() - 1
    }

    fn root(&mut self, at: usize) -> Option<Root> {
        let instruction = &self.compiling.function.code[at];
        let kind = row::kind(instruction);
        if kind == Kind::Other {
            return Some(Root::Return(self.returned(at)?));
        }
        let row = Row::of(instruction);
        Some(match kind {
            Kind::Other => unreachable!("it was looked at"),
            Kind::Jump => {
                let target = row.targets[0].expect("a jump has a target");
                if let Some(returned) = super::calls::lone_return(self.compiling, target) {
                    return Some(Root::Return(returned));
                }
                Root::Jump { target, falls: self.compiling.next_block == Some(target) }
            }
            Kind::Branch(comparison) => self.condition(at, &row, comparison),
            Kind::Table => Root::Table { index: self.operand(at, row.input(0)) },
            Kind::Store => Root::Effect { node: self.store(at, instruction.opcode(), &row) },
            Kind::GlobalSet => Root::Effect { node: self.global_set(at, &row) },
            Kind::Operation(_) | Kind::Copy | Kind::Select | Kind::GlobalGet | Kind::Null | Kind::Load => {
                let value = self.value(at, instruction);
                let slot = self.compiling.destination(at, row.dst.expect("values have a result"));
                Root::Set { slot: slot as u16, value: self.moved(at, value) }
            }
        })
    }

    /// What an instruction returns, if it does and there are handlers for it.
    fn returned(&mut self, at: usize) -> Option<Return> {
        let Some(operand) = super::calls::returned(self.compiling, at)? else {
            return Some(Return { value: None, class: Class::Bits64, ahead: 0 });
        };
        let value = self.operand(at, operand);
        let class = match value {
            Kid::Leaf(leaf) => leaf_class(leaf),
            Kid::Node(index) => {
                self.moved(at, value);
                let class = class_of(self.compiling.operand_type(operand));
                let is_moved = matches!(self.nodes[index].head, Head::Access(..) | Head::Generic(Opcode::GlobalGet, _));
                if is_moved { bits(class) } else { class }
            }
        };
        Some(Return { value: Some(value), class, ahead: 0 })
    }

    /// The node that gives a value to a register: one that only moves it does not care for its type.
    fn moved(&mut self, at: usize, value: Kid) -> usize {
        match value {
            Kid::Leaf(leaf) => {
                let class = leaf_class(leaf);
                self.push(at, Head::Generic(Opcode::Copy, class), [Some(value), None, None], Extra::None)
            }
            Kid::Node(index) => {
                let head = &mut self.nodes[index].head;
                *head = match *head {
                    Head::Access(Opcode::F32Load, far, wide) => Head::Access(Opcode::I32Load, far, wide),
                    Head::Access(Opcode::F64Load, far, wide) => Head::Access(Opcode::I64Load, far, wide),
                    Head::Generic(Opcode::GlobalGet, class) => Head::Generic(Opcode::GlobalGet, bits(class)),
                    other => other,
                };
                index
            }
        }
    }

    fn store(&mut self, at: usize, opcode: Opcode, row: &Row) -> usize {
        let address = self.operand(at, row.input(0));
        let value = self.operand(at, row.input(1));
        let is_moved = match value {
            Kid::Leaf(_) => true,
            Kid::Node(index) => matches!(self.nodes[index].head, Head::Access(Opcode::F32Load | Opcode::F64Load, ..)),
        };
        let opcode = match opcode {
            Opcode::F32Store if is_moved => Opcode::I32Store,
            Opcode::F64Store if is_moved => Opcode::I64Store,
            other => other,
        };
        if let (true, Kid::Node(_)) = (is_moved, value) {
            self.moved(at, value);
        }
        let (head, extra) = self.access(opcode, row);
        self.push(at, head, [Some(address), Some(value), None], extra)
    }

    fn access(&self, opcode: Opcode, row: &Row) -> (Head, Extra) {
        let memory = Memory::from_u32(row.index.expect("an access names a memory"));
        let wide = self.compiling.program.memories[memory].is_64;
        let address = self.compiling.instance.memory(memory);
        let far = wide || !std::ptr::eq(address, self.compiling.main_memory);
        let pointer = far.then_some(address as usize as u64);
        (Head::Access(opcode, far, wide), Extra::Offset(row.offset, wide, pointer))
    }

    fn global_set(&mut self, at: usize, row: &Row) -> usize {
        let value = self.operand(at, row.input(0));
        let global = Global::from_u32(row.index.expect("it names a global"));
        let pointer = Extra::Pointer(self.compiling.instance.global(global) as usize as u64);
        let class = match value {
            Kid::Leaf(Leaf { slot: Some(_), class: Class::Bits32 | Class::Single, .. }) => Class::Bits64,
            Kid::Leaf(leaf) => bits(leaf.class),
            Kid::Node(_) => class_of(self.compiling.program.globals[global].ty),
        };
        self.push(at, Head::Generic(Opcode::GlobalSet, class), [Some(value), None, None], pointer)
    }

    /// The value of an operand of instruction `reader`.
    fn operand(&mut self, reader: usize, operand: Operand) -> Kid {
        let compiling = self.compiling;
        let definition = operand.reg().and_then(|reg| compiling.typed.feeder(reader, reg));
        match definition {
            Some(at) if self.members.contains(&at) => self.value(at as usize, &compiling.function.code[at as usize]),
            _ => Kid::Leaf(Leaf { definition, ..leaf(compiling, operand) }),
        }
    }

    /// The value that an instruction computes.
    fn value(&mut self, at: usize, instruction: &Instruction) -> Kid {
        let row = Row::of(instruction);
        match row::kind(instruction) {
            Kind::Copy => self.operand(at, row.input(0)),
            Kind::Operation(opcode) => {
                let left = self.operand(at, row.input(0));
                if let Some(lanes) = row::permutation(instruction) {
                    let lanes = leaf(self.compiling, lanes);
                    let lanes = Leaf { bits: lanes.bits.map(row::of_one_vector), ..lanes };
                    return self.binary(at, opcode, left, Kid::Leaf(lanes));
                }
                match row.inputs[1] {
                    Some(right) => {
                        let right = self.operand(at, right);
                        self.binary(at, opcode, left, right)
                    }
                    None => self.unary(at, opcode, left),
                }
            }
            Kind::Select => self.select(at, &row),
            Kind::GlobalGet => {
                let global = Global::from_u32(row.index.expect("it names a global"));
                let class = class_of(self.compiling.program.globals[global].ty);
                let pointer = Extra::Pointer(self.compiling.instance.global(global) as usize as u64);
                Kid::Node(self.push(at, Head::Generic(Opcode::GlobalGet, class), [None, None, None], pointer))
            }
            Kind::Load => {
                let address = self.operand(at, row.input(0));
                let (head, extra) = self.access(instruction.opcode(), &row);
                Kid::Node(self.push(at, head, [Some(address), None, None], extra))
            }
            Kind::Null => Kid::Leaf(Leaf { slot: None, class: Class::Bits64, bits: [0; 2], definition: None }),
            Kind::Store | Kind::GlobalSet | Kind::Branch(_) | Kind::Jump | Kind::Table | Kind::Other => {
                unreachable!("only values are taken in")
            }
        }
    }

    fn select(&mut self, at: usize, row: &Row) -> Kid {
        let (mut first, mut second) = (self.operand(at, row.input(1)), self.operand(at, row.input(2)));
        let mut condition = self.operand(at, row.input(0));
        if let Some(inner) = self.eqz_of(condition) {
            condition = inner;
            std::mem::swap(&mut first, &mut second);
        }
        let class = match (first, second) {
            (Kid::Leaf(leaf), Kid::Leaf(_)) => bits(leaf.class),
            _ => class_of(self.compiling.function.registers[row.dst.expect("it has a result")]),
        };
        Kid::Node(self.push(
            at,
            Head::Generic(Opcode::Select, class),
            [Some(first), Some(second), Some(condition)],
            Extra::None,
        ))
    }

    fn unary(&mut self, at: usize, opcode: Opcode, kid: Kid) -> Kid {
        if opcode == Opcode::I32Eqz
            && let Some(inverse) = self.inverse(at, kid)
        {
            return inverse;
        }
        Kid::Node(self.push(at, Head::Operation(opcode), [Some(kid), None, None], Extra::None))
    }

    fn binary(&mut self, at: usize, opcode: Opcode, left: Kid, right: Kid) -> Kid {
        let (mut opcode, mut left, mut right) = (opcode, left, right);
        let (rank_left, rank_right) = (rank(left), rank(right));
        let both_slots = (rank_left, rank_right) == (SLOT, SLOT);
        if let Some(mirrored) = opcode.info().facts.swapped
            && (rank_left < rank_right || both_slots && row::is_greater(opcode))
        {
            opcode = mirrored;
            std::mem::swap(&mut left, &mut right);
        } else if opcode.info().facts.exchanges_constants
            && rank_left == CONSTANT
            && rank_right != CONSTANT
            && !is_nan(left)
        {
            std::mem::swap(&mut left, &mut right);
        }
        if let Kid::Leaf(leaf @ Leaf { slot: None, .. }) = &mut right {
            match opcode {
                Opcode::I32Sub => {
                    (opcode, leaf.bits[0]) = (Opcode::I32Add, u64::from((leaf.bits[0] as u32).wrapping_neg()))
                }
                Opcode::I64Sub => (opcode, leaf.bits[0]) = (Opcode::I64Add, leaf.bits[0].wrapping_neg()),
                Opcode::I32Eq if leaf.bits[0] == 0 => return self.unary(at, Opcode::I32Eqz, left),
                _ => {
                    if let Some((strict, constant)) = row::strict(opcode, leaf.bits[0]) {
                        (opcode, leaf.bits[0]) = (strict, constant);
                    }
                }
            }
        }
        Kid::Node(self.push(at, Head::Operation(opcode), [Some(left), Some(right), None], Extra::None))
    }

    /// What this is the `i32_eqz` of.
    fn eqz_of(&self, kid: Kid) -> Option<Kid> {
        let Kid::Node(index) = kid else { return None };
        match self.nodes[index] {
            Node { head: Head::Operation(Opcode::I32Eqz), kids: [inner, ..], .. } => inner,
            _ => None,
        }
    }

    /// One that is true when this comparison of integers is not.
    fn inverse(&mut self, at: usize, kid: Kid) -> Option<Kid> {
        let Kid::Node(index) = kid else { return None };
        let Head::Operation(opcode) = self.nodes[index].head else { return None };
        let [left, right, _] = self.nodes[index].kids;
        if opcode == Opcode::I64Eqz {
            let zero = Kid::Leaf(Leaf { slot: None, class: Class::Bits64, bits: [0; 2], definition: None });
            return Some(self.binary(at, Opcode::I64Ne, left?, zero));
        }
        Some(self.binary(at, opcode.info().facts.negated?, left?, right?))
    }

    fn condition(&mut self, at: usize, row: &Row, comparison: Option<Opcode>) -> Root {
        let [Some(if_true), Some(if_false)] = row.targets else { unreachable!("branches have two targets") };
        let mut value = self.operand(at, row.input(0));
        if let Some(comparison) = comparison {
            let right = self.operand(at, row.input(1));
            value = self.binary(at, comparison, value, right);
        }
        let (mut target, mut otherwise) = (if_true, if_false);
        while let Some((inner, negated)) = self.truth_of(value) {
            value = inner;
            if negated {
                std::mem::swap(&mut target, &mut otherwise);
            }
        }
        if self.compiling.next_block == Some(target) && target != otherwise {
            std::mem::swap(&mut target, &mut otherwise);
            value = match self.inverse(at, value) {
                Some(inverse) => inverse,
                None => {
                    Kid::Node(self.push(at, Head::Operation(Opcode::I32Eqz), [Some(value), None, None], Extra::None))
                }
            };
        }
        Root::Condition { value, target, otherwise, falls: self.compiling.next_block == Some(otherwise) }
    }

    /// What this is true with, or (second) false with: it need not be computed for a branch.
    fn truth_of(&self, kid: Kid) -> Option<(Kid, bool)> {
        if let Some(inner) = self.eqz_of(kid) {
            return Some((inner, true));
        }
        let Kid::Node(index) = kid else { return None };
        match self.nodes[index] {
            Node {
                head: Head::Operation(Opcode::I32Ne),
                kids: [Some(inner), Some(Kid::Leaf(Leaf { slot: None, bits: [0, _], .. })), _],
                ..
            } => Some((inner, false)),
            _ => None,
        }
    }
}

const CONSTANT: u8 = 0;
const SLOT: u8 = 1;

/// What stands on the left where both sides are alike: the larger.
fn rank(kid: Kid) -> u8 {
    match kid {
        Kid::Leaf(Leaf { slot: None, .. }) => CONSTANT,
        Kid::Leaf(_) => SLOT,
        Kid::Node(_) => 2,
    }
}

fn is_nan(kid: Kid) -> bool {
    match kid {
        Kid::Leaf(Leaf { slot: None, class: Class::Single, bits, .. }) => f32::from_bits(bits[0] as u32).is_nan(),
        Kid::Leaf(Leaf { slot: None, class: Class::Double, bits, .. }) => f64::from_bits(bits[0]).is_nan(),
        _ => false,
    }
}
