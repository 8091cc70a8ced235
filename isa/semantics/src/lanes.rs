//! Vectors of 128 bits as lists of lanes; lane 0 is the lowest.

/// What a lane can be.
pub(crate) trait Lane: Copy {
    /// Bits of a lane.
    const BITS: u32;
    /// A lane out of the low bits.
    fn from_bits_of(bits: u128) -> Self;
    /// The low bits, zeros above.
    fn bits_of(self) -> u128;
}

macro_rules! integers {
    ($($ty:ident $unsigned:ident)*) => {$(
        impl Lane for $ty {
            const BITS: u32 = $ty::BITS;
            fn from_bits_of(bits: u128) -> $ty {
                bits as $ty
            }
            fn bits_of(self) -> u128 {
                (self as $unsigned).into()
            }
        }
    )*};
}

integers! { i8 u8 u8 u8 i16 u16 u16 u16 i32 u32 u32 u32 i64 u64 u64 u64 }

impl Lane for f32 {
    const BITS: u32 = 32;
    fn from_bits_of(bits: u128) -> f32 {
        f32::from_bits(bits as u32)
    }
    fn bits_of(self) -> u128 {
        self.to_bits().into()
    }
}

impl Lane for f64 {
    const BITS: u32 = 64;
    fn from_bits_of(bits: u128) -> f64 {
        f64::from_bits(bits as u64)
    }
    fn bits_of(self) -> u128 {
        self.to_bits().into()
    }
}

/// The lanes of a vector.
pub(crate) fn lanes<T: Lane>(vector: u128) -> impl Iterator<Item = T> {
    (0..128 / T::BITS).map(move |lane| T::from_bits_of(vector >> (lane * T::BITS)))
}

/// A vector of lanes; those that are missing are 0.
fn vector<T: Lane>(lanes: impl Iterator<Item = T>) -> u128 {
    (0..).step_by(T::BITS as usize).zip(lanes).fold(0, |vector, (at, lane)| vector | lane.bits_of() << at)
}

fn index<T: Lane>(lane: u64) -> u32 {
    (lane % u64::from(128 / T::BITS)) as u32
}

/// A lane; numbers start again past the last one.
pub(crate) fn get<T: Lane>(source: u128, lane: u64) -> T {
    T::from_bits_of(source >> (index::<T>(lane) * T::BITS))
}

/// The vector with another lane.
pub(crate) fn with<T: Lane>(source: u128, lane: u64, value: T) -> u128 {
    vector((0..).zip(lanes(source)).map(|(at, old)| if at == index::<T>(lane) { value } else { old }))
}

/// All lanes alike.
pub(crate) fn splat<T: Lane>(value: T) -> u128 {
    vector((0..128 / T::BITS).map(|_| value))
}

/// Lane by lane.
pub(crate) fn map<T: Lane>(source: u128, rule: impl Fn(T) -> T) -> u128 {
    convert(source, rule)
}

/// Lane by lane of two vectors.
pub(crate) fn zip<T: Lane>(lhs: u128, rhs: u128, rule: impl Fn(T, T) -> T) -> u128 {
    vector(lanes(lhs).zip(lanes(rhs)).map(|(lhs, rhs)| rule(lhs, rhs)))
}

/// Lane by lane, from one type to another; lanes that do not fit any more are dropped.
pub(crate) fn convert<T: Lane, U: Lane>(source: u128, rule: impl Fn(T) -> U) -> u128 {
    vector(lanes(source).map(rule).take((128 / U::BITS) as usize))
}

/// Ones in the lanes for which a relation holds, zeros in the others.
pub(crate) fn compare<T: Lane>(lhs: u128, rhs: u128, holds: impl Fn(T, T) -> bool) -> u128 {
    let ones = (1_u128 << T::BITS) - 1;
    vector(lanes(lhs).zip(lanes(rhs)).map(|(lhs, rhs)| T::from_bits_of(if holds(lhs, rhs) { ones } else { 0 })))
}

/// The sign of each lane, as a bit.
pub(crate) fn bitmask<T: Lane>(source: u128) -> u32 {
    (0..128 / T::BITS).fold(0, |mask, lane| mask | ((source >> ((lane + 1) * T::BITS - 1)) as u32 & 1) << lane)
}

/// The lower half, zeros above.
pub(crate) fn low(source: u128) -> u128 {
    source & u128::from(u64::MAX)
}

/// The upper half in the place of the lower.
pub(crate) fn high(source: u128) -> u128 {
    source >> 64
}

/// The lanes of the lower half with twice the bits.
pub(crate) fn widen<T: Lane, U: Lane + From<T>>(source: u128) -> u128 {
    convert(source, |lane: T| U::from(lane))
}

/// Products of the lanes of the lower halves with twice the bits, in which they fit.
pub(crate) fn product<T: Lane, U: Lane + From<T> + std::ops::Mul<Output = U>>(lhs: u128, rhs: u128) -> u128 {
    zip(widen::<T, U>(lhs), widen::<T, U>(rhs), |lhs: U, rhs: U| lhs * rhs)
}

/// Neighbours put together, with twice the bits.
pub(crate) fn pairs<T: Lane, U: Lane + From<T>>(source: u128, rule: impl Fn(U, U) -> U) -> u128 {
    let lanes: Vec<U> = lanes::<T>(source).map(U::from).collect();
    vector(lanes.chunks_exact(2).map(|pair| rule(pair[0], pair[1])))
}

/// The lanes of two vectors, one after the other, with half the bits.
pub(crate) fn narrow<T: Lane, U: Lane>(lhs: u128, rhs: u128, rule: impl Fn(T) -> U) -> u128 {
    vector(lanes(lhs).chain(lanes(rhs)).map(rule))
}

/// Sums of two neighbouring products, with twice the bits.
pub(crate) fn dot<T, U>(lhs: u128, rhs: u128, sum: impl Fn(U, U) -> U) -> u128
where
    T: Lane,
    U: Lane + From<T> + std::ops::Mul<Output = U>,
{
    let products: Vec<U> = lanes::<T>(lhs).zip(lanes::<T>(rhs)).map(|(lhs, rhs)| U::from(lhs) * U::from(rhs)).collect();
    vector(products.chunks_exact(2).map(|pair| sum(pair[0], pair[1])))
}

/// Bytes of two vectors by number; 0 for numbers that are too large.
pub(crate) fn shuffled(lhs: u128, rhs: u128, numbers: u128) -> u128 {
    let bytes: Vec<u8> = lanes(lhs).chain(lanes(rhs)).collect();
    map(numbers, |number: u8| bytes.get(usize::from(number)).copied().unwrap_or(0))
}

/// Bytes of a vector by number; 0 for numbers that are too large.
pub(crate) fn swizzled(source: u128, numbers: u128) -> u128 {
    let bytes: Vec<u8> = lanes(source).collect();
    map(numbers, |number: u8| bytes.get(usize::from(number)).copied().unwrap_or(0))
}
