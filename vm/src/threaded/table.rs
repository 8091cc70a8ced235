//! What the [table](super::rows) of threaded instructions makes of a row: a type with an operand for each field, which is read
//! from code, written to code, and shown, all by the same list.

use crate::threaded::kinds::Names;
use crate::threaded::operands::Cursor;
use crate::threaded::{Assembler, Pc};

/// One of several instructions of a row.
pub(crate) trait Variant {
    /// What the name of the instruction ends with.
    const NAME: &'static str;
}

/// A row: an instruction with its operands.
pub(crate) trait Row: Sized {
    /// Where the operands end, in halves from the start of the instruction.
    const END: usize;
    /// Whether elements of a list follow.
    const HAS_LIST: bool;

    /// Its name.
    fn name() -> String;

    /// Its operands at `pc`.
    ///
    /// # Safety
    /// `pc` is at such an instruction.
    unsafe fn read(pc: Pc) -> Self;

    /// Writes the operands.
    fn write(self, asm: &mut Assembler);

    /// The names of the operands, and what they are.
    fn show(self, pc: Pc, names: &dyn Names) -> Vec<(&'static str, String)>;

    /// The instruction after the one at `pc`.
    ///
    /// # Safety
    /// As for [`read`](Self::read).
    #[inline(always)]
    unsafe fn next(pc: Pc) -> Pc {
        const { assert!(!Self::HAS_LIST, "a list says itself where it ends") };
        // SAFETY: the assembler pads every instruction to 8 bytes, and code ends with a terminator.
        unsafe { pc.add((Self::END + 3) & !3) }
    }

    /// What follows the operands at `pc`, in instructions whose further operands are those of a tree.
    #[inline(always)]
    fn rest(pc: Pc) -> Cursor {
        Cursor::inside(pc, Self::END)
    }
}

/// Where operands of these lengths and alignments end, after the address of the handler.
pub(crate) const fn end_of(operands: &[(usize, usize)]) -> usize {
    let mut end = Cursor::FIRST;
    let mut index = 0;
    while index < operands.len() {
        let (halves, align) = operands[index];
        end = end.next_multiple_of(align) + halves;
        index += 1;
    }
    end
}

/// Shows the operands of the instruction of row `R` at `pc`.
///
/// # Safety
/// `pc` is at such an instruction.
pub(crate) unsafe fn show_at<R: Row>(pc: Pc, names: &dyn Names) -> Vec<(&'static str, String)> {
    // SAFETY: passed on.
    unsafe { R::read(pc) }.show(pc, names)
}

/// The table: `Type[Variants]<Kinds> = name { operand: Kind, … }`. A row may come in variants that differ in what the handler
/// does, and in kinds that differ in where operands come from.
macro_rules! threaded {
    ($(
        $(#[$doc:meta])*
        $row:ident $([$($variant:ident),+])? $(<$($kind:ident),+>)? = $name:ident { $($field:ident: $ty:ty),* $(,)? }
    )*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $row<$($($variant,)+)? $($($kind: OperandKind),+)?> {
                $(pub(crate) $field: <$ty as OperandKind>::Value,)*
                $(pub(crate) variant: std::marker::PhantomData<($($variant,)+)>,)?
            }

            impl<$($($variant: Variant,)+)? $($($kind: OperandKind),+)?> Row for $row<$($($variant,)+)? $($($kind),+)?> {
                const END: usize = end_of(&[$((<$ty>::HALVES, <$ty>::ALIGN)),*]);
                const HAS_LIST: bool = false $(|| <$ty>::IS_LIST)*;

                fn name() -> String {
                    #[allow(unused_mut, reason = "rows without variants have only this name")]
                    let mut name = stringify!($name).to_owned();
                    $($(
                        name.push('.');
                        name.push_str($variant::NAME);
                    )+)?
                    name
                }

                /// # Safety
                /// The caller knows that these are the operands there, in the order of the fields.
                #[inline(always)]
                unsafe fn read(pc: Pc) -> Self {
                    #[allow(unused_mut, unused_variables, reason = "one row has no operands")]
                    let mut c = Cursor::new(pc);
                    // SAFETY: the caller knows that these are the operands there, in the order of the fields.
                    #[allow(unused_unsafe, reason = "one row has no operands")]
                    unsafe {
                        $row {
                            $($field: {
                                c.align(<$ty>::ALIGN);
                                <$ty>::read(&mut c)
                            },)*
                            $(variant: std::marker::PhantomData::<($($variant,)+)>,)?
                        }
                    }
                }

                #[allow(unused_variables, reason = "one row has no operands")]
                fn write(self, asm: &mut Assembler) {
                    $(
                        asm.align(<$ty>::ALIGN);
                        <$ty>::write(self.$field, asm);
                    )*
                }

                #[allow(unused_variables, reason = "one row has no operands")]
                fn show(self, pc: Pc, names: &dyn Names) -> Vec<(&'static str, String)> {
                    vec![$((stringify!($field), <$ty>::show(self.$field, pc, names))),*]
                }
            }
        )*

        /// Has a field for each row, so that a list of them which lacks one does not build.
        #[allow(dead_code, reason = "what counts is that it can be made")]
        pub(crate) struct EveryRow {
            $(pub(crate) $name: (),)*
        }
    };
}
pub(super) use threaded;
