//! One rule for each row of the table of instructions.
//!
//! A rule of an instruction that calls nothing is a line of a table, `Name(operands) -> type of the result = right side`, or an
//! arm of a `match`; those that may call something are in [`crate::machine`] and the files around it.
//!
//! | file | rules of |
//! |---|---|
//! | `integers`, `numbers` | untagged numbers |
//! | `vector_lanes`, `vector_integers`, `vector_floats` | vectors of 128 bits |
//! | `memory`, `atomic`, `lists` | linear memories, tables of `any` values |
//! | `objects` | records, arrays |
//! | `values` | moving values, `any` values without metamethods, closures and what they capture |
//! | `branches` | ends of blocks that call nothing |
//! | `strings` | strings as bytes, entries of tables, metatables |
//! | `dynamic` | arithmetic and comparison of `any` values, as far as no metamethod is needed |

mod atomic;
pub(crate) mod branches;
pub(crate) mod dynamic;
mod integers;
mod lists;
mod memory;
mod numbers;
mod objects;
pub(crate) mod scope;
mod strings;
mod values;
mod vector_floats;
mod vector_integers;
mod vector_lanes;

use minivm_isa::Instruction;
use scope::{Flow, Scope, Stop};

/// Rules of instructions with a result `dst`: `Name(operand: type, …; number) -> type = right side`.
macro_rules! rules {
    (
        $(#[$doc:meta])*
        pub(crate) fn $name:ident;
        $($variant:ident($($operand:ident: $ty:ty),* $(; $number:ident)?) -> $result:ty = $right:expr;)*
    ) => {
        $(#[$doc])*
        pub(crate) fn $name(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
            match instruction {
                $(Instruction::$variant { dst, $($operand,)* $($number)? } => {
                    $(let $operand: $ty = scope.get(*$operand);)*
                    $(let $number = *$number;)?
                    let right: $result = $right;
                    Some($crate::rules::scope::RightSide::end(right, scope, *dst))
                })*
                _ => None,
            }
        }
    };
}

use rules;

type Rules = fn(&mut Scope<'_>, &Instruction) -> Option<Result<Flow, Stop>>;

/// All rules of instructions that call nothing.
const RULES: [Rules; 23] = [
    integers::words,
    integers::long_words,
    integers::pairs,
    numbers::singles,
    numbers::doubles,
    numbers::conversions,
    values::moves,
    values::conversions,
    values::captures,
    branches::apply,
    objects::apply,
    objects::ranges,
    memory::apply,
    memory::ranges,
    atomic::apply,
    lists::apply,
    dynamic::apply,
    strings::bytes,
    strings::entries,
    vector_lanes::lane_access,
    vector_lanes::lane_comparisons,
    vector_integers::integer_lanes,
    vector_floats::float_lanes,
];

/// Does an instruction, unless it is one that may call something.
pub(crate) fn apply(scope: &mut Scope<'_>, instruction: &Instruction) -> Option<Result<Flow, Stop>> {
    RULES.iter().find_map(|rules| rules(scope, instruction))
}
