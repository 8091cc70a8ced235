//! The names of metamethods: the heap reads `__gc` and `__mode`, and tables remember which of the first eight are absent.

use super::{Heap, Str};

macro_rules! metamethods {
    ($($name:ident $text:literal;)*) => {
        /// A metamethod. The first eight have a bit in a table's cache of absent ones.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        #[allow(dead_code, reason = "some are only asked for by name, by hosts")]
        pub(crate) enum Metamethod { $(#[doc = $text] $name,)* }

        const NAMES: &[&str] = &[$($text),*];
        /// How many there are.
        pub(crate) const COUNT: usize = NAMES.len();
    };
}

metamethods! {
    Index "__index"; NewIndex "__newindex"; Eq "__eq"; Len "__len"; Call "__call"; Gc "__gc"; Mode "__mode"; Close "__close";
    Add "__add"; Sub "__sub"; Mul "__mul"; Div "__div"; Mod "__mod"; Pow "__pow"; FloorDiv "__idiv";
    BitAnd "__band"; BitOr "__bor"; BitXor "__bxor"; ShiftLeft "__shl"; ShiftRight "__shr";
    Negate "__unm"; BitNot "__bnot"; Concat "__concat"; Less "__lt"; LessEqual "__le";
    Name "__name"; ToString "__tostring"; Metatable "__metatable"; Pairs "__pairs";
}

/// The names as interned strings.
pub(crate) fn intern_names(heap: &mut Heap) -> [*mut Str; COUNT] {
    let mut names = [std::ptr::null_mut(); COUNT];
    for (slot, name) in names.iter_mut().zip(NAMES) {
        *slot = heap.new_string(name.as_bytes()).expect("a new heap has room for the names");
    }
    names
}
