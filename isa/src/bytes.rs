//! Bytes that a program holds: its own, or a part of the file that it was made of, which is kept once.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Bytes of a program.
#[derive(Clone)]
pub struct Bytes(Place);

#[derive(Clone)]
enum Place {
    Own(Box<[u8]>),
    Part(Arc<Vec<u8>>, Range<usize>),
}

impl Bytes {
    /// A part of a file that is kept, which has a place in it.
    pub fn part(file: &Arc<Vec<u8>>, part: &[u8]) -> Self {
        let start = part.as_ptr().addr().wrapping_sub(file.as_ptr().addr());
        let range = start..start.saturating_add(part.len());
        match file.get(range.clone()) {
            Some(_) => Bytes(Place::Part(file.clone(), range)),
            None => part.into(),
        }
    }

    /// How many bytes it has of its own.
    pub fn own(&self) -> usize {
        match &self.0 {
            Place::Own(bytes) => bytes.len(),
            Place::Part(..) => 0,
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Own(bytes) => bytes,
            Place::Part(file, range) => &file[range.clone()],
        }
    }
}

impl From<Box<[u8]>> for Bytes {
    fn from(bytes: Box<[u8]>) -> Self {
        Bytes(Place::Own(bytes))
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes(Place::Own(bytes.into()))
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Bytes(Place::Own(bytes.into()))
    }
}

impl<const LENGTH: usize> From<[u8; LENGTH]> for Bytes {
    fn from(bytes: [u8; LENGTH]) -> Self {
        Bytes(Place::Own(bytes.into()))
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Bytes {}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_equal_to_copies_of_them() {
        let file = Arc::new(b"a file".to_vec());
        let part = Bytes::part(&file, &file[2..]);
        assert_eq!((&*part, part.own()), (&b"file"[..], 0));
        assert_eq!(part, Bytes::from(*b"file"));
        let other = b"another".to_vec();
        assert_eq!(Bytes::part(&file, &other).own(), other.len());
    }
}
