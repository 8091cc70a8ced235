//! Bytes that a program holds: its own, or a part of the file that it was made of, which is kept once, or where the system has it.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// The bytes of a file that a program is made of, which keeps them.
pub trait FileBytes: Deref<Target = [u8]> + fmt::Debug + Send + Sync {
    /// Nothing is looked at any more but the first so many bytes.
    fn truncate(&mut self, length: usize);

    /// What has been looked at so far is not looked at again soon.
    fn rest(&self) {}

    /// Whether others can change it.
    fn is_shared(&self) -> bool {
        false
    }

    /// Whether others have changed it: then nothing of it may be looked at any more.
    fn has_changed(&self) -> bool {
        false
    }
}

/// What is wrong with functions of a file that others have changed.
pub const CHANGED: &str = "the file of the program has changed while it ran";

impl FileBytes for Vec<u8> {
    fn truncate(&mut self, length: usize) {
        Vec::truncate(self, length);
        self.shrink_to_fit();
    }
}

impl From<Vec<u8>> for Box<dyn FileBytes> {
    fn from(bytes: Vec<u8>) -> Self {
        Box::new(bytes)
    }
}

/// Bytes of a program.
#[derive(Clone)]
pub struct Bytes(Place);

#[derive(Clone)]
enum Place {
    Own(Box<[u8]>),
    Part(Arc<dyn FileBytes>, Range<usize>),
}

impl Bytes {
    /// Parts of a file, or of a copy of what is from the first to the last of them, if others can change the file.
    pub fn parts<'f>(file: &'f Arc<dyn FileBytes>, parts: &[Range<usize>]) -> impl Fn(Range<usize>) -> Bytes + use<'f> {
        let from = parts.iter().map(|part| part.start).min().unwrap_or(0);
        let to = parts.iter().map(|part| part.end).max().unwrap_or(0);
        let copied = file.is_shared().then(|| -> Arc<dyn FileBytes> { Arc::new(file[from..to].to_vec()) });
        move |part| match &copied {
            Some(copy) => Bytes(Place::Part(copy.clone(), part.start - from..part.end - from)),
            None => Bytes(Place::Part(file.clone(), part)),
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
        let file: Arc<dyn FileBytes> = Arc::new(b"a file".to_vec());
        let part = Bytes::parts(&file, std::slice::from_ref(&(2..6)))(2..6);
        assert_eq!((&*part, part.own()), (&b"file"[..], 0));
        assert_eq!(part, Bytes::from(*b"file"));
    }
}
