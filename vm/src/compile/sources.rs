//! Where the inputs of arithmetic and comparisons come from, and the handler for each pair of such places.

use crate::handlers::control::Sense;
use crate::handlers::dynamic as ops;
use crate::handlers::dynamic::{Arithmetic, Relation};
use crate::handlers::sources as places;
use crate::runtime::context::Handler;
use crate::value::Value;

/// An input as it is written into an instruction.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Slot(u16),
    Int(i16),
    Float(u64),
    /// Any other constant.
    Inline(Value),
}

/// How a handler treats an input; each is a type of the same name in [`places`].
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Slot,
    IntSlot,
    FloatSlot,
    Latest,
    LatestFloat,
    Int,
    Float,
}

/// The kinds that an input may be treated as, the best first; the last is one that every operation has a handler for.
pub(super) type Kinds = [Kind; 3];

/// The handler of an operation for a pair of kinds, if there is one.
pub(super) type Variants = fn(Kind, Kind) -> Option<Handler>;

/// The handler for the best pair of kinds there is one for.
pub(super) fn choose(variants: Variants, left: Kinds, right: Kinds) -> Handler {
    let pairs = left.into_iter().flat_map(|left| right.into_iter().map(move |right| (left, right)));
    let mut handlers = pairs.filter_map(|(left, right)| variants(left, right));
    handlers.next().expect("there is a handler for the last of each")
}

macro_rules! handlers {
    ($handler:ident<$operation:ident>, $left:expr, $right:expr; $($l:ident $r:ident),* $(,)?) => {
        match ($left, $right) {
            $((Kind::$l, Kind::$r) => Some(ops::$handler::<$operation, places::$l, places::$r> as Handler),)*
            _ => None,
        }
    };
    ($handler:ident<$operation:ident, $sense:ident>, $left:expr, $right:expr; $($l:ident $r:ident),* $(,)?) => {
        match ($left, $right) {
            $((Kind::$l, Kind::$r) => Some(ops::$handler::<$operation, places::$l, places::$r, $sense> as Handler),)*
            _ => None,
        }
    };
}

/// Arithmetic of any kind.
pub(super) fn arithmetic<O: Arithmetic>(left: Kind, right: Kind) -> Option<Handler> {
    handlers! {
        arithmetic<O>, left, right;
        Slot Slot, Slot Int, Slot Float, Int Slot, Float Slot,
        IntSlot Int, IntSlot IntSlot, IntSlot Slot, Slot IntSlot,
    }
}

/// Arithmetic that floats are in line for.
pub(super) fn float_arithmetic<O: Arithmetic>(left: Kind, right: Kind) -> Option<Handler> {
    let special = handlers! {
        arithmetic<O>, left, right;
        Latest Slot, Slot Latest, Latest Float, Float Latest, Latest Latest,
        FloatSlot FloatSlot, FloatSlot Float, Float FloatSlot, FloatSlot Slot, Slot FloatSlot,
        LatestFloat FloatSlot, FloatSlot LatestFloat, LatestFloat Float, Float LatestFloat, LatestFloat Slot, Slot LatestFloat,
        FloatSlot Latest, Latest FloatSlot,
    };
    special.or_else(|| arithmetic::<O>(left, right))
}

/// Comparisons as values.
pub(super) fn comparison<O: Relation>(left: Kind, right: Kind) -> Option<Handler> {
    handlers! { compare<O>, left, right; Slot Slot, Slot Int, Slot Float, Int Slot, Float Slot }
}

/// Branches on comparisons.
pub(super) fn branch<O: Relation, S: Sense>(left: Kind, right: Kind) -> Option<Handler> {
    handlers! {
        branch_compare<O, S>, left, right;
        Slot Slot, Slot Int, Slot Float, Int Slot, Float Slot,
        IntSlot Int, IntSlot IntSlot, IntSlot Slot, Slot IntSlot,
        FloatSlot FloatSlot, FloatSlot Float, Latest Slot, Slot Latest, Latest Float, LatestFloat Float,
    }
}
