//! The arithmetic of the `math` library. Functions of analysis come from a crate, so that every host gives the same bits.

use super::error::{LibraryError, LibraryResult};
use super::number::{Number, float_to_integer};

/// π.
pub const PI: f64 = std::f64::consts::PI;

/// `math.atan(y, x)`; `x` is 1 by default.
pub fn atan(y: f64, x: f64) -> f64 {
    libm::atan2(y, x)
}

/// `math.log(x, base)`; the natural logarithm without base.
pub fn log(x: f64, base: Option<f64>) -> f64 {
    match base {
        None => libm::log(x),
        Some(2.0) => libm::log2(x),
        Some(10.0) => libm::log10(x),
        Some(base) => libm::log(x) / libm::log(base),
    }
}

/// `math.abs`; the smallest integer stays what it is.
pub fn abs(value: Number) -> Number {
    match value {
        Number::Integer(value) => Number::Integer(value.wrapping_abs()),
        Number::Float(value) => Number::Float(value.abs()),
    }
}

/// `math.floor`: an integer if it fits.
pub fn floor(value: Number) -> Number {
    match value {
        Number::Integer(_) => value,
        Number::Float(value) => integer_if_it_fits(libm::floor(value)),
    }
}

/// `math.ceil`: an integer if it fits.
pub fn ceil(value: Number) -> Number {
    match value {
        Number::Integer(_) => value,
        Number::Float(value) => integer_if_it_fits(libm::ceil(value)),
    }
}

fn integer_if_it_fits(value: f64) -> Number {
    float_to_integer(value).map_or(Number::Float(value), Number::Integer)
}

/// `math.modf`: the part before the point, as an integer if it fits, and the part after it.
pub fn modf(value: Number) -> (Number, f64) {
    match value {
        Number::Integer(_) => (value, 0.0),
        Number::Float(value) => {
            let whole = libm::trunc(value);
            (integer_if_it_fits(whole), if value == whole { 0.0 } else { value - whole })
        }
    }
}

/// `math.fmod`: the remainder of a division that rounds toward zero; fails for an integer divided by the integer 0.
pub fn fmod(lhs: Number, rhs: Number) -> LibraryResult<Number> {
    match (lhs, rhs) {
        (Number::Integer(_), Number::Integer(0)) => Err(LibraryError::argument(2, "zero")),
        (Number::Integer(lhs), Number::Integer(rhs)) => Ok(Number::Integer(lhs.wrapping_rem(rhs))),
        _ => Ok(Number::Float(libm::fmod(lhs.as_float(), rhs.as_float()))),
    }
}

/// `math.ult`: compares integers as if they had no sign.
pub fn unsigned_less(lhs: i64, rhs: i64) -> bool {
    (lhs as u64) < rhs as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        assert_eq!(abs(Number::Integer(i64::MIN)), Number::Integer(i64::MIN));
        assert_eq!(floor(Number::Float(-3.5)), Number::Integer(-4));
        assert_eq!(ceil(Number::Float(1e300)), Number::Float(1e300));
        assert_eq!(fmod(Number::Integer(i64::MIN), Number::Integer(-1)), Ok(Number::Integer(0)));
        assert_eq!(fmod(Number::Integer(-7), Number::Integer(3)), Ok(Number::Integer(-1)));
        assert!(fmod(Number::Integer(1), Number::Integer(0)).is_err());
        assert_eq!(modf(Number::Float(-3.25)), (Number::Integer(-3), -0.25));
        assert_eq!(modf(Number::Float(f64::INFINITY)), (Number::Float(f64::INFINITY), 0.0));
        assert!(unsigned_less(1, -1));
    }
}
