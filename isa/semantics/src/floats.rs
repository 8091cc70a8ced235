//! What IEEE 754 leaves to WebAssembly: the lesser and the greater of two floats, and floats as integers.

use minivm_isa::TrapCode;

/// A float type.
pub(crate) trait Float: Sized {
    /// The lesser; not a number if one is not; -0 is less than +0.
    fn lesser(lhs: Self, rhs: Self) -> Self;
    /// The same; what is not a number is made quiet, as all arithmetic makes it.
    fn quiet(self) -> Self;
    /// The greater; not a number if one is not; +0 is greater than -0.
    fn greater(lhs: Self, rhs: Self) -> Self;
}

macro_rules! floats {
    ($($ty:ident)*) => {$(
        impl Float for $ty {
            fn lesser(lhs: $ty, rhs: $ty) -> $ty {
                if lhs.is_nan() || rhs.is_nan() {
                    return lhs + rhs;
                }
                if lhs < rhs || lhs == rhs && lhs.is_sign_negative() { lhs } else { rhs }
            }

            fn quiet(self) -> $ty {
                if self.is_nan() { self + self } else { self }
            }

            fn greater(lhs: $ty, rhs: $ty) -> $ty {
                if lhs.is_nan() || rhs.is_nan() {
                    return lhs + rhs;
                }
                if lhs > rhs || lhs == rhs && lhs.is_sign_positive() { lhs } else { rhs }
            }
        }
    )*};
}

floats! { f32 f64 }

/// A float without its fraction, if it is not below `minimum` and below `limit`.
pub(crate) fn truncated(value: f64, minimum: f64, limit: f64) -> Result<f64, TrapCode> {
    if value.is_nan() {
        return Err(TrapCode::InvalidConversion);
    }
    let whole = value.trunc();
    if minimum <= whole && whole < limit { Ok(whole) } else { Err(TrapCode::IntegerOverflow) }
}
