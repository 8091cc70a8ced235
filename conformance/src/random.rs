//! Random numbers that repeat.

/// Xorshift: the same sequence from the same seed, everywhere.
pub struct Random(u64);

impl Random {
    /// The sequence with this number among those of a seed: each can be made again alone.
    pub fn new(seed: u64, number: u64) -> Self {
        let mixed = (seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mut random = Self(mixed | 1);
        for _ in 0..8 {
            random.next();
        }
        random
    }

    /// The next number.
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    /// A number from 1 to `2^bits`, small ones as likely as large ones.
    pub fn size(&mut self, bits: usize) -> u64 {
        1 + self.next() % (1 << self.below(bits + 1))
    }
}
