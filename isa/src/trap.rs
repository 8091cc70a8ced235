//! Why a run stops when it is not the program's own error value.

use std::fmt;

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $number:literal $text:literal;)*) => {
        /// The reason of a trap. The numbers are part of the bytecode.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum TrapCode { $($(#[$doc])* $name = $number,)* }

        impl TrapCode {
            /// All codes in the order of their numbers.
            pub const ALL: &'static [TrapCode] = &[$(TrapCode::$name),*];

            /// The message for people; WebAssembly's own words where it has some.
            pub fn message(self) -> &'static str {
                match self { $(TrapCode::$name => $text,)* }
            }

            /// The word in the text form: the message with `_` for spaces.
            pub fn name(self) -> String {
                self.message().replace(' ', "_")
            }

            /// The code with a number, if there is one.
            pub fn from_number(number: u64) -> Option<TrapCode> {
                TrapCode::ALL.iter().copied().find(|&code| code as u64 == number)
            }
        }
    };
}

traps! {
    /// Code was reached that must not be.
    Unreachable = 0 "unreachable";
    /// Integer division by zero.
    DivideByZero = 1 "integer divide by zero";
    /// The result of an integer operation does not fit.
    IntegerOverflow = 2 "integer overflow";
    /// A NaN has no integer value.
    InvalidConversion = 3 "invalid conversion to integer";
    /// An access past the end of a linear memory.
    MemoryBounds = 4 "out of bounds memory access";
    /// An access past the end of a table.
    TableBounds = 5 "out of bounds table access";
    /// A call through a table index past its end.
    UndefinedElement = 6 "undefined element";
    /// A call through a table element that holds nothing.
    UninitializedElement = 7 "uninitialized element";
    /// A call through a table with another signature than the function's.
    IndirectCallType = 8 "indirect call type mismatch";
    /// A null reference was used.
    NullReference = 9 "null reference";
    /// An access past the end of an array.
    ArrayBounds = 10 "out of bounds array access";
    /// A value of another kind than asked for.
    WrongKind = 11 "value of the wrong kind";
    /// The stack limit was reached.
    StackOverflow = 12 "stack overflow";
    /// The memory limit was reached.
    OutOfMemory = 13 "not enough memory";
    /// An operation that this machine does not have.
    Unsupported = 14 "unsupported operation";
    /// A cast to another layout than the object's.
    CastFailure = 15 "cast failure";
    /// An atomic access at an address that is not a multiple of its size.
    UnalignedAtomic = 16 "unaligned atomic";
    /// Waiting on a memory that is not shared.
    ExpectedShared = 17 "expected shared memory";
    /// So many wait already that no more may.
    TooManyWaits = 18 "too many waits";
    /// An access past the end of a string.
    StringBounds = 19 "out of bounds string access";
}

impl fmt::Display for TrapCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}
