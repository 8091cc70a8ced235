//! Rounding floats to whole numbers with additions alone: the processors we compile for need not have an instruction for it,
//! and a call would dirty the handler.
//!
//! Adding and taking away 2^(p-1), where p is the number of digits, rounds what is smaller to the nearest whole number, ties to
//! even, in the rounding mode that is always set. Larger numbers are whole already.

/// A float that can be rounded. Results have the sign of the operand; a not-a-number gives a quiet one.
pub(crate) trait Rounding: Sized {
    /// To the nearest, ties to even.
    fn round_to_even(self) -> Self;
    /// Down.
    fn round_down(self) -> Self;
    /// Up.
    fn round_up(self) -> Self;
    /// To zero.
    fn round_to_zero(self) -> Self;
}

macro_rules! rounding {
    ($F:ty, $whole:literal) => {
        impl Rounding for $F {
            #[inline(always)]
            fn round_to_even(self) -> $F {
                let magnitude = self.abs();
                if magnitude < $whole { ((magnitude + $whole) - $whole).copysign(self) } else { quiet(self) }
            }

            #[inline(always)]
            fn round_down(self) -> $F {
                let nearest = self.round_to_even();
                if nearest > self { (nearest - 1.0).copysign(self) } else { nearest }
            }

            #[inline(always)]
            fn round_up(self) -> $F {
                let nearest = self.round_to_even();
                if nearest < self { (nearest + 1.0).copysign(self) } else { nearest }
            }

            #[inline(always)]
            fn round_to_zero(self) -> $F {
                let (magnitude, nearest) = (self.abs(), self.abs().round_to_even());
                let whole = if nearest > magnitude { nearest - 1.0 } else { nearest };
                whole.copysign(self)
            }
        }
    };
}

/// A not-a-number made quiet; anything else as it is.
#[inline(always)]
fn quiet<F: Copy + PartialEq + std::ops::Add<Output = F>>(value: F) -> F {
    let same = value;
    if same == value { value } else { value + value }
}

rounding!(f32, 8_388_608.0);
rounding!(f64, 4_503_599_627_370_496.0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_library() {
        let mut samples =
            vec![0.0, 0.3, 0.5, 0.7, 1.0, 1.5, 2.5, 1e15 + 0.5, 4_503_599_627_370_495.5, 1e16, 1e300, f64::INFINITY];
        samples.extend((0..2000).map(|n| f64::from(n) * 0.125));
        samples.extend([8_388_607.5, 8_388_608.0, f64::MIN_POSITIVE, 0.499_999_999_999_999_94]);
        for value in samples.iter().flat_map(|&value| [value, -value]) {
            let same = |ours: f64, theirs: f64| assert_eq!(ours.to_bits(), theirs.to_bits(), "{value}");
            same(value.round_to_even(), value.round_ties_even());
            same(value.round_down(), value.floor());
            same(value.round_up(), value.ceil());
            same(value.round_to_zero(), value.trunc());
            let value = value as f32;
            let same = |ours: f32, theirs: f32| assert_eq!(ours.to_bits(), theirs.to_bits(), "{value}");
            same(value.round_to_even(), value.round_ties_even());
            same(value.round_down(), value.floor());
            same(value.round_up(), value.ceil());
            same(value.round_to_zero(), value.trunc());
        }
        assert!(f64::NAN.round_down().is_nan() && f32::NAN.round_to_zero().is_nan());
    }

    #[test]
    fn makes_signalling_not_a_numbers_quiet() {
        let signalling = f64::from_bits(0x7ff4_0000_0000_0000);
        assert_eq!(std::hint::black_box(signalling).round_to_even().to_bits(), 0x7ffc_0000_0000_0000);
        assert_eq!(std::hint::black_box(signalling).round_to_zero().to_bits(), 0x7ffc_0000_0000_0000);
    }
}
