//! What else the table says of an instruction, for those who translate and run it.

use crate::features::Feature;
use crate::instruction::Opcode;

/// Facts that stand in a row besides its operands and effects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// What kind of computation it is, where others of its kind are treated alike.
    pub class: Class,
    /// The instruction of typed operands that computes the same.
    pub same_as: Option<Opcode>,
    /// The comparison of typed operands that a branch makes.
    pub compares: Option<Opcode>,
    /// The instruction that gives the same with its two operands exchanged.
    pub swapped: Option<Opcode>,
    /// The comparison that holds when this one does not.
    pub negated: Option<Opcode>,
    /// A constant operand may change sides, as at most the other one is not a number.
    pub exchanges_constants: bool,
    /// The metamethod that it may call, without underscores.
    pub metamethod: Option<&'static str>,
    /// Which kinds of numbers an operator of `any` makes.
    pub numbers: Option<Numbers>,
    /// What it waits for when other code runs in the middle of it.
    pub waits: Option<Waits>,
    /// Its one result is of type `any` and may be put anywhere in the frame.
    pub placed: bool,
    /// Its operands are gathered in one place of the frame, that of outgoing arguments.
    pub gathers: bool,
    /// What a program needs that has it, besides what the types of its operands need: for rows that came after version 1 of the
    /// binary form.
    pub feature: Option<Feature>,
}

impl Facts {
    /// None at all.
    pub const NONE: Facts = Facts {
        class: Class::Other,
        same_as: None,
        compares: None,
        swapped: None,
        negated: None,
        exchanges_constants: false,
        metamethod: None,
        numbers: None,
        waits: None,
        placed: false,
        gathers: false,
        feature: None,
    };
}

/// What kind of computation an instruction is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// An operator over typed numbers.
    Operation,
    /// A load from linear memory.
    Load,
    /// A store to linear memory.
    Store,
    /// Anything else.
    Other,
}

/// Which kind of number an operator of `any` makes of numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Numbers {
    /// An integer of two integers, else a float.
    Common,
    /// A float.
    Float,
    /// An integer.
    Integer,
    /// What its operand is.
    Same,
}

/// What an instruction waits for when other code runs in the middle of it: what may stand on its frame in a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waits {
    /// Any number of `any` results of a call.
    Call,
    /// The results of a call, which have types.
    TypedCall,
    /// The results of a call that takes the place of its function.
    TailCall,
    /// What the fiber is resumed with.
    Yield,
    /// What another fiber gives.
    Resume,
    /// That another fiber is closed.
    Close,
    /// A value that a metamethod gives.
    Value,
    /// Whether a metamethod gives something true, as a value.
    Truth,
    /// Whether a metamethod gives something true, to branch.
    Branch,
    /// A metamethod that gives nothing.
    Nothing,
    /// A value that a metamethod makes of two of several operands.
    Pieces,
}

/// Sets one fact of a row: `set_fact!(facts, name value)`.
macro_rules! set_fact {
    ($facts:ident, operation) => {
        $facts.class = $crate::facts::Class::Operation
    };
    ($facts:ident, load) => {
        $facts.class = $crate::facts::Class::Load
    };
    ($facts:ident, store) => {
        $facts.class = $crate::facts::Class::Store
    };
    ($facts:ident, exchanges_constants) => {
        $facts.exchanges_constants = true
    };
    ($facts:ident, gathers) => {
        $facts.gathers = true
    };
    ($facts:ident, placed) => {
        $facts.placed = true
    };
    ($facts:ident, feature $value:ident) => {
        $facts.feature = Some($crate::features::Feature::$value)
    };
    ($facts:ident, same_as $value:ident) => {
        $facts.same_as = Some(Opcode::$value)
    };
    ($facts:ident, compares $value:ident) => {
        $facts.compares = Some(Opcode::$value)
    };
    ($facts:ident, swapped $value:ident) => {
        $facts.swapped = Some(Opcode::$value)
    };
    ($facts:ident, negated $value:ident) => {
        $facts.negated = Some(Opcode::$value)
    };
    ($facts:ident, metamethod $value:ident) => {
        $facts.metamethod = Some(stringify!($value))
    };
    ($facts:ident, numbers $value:ident) => {
        $facts.numbers = Some($crate::facts::Numbers::$value)
    };
    ($facts:ident, waits $value:ident) => {
        $facts.waits = Some($crate::facts::Waits::$value)
    };
}
pub(crate) use set_fact;
