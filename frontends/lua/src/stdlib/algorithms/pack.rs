//! The format strings of `string.pack`: options with their sizes, alignment and byte order.

use super::error::{LibraryError, LibraryResult};

/// The largest size of an integer, in bytes.
const INTEGER_SIZE_MAX: usize = 16;
/// The alignment that `!` alone asks for, in bytes.
const NATIVE_ALIGNMENT: usize = 8;
/// Reading a number of a format stops here, with digits left over, as PUC's reader does.
const NUMBER_LIMIT: usize = (i32::MAX as usize - 9) / 10;
/// The largest size that `packsize` answers, in bytes.
const PACKED_SIZE_MAX: usize = i32::MAX as usize;

/// The order of the bytes of a number. "Native" is little, on every host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// The lowest byte first.
    Little,
    /// The highest byte first.
    Big,
}

/// What one option of a format stands for. Sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A two's complement integer.
    Signed {
        /// 1 to 16.
        size: usize,
    },
    /// An integer without sign.
    Unsigned {
        /// 1 to 16.
        size: usize,
    },
    /// A float of four bytes.
    Float,
    /// A float of eight bytes.
    Double,
    /// A string of that size, padded with zeros.
    Fixed {
        /// Its size.
        size: usize,
    },
    /// A string after its length.
    Counted {
        /// The size of the length.
        size: usize,
    },
    /// A string that a zero byte ends.
    ZeroTerminated,
    /// A byte of padding.
    Padding,
    /// Only alignment, or nothing at all.
    Nothing,
}

impl Kind {
    /// How many bytes it takes, without what depends on the value.
    pub fn size(self) -> usize {
        match self {
            Kind::Signed { size } | Kind::Unsigned { size } | Kind::Fixed { size } | Kind::Counted { size } => size,
            Kind::Float => 4,
            Kind::Double => 8,
            Kind::Padding => 1,
            Kind::ZeroTerminated | Kind::Nothing => 0,
        }
    }

    /// Whether a value belongs to it.
    pub fn has_value(self) -> bool {
        !matches!(self, Kind::Padding | Kind::Nothing)
    }
}

/// One option of a format, in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackOption {
    /// What it stands for.
    pub kind: Kind,
    /// How many bytes of padding come before it.
    pub padding: usize,
    /// The byte order in force.
    pub order: ByteOrder,
}

/// Letters of a format that are read at a time at most: then comes an option that is nothing.
const LETTERS_MAX: usize = 256;

/// Reads the options of a format, in order. A zero byte ends the format.
#[derive(Clone, Debug)]
pub struct Options<'f> {
    rest: &'f [u8],
    length: usize,
    order: ByteOrder,
    alignment_max: usize,
}

impl<'f> Options<'f> {
    /// Starts at the beginning of `format`.
    pub fn new(format: &'f [u8]) -> Self {
        Self { rest: format, length: format.len(), order: ByteOrder::Little, alignment_max: 1 }
    }

    /// Goes on in `format` where a reader stopped that gave these numbers by [`state`](Self::state).
    pub fn resume(format: &'f [u8], [offset, order, alignment_max]: [usize; 3]) -> Self {
        Self {
            rest: format.get(offset..).unwrap_or_default(),
            length: format.len(),
            order: if order == 0 { ByteOrder::Little } else { ByteOrder::Big },
            alignment_max: alignment_max.clamp(1, INTEGER_SIZE_MAX),
        }
    }

    /// How many bytes of the format were read, and what is in force there.
    pub fn state(&self) -> [usize; 3] {
        [self.length - self.rest.len(), usize::from(self.order == ByteOrder::Big), self.alignment_max]
    }

    /// The next option that takes room or a value, when `offset` bytes come before it; `None` at the end of the format.
    pub fn next(&mut self, offset: usize) -> LibraryResult<Option<PackOption>> {
        let mut letters = 0;
        while let Some((letter, rest)) = self.rest.split_first().filter(|(letter, _)| **letter != 0) {
            self.rest = rest;
            letters += 1;
            let (kind, align) = if *letter == b'X' {
                (Kind::Nothing, self.alignment_of_next()?)
            } else {
                let kind = self.option(*letter)?;
                let needs_none = matches!(kind, Kind::Fixed { .. });
                (kind, if needs_none { 0 } else { kind.size() })
            };
            let padding = self.padding(offset, align)?;
            if kind != Kind::Nothing || padding > 0 || letters == LETTERS_MAX {
                return Ok(Some(PackOption { kind, padding, order: self.order }));
            }
        }
        Ok(None)
    }

    fn padding(&self, offset: usize, align: usize) -> LibraryResult<usize> {
        if align <= 1 {
            return Ok(0);
        }
        let align = align.min(self.alignment_max);
        if !align.is_power_of_two() {
            return Err(LibraryError::argument(1, "format asks for alignment not power of 2"));
        }
        Ok(offset.wrapping_neg() & (align - 1))
    }

    /// `X` aligns as the option after it would, and swallows that option.
    fn alignment_of_next(&mut self) -> LibraryResult<usize> {
        let invalid = || LibraryError::argument(1, "invalid next option for option 'X'");
        let (letter, rest) = self.rest.split_first().filter(|(letter, _)| **letter != 0).ok_or_else(invalid)?;
        self.rest = rest;
        let kind = if *letter == b'X' { Kind::Nothing } else { self.option(*letter)? };
        match kind {
            Kind::Fixed { .. } => Err(invalid()),
            _ if kind.size() == 0 => Err(invalid()),
            _ => Ok(kind.size()),
        }
    }

    fn option(&mut self, letter: u8) -> LibraryResult<Kind> {
        Ok(match letter {
            b'b' => Kind::Signed { size: 1 },
            b'B' => Kind::Unsigned { size: 1 },
            b'h' => Kind::Signed { size: 2 },
            b'H' => Kind::Unsigned { size: 2 },
            b'l' | b'j' => Kind::Signed { size: 8 },
            b'L' | b'J' | b'T' => Kind::Unsigned { size: 8 },
            b'i' => Kind::Signed { size: self.limited_number(4)? },
            b'I' => Kind::Unsigned { size: self.limited_number(4)? },
            b's' => Kind::Counted { size: self.limited_number(8)? },
            b'f' => Kind::Float,
            b'd' | b'n' => Kind::Double,
            b'c' => {
                let size = self.number().ok_or_else(|| LibraryError::message("missing size for format option 'c'"))?;
                Kind::Fixed { size }
            }
            b'z' => Kind::ZeroTerminated,
            b'x' => Kind::Padding,
            _ => {
                self.configure(letter)?;
                Kind::Nothing
            }
        })
    }

    fn configure(&mut self, letter: u8) -> LibraryResult<()> {
        match letter {
            b' ' => {}
            b'<' | b'=' => self.order = ByteOrder::Little,
            b'>' => self.order = ByteOrder::Big,
            b'!' => self.alignment_max = self.limited_number(NATIVE_ALIGNMENT)?,
            _ => return Err(LibraryError::message([b"invalid format option '", &[letter][..], b"'"].concat())),
        }
        Ok(())
    }

    fn number(&mut self) -> Option<usize> {
        let mut value = None;
        while let [digit @ b'0'..=b'9', rest @ ..] = self.rest {
            let so_far = value.unwrap_or(0);
            if so_far > NUMBER_LIMIT {
                break;
            }
            value = Some(so_far * 10 + usize::from(digit - b'0'));
            self.rest = rest;
        }
        value
    }

    fn limited_number(&mut self, default: usize) -> LibraryResult<usize> {
        let size = self.number().unwrap_or(default);
        if (1..=INTEGER_SIZE_MAX).contains(&size) {
            return Ok(size);
        }
        Err(LibraryError::message(format!("integral size ({size}) out of limits [1,{INTEGER_SIZE_MAX}]")))
    }
}

/// Reads the next option and adds how many bytes `string.pack` would make of it, which must not vary; false at the end.
pub fn add_packed_size(options: &mut Options<'_>, total: &mut usize) -> LibraryResult<bool> {
    let Some(PackOption { kind, padding, .. }) = options.next(*total)? else { return Ok(false) };
    if matches!(kind, Kind::Counted { .. } | Kind::ZeroTerminated) {
        return Err(LibraryError::argument(1, "variable-length format"));
    }
    *total += padding + kind.size();
    if *total > PACKED_SIZE_MAX {
        return Err(LibraryError::argument(1, "format result too large"));
    }
    Ok(true)
}

/// How many bytes `string.pack` would make with `format`, which must not have options of variable length.
#[cfg(test)]
pub fn packed_size(format: &[u8]) -> LibraryResult<usize> {
    let (mut options, mut total) = (Options::new(format), 0);
    while add_packed_size(&mut options, &mut total)? {}
    Ok(total)
}
