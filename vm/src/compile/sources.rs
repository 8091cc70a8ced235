//! Where the inputs of arithmetic and comparisons come from, and the handler for each pair of such places.

use super::Compiling;
use crate::handlers::control::Sense;
use crate::handlers::dynamic::{Arithmetic, Relation};
use crate::handlers::sources::{AnySource, Float, FloatSlot, Inline, Int, IntSlot, Latest, LatestFloat, Slot};
use crate::threaded::kinds::BranchTo;
use crate::threaded::rows;
use crate::value::Value;
use std::marker::PhantomData;

/// An input as it is written into an instruction.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Slot(usize),
    Int(i32),
    Float(u64),
    /// Any other constant.
    Inline(Value),
}

/// A kind of operand that an input can be written as.
pub(super) trait FromSource: AnySource {
    /// The operand.
    fn of(source: Source) -> Self::Value;
}

macro_rules! from_source {
    ($($variant:ident($operand:ident) => $value:expr, $($kind:ident)*;)*) => {$($(
        impl FromSource for $kind {
            fn of(source: Source) -> Self::Value {
                let Source::$variant($operand) = source else { unreachable!("the kind was chosen for the input") };
                $value
            }
        }
    )*)*};
}

from_source! {
    Slot(slot) => slot, Slot IntSlot FloatSlot Latest LatestFloat;
    Int(int) => i64::from(int), Int;
    Float(bits) => bits, Float;
    Inline(value) => value, Inline;
}

/// An operation to write: the destination of its value, or where it branches to.
#[derive(Clone, Copy)]
pub(super) struct Operation<T> {
    pub(super) at: usize,
    pub(super) to: T,
    pub(super) lhs: Source,
    pub(super) rhs: Source,
}

/// How a handler treats an input; each is a kind of operand of the same name.
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

/// Writes an operation with one pair of kinds.
pub(super) type Writer<T> = fn(&mut Compiling<'_>, Operation<T>);

/// What writes an operation with a pair of kinds, if there is a handler for it.
pub(super) type Variants<T> = fn(Kind, Kind) -> Option<Writer<T>>;

/// Writes an operation with the best pair of kinds there is a handler for.
pub(super) fn put<T>(
    compiling: &mut Compiling,
    variants: Variants<T>,
    (left, right): (Kinds, Kinds),
    operation: Operation<T>,
) {
    let pairs = left.into_iter().flat_map(|left| right.into_iter().map(move |right| (left, right)));
    let mut writers = pairs.filter_map(|(left, right)| variants(left, right));
    writers.next().expect("there is a handler for the last of each")(compiling, operation);
}

macro_rules! writers {
    ($writer:ident<$operation:ident>, $left:expr, $right:expr; $($l:ident $r:ident),* $(,)?) => {
        match ($left, $right) {
            $((Kind::$l, Kind::$r) => Some($writer::<$operation, $l, $r>),)*
            _ => None,
        }
    };
    ($writer:ident<$operation:ident, $sense:ident>, $left:expr, $right:expr; $($l:ident $r:ident),* $(,)?) => {
        match ($left, $right) {
            $((Kind::$l, Kind::$r) => Some($writer::<$operation, $l, $r, $sense>),)*
            _ => None,
        }
    };
}

fn put_arithmetic<O: Arithmetic, L: FromSource, R: FromSource>(compiling: &mut Compiling<'_>, it: Operation<usize>) {
    let (lhs, rhs) = (L::of(it.lhs), R::of(it.rhs));
    put!(compiling, it.at, rows::Arithmetic::<O, L, R> { dst: it.to, lhs, rhs, variant: PhantomData });
}

fn put_comparison<O: Relation, L: FromSource, R: FromSource>(compiling: &mut Compiling<'_>, it: Operation<usize>) {
    let (lhs, rhs) = (L::of(it.lhs), R::of(it.rhs));
    put!(compiling, it.at, rows::Compare::<O, L, R> { dst: it.to, lhs, rhs, variant: PhantomData });
}

fn put_branch<O, L, R, S>(compiling: &mut Compiling<'_>, it: Operation<BranchTo>)
where
    O: Relation,
    L: FromSource,
    R: FromSource,
    S: Sense,
{
    let (lhs, rhs) = (L::of(it.lhs), R::of(it.rhs));
    put!(compiling, it.at, rows::BranchCompare::<O, S, L, R> { lhs, rhs, branch: it.to, variant: PhantomData });
}

/// Arithmetic of any kind.
pub(super) fn arithmetic<O: Arithmetic>(left: Kind, right: Kind) -> Option<Writer<usize>> {
    writers! {
        put_arithmetic<O>, left, right;
        Slot Slot, Slot Int, Slot Float, Int Slot, Float Slot,
        IntSlot Int, IntSlot IntSlot, IntSlot Slot, Slot IntSlot,
    }
}

/// Arithmetic that floats are in line for.
pub(super) fn float_arithmetic<O: Arithmetic>(left: Kind, right: Kind) -> Option<Writer<usize>> {
    let special: Option<Writer<usize>> = writers! {
        put_arithmetic<O>, left, right;
        Latest Slot, Slot Latest, Latest Float, Float Latest, Latest Latest,
        FloatSlot FloatSlot, FloatSlot Float, Float FloatSlot, FloatSlot Slot, Slot FloatSlot,
        LatestFloat FloatSlot, FloatSlot LatestFloat, LatestFloat Float, Float LatestFloat, LatestFloat Slot, Slot LatestFloat,
        FloatSlot Latest, Latest FloatSlot,
    };
    special.or_else(|| arithmetic::<O>(left, right))
}

/// Comparisons as values.
pub(super) fn comparison<O: Relation>(left: Kind, right: Kind) -> Option<Writer<usize>> {
    writers! { put_comparison<O>, left, right; Slot Slot, Slot Int, Slot Float, Int Slot, Float Slot }
}

/// Branches on comparisons.
pub(super) fn branch<O: Relation, S: Sense>(left: Kind, right: Kind) -> Option<Writer<BranchTo>> {
    writers! {
        put_branch<O, S>, left, right;
        Slot Slot, Slot Int, Slot Float, Int Slot, Float Slot,
        IntSlot Int, IntSlot IntSlot, IntSlot Slot, Slot IntSlot,
        FloatSlot FloatSlot, FloatSlot Float, Latest Slot, Slot Latest, Latest Float, LatestFloat Float,
    }
}
