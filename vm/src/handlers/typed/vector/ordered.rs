//! What the compiler of this crate is told the instruction for: bytes picked by number, which it does not find one for by itself,
//! and sums and products of which the first operand that is not a number is passed on, as for single floats: a compiler may exchange
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

/// For each place the byte of that number, of which the lowest four bits count, or 0 where the highest bit is set. Processors that
/// cannot do it are not asked to: see [`processor`](super::processor).
#[inline(always)]
pub(super) fn pick_bytes(lanes: [u8; 16], places: [u8; 16]) -> [u8; 16] {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: the types are of one size and hold any bits; whoever is here has asked the processor whether it has the instruction,
    // which touches its operands alone.
    unsafe {
        use std::arch::x86_64::__m128i;
        let mut value = std::mem::transmute::<[u8; 16], __m128i>(lanes);
        let other = std::mem::transmute::<[u8; 16], __m128i>(places);
        asm!(
            "pshufb {value}, {other}",
            value = inout(xmm_reg) value,
            other = in(xmm_reg) other,
            options(pure, nomem, nostack, preserves_flags)
        );
        std::mem::transmute::<__m128i, [u8; 16]>(value)
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    super::map(places, |place| if place < 128 { lanes[usize::from(place & 15)] } else { 0 })
}
