//! Sums and products of which the first operand that is not a number is passed on, as for single floats: a compiler may exchange
//! the operands otherwise, one build and not another.

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
use super::zip;
#[cfg(all(target_arch = "x86_64", not(miri)))]
use std::arch::asm;

macro_rules! ordered {
    ($($name:ident [$ty:ty; $count:literal] $vector:ident $code:literal $operator:tt;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(lhs: [$ty; $count], rhs: [$ty; $count]) -> [$ty; $count] {
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            // SAFETY: the types are of one size and hold any bits; the instruction is one of every processor of this kind, and
            // touches its operands alone.
            unsafe {
                use std::arch::x86_64::$vector;
                let mut value = std::mem::transmute::<[$ty; $count], $vector>(lhs);
                let other = std::mem::transmute::<[$ty; $count], $vector>(rhs);
                asm!(
                    concat!($code, " {value}, {other}"),
                    value = inout(xmm_reg) value,
                    other = in(xmm_reg) other,
                    options(pure, nomem, nostack, preserves_flags)
                );
                std::mem::transmute::<$vector, [$ty; $count]>(value)
            }
            #[cfg(not(all(target_arch = "x86_64", not(miri))))]
            zip(lhs, rhs, |one: $ty, other: $ty| one $operator other)
        }
    )*};
}

ordered! {
    add_singles [f32; 4] __m128 "addps" +;
    multiply_singles [f32; 4] __m128 "mulps" *;
    add_doubles [f64; 2] __m128d "addpd" +;
    multiply_doubles [f64; 2] __m128d "mulpd" *;
}
