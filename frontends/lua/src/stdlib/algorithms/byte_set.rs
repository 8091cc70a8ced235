//! Sets of bytes, and the character classes of Lua (the C locale's).

/// A set of bytes, one bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// The set without members.
    pub const EMPTY: Self = Self([0; 4]);

    /// The bytes of class `letter`, as `%letter` in a pattern: upper case means the complement, and what is no letter of a
    /// class stands for itself.
    pub fn class(letter: u8) -> Self {
        match CLASSES[usize::from(letter.to_ascii_lowercase() & 0x7f)] {
            Some(set) if letter.is_ascii_lowercase() => set,
            Some(set) if letter.is_ascii_uppercase() => set.complement(),
            _ => {
                let mut set = Self::EMPTY;
                set.insert(letter);
                set
            }
        }
    }

    /// The set of these bytes.
    pub const fn of(bytes: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        let mut index = 0;
        while index < bytes.len() {
            set.insert(bytes[index]);
            index += 1;
        }
        set
    }

    /// Adds one byte.
    pub const fn insert(&mut self, byte: u8) {
        self.0[(byte >> 6) as usize] |= 1 << (byte & 63);
    }

    /// Adds every byte from `first` to `last`; nothing if they are out of order.
    pub fn insert_range(&mut self, first: u8, last: u8) {
        for byte in first..=last {
            self.insert(byte);
        }
    }

    /// The members of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// Every byte that is no member.
    #[must_use]
    pub fn complement(&self) -> Self {
        Self(self.0.map(|word| !word))
    }

    /// Whether `byte` is a member.
    #[inline]
    pub const fn contains(&self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 != 0
    }

    /// Whether no byte is in both sets.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(lhs, rhs)| lhs & rhs == 0)
    }
}

/// The sets of the classes, by letter; made when the library is compiled, because programs make patterns all the time.
static CLASSES: [Option<ByteSet>; 128] = {
    let mut classes = [None; 128];
    let mut letter = b'a';
    while letter <= b'z' {
        classes[letter as usize] = make_class(letter);
        letter += 1;
    }
    classes
};

const fn make_class(letter: u8) -> Option<ByteSet> {
    let mut set = ByteSet::EMPTY;
    let mut byte = 0u8;
    loop {
        let member = match letter {
            b'a' => byte.is_ascii_alphabetic(),
            b'c' => byte.is_ascii_control(),
            b'd' => byte.is_ascii_digit(),
            b'g' => byte.is_ascii_graphic(),
            b'l' => byte.is_ascii_lowercase(),
            b'p' => byte.is_ascii_punctuation(),
            b's' => byte == b' ' || (b'\t' <= byte && byte <= b'\r'),
            b'u' => byte.is_ascii_uppercase(),
            b'w' => byte.is_ascii_alphanumeric(),
            b'x' => byte.is_ascii_hexdigit(),
            b'z' => byte == 0,
            _ => return None,
        };
        if member {
            set.insert(byte);
        }
        if byte == u8::MAX {
            return Some(set);
        }
        byte += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        assert!(ByteSet::class(b'a').contains(b'z'));
        assert!(!ByteSet::class(b'A').contains(b'z'));
        assert!(ByteSet::class(b'A').contains(0xe4));
        assert!(ByteSet::class(b'.').contains(b'.'));
        assert!(!ByteSet::class(b'.').contains(b'a'));
        assert!(ByteSet::class(b's').contains(0x0b));
        assert_eq!(ByteSet::class(b'd').complement(), ByteSet::class(b'D'));
        assert!(ByteSet::class(b'd').is_disjoint(&ByteSet::class(b'a')));
    }
}
