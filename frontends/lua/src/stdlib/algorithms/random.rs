//! `math.random`: the generator xoshiro256** with the seeding and the projection of PUC Lua 5.4, number for number.

use super::error::{LibraryError, LibraryResult};

/// Numbers thrown away after seeding, so that similar seeds part.
const WARM_UP: usize = 16;
/// Bits of a double's mantissa.
const FLOAT_BITS: u32 = 53;

/// The state of the generator: four words, for snapshots to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random([u64; 4]);

impl Random {
    /// The generator after `math.randomseed(first, second)`; with one argument the second is 0.
    ///
    /// ```
    /// use minivm_lua::stdlib::algorithms::random::Random;
    /// assert_eq!(Random::seeded(42, 0).between(1, 100), Ok(50));
    /// ```
    pub fn seeded(first: i64, second: i64) -> Self {
        let mut random = Self([first as u64, 0xff, second as u64, 0]);
        for _ in 0..WARM_UP {
            random.bits();
        }
        random
    }

    /// The state, for a snapshot.
    pub fn state(&self) -> [u64; 4] {
        self.0
    }

    /// A generator in a state that [`Random::state`] gave.
    pub fn from_state(state: [u64; 4]) -> Self {
        Self(state)
    }

    /// 64 random bits: `math.random(0)`.
    pub fn bits(&mut self) -> u64 {
        let [s0, s1, s2, s3] = self.0;
        let s2 = s2 ^ s0;
        let s3 = s3 ^ s1;
        self.0 = [s0 ^ s3, s1 ^ s2, s2 ^ (s1 << 17), s3.rotate_left(45)];
        s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9)
    }

    /// A float from 0 up to but not including 1: `math.random()`.
    pub fn float(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1u64 << FLOAT_BITS) as f64;
        (self.bits() >> (64 - FLOAT_BITS)) as f64 * STEP
    }

    /// An integer from `low` to `high`: `math.random(low, high)`. Fails if there is none.
    pub fn between(&mut self, low: i64, high: i64) -> LibraryResult<i64> {
        let mut bits = self.bits();
        if low > high {
            return Err(LibraryError::argument(1, "interval is empty"));
        }
        let span = (high as u64).wrapping_sub(low as u64);
        // The smallest mask that covers the span; numbers that fall outside are drawn again.
        let mask = u64::MAX.checked_shr(span.leading_zeros()).unwrap_or(0);
        bits &= mask;
        while bits > span {
            bits = self.bits() & mask;
        }
        Ok(bits.wrapping_add(low as u64) as i64)
    }
}
