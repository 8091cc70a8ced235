//! What fast calls over the boundary between `any` code and typed code need to know of a signature.

use crate::threaded::Pc;
use crate::threaded::return_stubs::{EXACT_ARGUMENTS_MAX, ReturnStubs};
use crate::value::Tag;
use minivm_isa::{Convention, Signature, Type};

/// Bits of a type in a list of types.
pub(crate) const TYPE_BITS: u32 = 4;
/// The last of a list of types.
pub(crate) const TYPE_MASK: u64 = (1 << TYPE_BITS) - 1;
/// No result.
pub(crate) const NONE: u64 = 0;
pub(crate) const ANY: u64 = 1;
/// More than one result, or one that does not convert at once.
pub(crate) const MANY: u64 = 2;
// Types of one word are above: the tag of their values, and a bit for those that are not the payload as it is.
pub(crate) const I64: u64 = Tag::INT.0 as u64;
pub(crate) const F64: u64 = Tag::FLOAT.0 as u64;
pub(crate) const I32: u64 = I64 | CONVERTED;
pub(crate) const F32: u64 = F64 | CONVERTED;
/// Set in the types whose words are not the payloads of their values.
pub(crate) const CONVERTED: u64 = 8;

/// The number of parameters of functions that must not be called in the fast ways.
const NOT_FAST: u32 = u32::MAX - 1;

/// A signature for fast calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BoundarySignature {
    /// Types of the parameters, [`TYPE_BITS`] each; for functions with code the first is the lowest, for bridges the last is.
    pub(crate) params: u64,
    /// Type of the result, [`NONE`] or [`MANY`].
    pub(crate) result: u64,
    /// Number of parameters; one that no function has unless the fast ways may be taken.
    pub(crate) count: u32,
    /// Words of the parameters.
    pub(crate) words: u32,
    /// Where the call behind the boundary returns to.
    pub(crate) place: Pc,
}

impl BoundarySignature {
    /// The boundary signature of a function that nobody calls over a boundary.
    pub(crate) const NONE: BoundarySignature =
        BoundarySignature { params: 0, result: NONE, count: NOT_FAST, words: 0, place: std::ptr::null() };

    /// The boundary signature of a typed function for `any` code.
    pub(crate) fn of_typed(signature: &Signature, stubs: &ReturnStubs) -> BoundarySignature {
        let place = stubs.typed(signature.params.len());
        BoundarySignature::new(signature, signature.params.iter().rev(), place)
    }

    /// The boundary signature of a bridge: an `any` function for typed code.
    pub(crate) fn of_bridge(signature: &Signature, stubs: &ReturnStubs) -> BoundarySignature {
        BoundarySignature::new(signature, signature.params.iter(), Some(stubs.bridge(&signature.results)))
    }

    /// `params` are given from what becomes the highest to the lowest.
    fn new<'a>(signature: &Signature, params: impl Iterator<Item = &'a Type>, place: Option<Pc>) -> BoundarySignature {
        if signature.convention != Convention::Typed {
            return BoundarySignature::NONE;
        }
        let place = place.unwrap_or(std::ptr::null());
        let count = signature.params.len();
        let words: u32 = signature.params.iter().map(|ty| ty.words()).sum();
        let result = match signature.results[..] {
            [] => Some(NONE),
            [ty] => code(ty),
            _ => Some(MANY),
        };
        let mut is_fast = count <= EXACT_ARGUMENTS_MAX && !place.is_null() && result.is_some();
        let mut list = 0;
        for &ty in params {
            let ty = code(ty);
            is_fast &= ty.is_some();
            list = list << TYPE_BITS | ty.unwrap_or(NONE);
        }
        let count = if is_fast { count as u32 } else { NOT_FAST };
        BoundarySignature { params: list, result: result.unwrap_or(MANY), count, words, place }
    }

    /// Whether the fast ways may be taken.
    pub(crate) fn is_fast(&self) -> bool {
        self.count != NOT_FAST
    }
}

/// Whether a type converts without looking at the heap.
pub(crate) fn converts_at_once(ty: Type) -> bool {
    code(ty).is_some()
}

/// The number of a type that converts without looking at the heap.
fn code(ty: Type) -> Option<u64> {
    match ty {
        Type::I32 => Some(I32),
        Type::I64 => Some(I64),
        Type::F32 => Some(F32),
        Type::F64 => Some(F64),
        Type::Any => Some(ANY),
        Type::V128 | Type::Cell | Type::Ref(_) => None,
    }
}
