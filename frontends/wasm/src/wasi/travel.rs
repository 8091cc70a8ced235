//! How the state of a program travels in snapshots.
//!
//! Streams and granted directories are those of the process that loads the state: it must grant what was granted. Open
//! files and directories belong to the process that saves it, so they are refused by name.

use super::descriptors::{Descriptor, Descriptors, Object};
use super::state::Wasi;
use super::types::{FdFlags, Rights};

/// Writes numbers and bytes.
struct Out(Vec<u8>);

impl Out {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn block(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn list(&mut self, list: &[Vec<u8>]) {
        self.number(list.len() as u64);
        for bytes in list {
            self.block(bytes);
        }
    }
}

/// Reads them.
struct In<'a>(&'a [u8]);

impl<'a> In<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], String> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let (bytes, rest) = self.0.split_at_checked(count).ok_or("it ends too early")?;
        self.0 = rest;
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.take(8)?.try_into().expect("eight bytes were taken")))
    }

    fn block(&mut self) -> Result<&'a [u8], String> {
        let count = self.number()?;
        self.take(count)
    }

    fn list(&mut self) -> Result<Vec<Vec<u8>>, String> {
        let count = self.number()?;
        let mut list = Vec::new();
        for _ in 0..count {
            let bytes = self.block()?;
            if bytes.last() != Some(&0) {
                return Err("an argument or variable does not end".into());
            }
            list.push(bytes.to_vec());
        }
        Ok(list)
    }
}

const NONE: u64 = 0;
const INPUT: u64 = 1;
const OUTPUT: u64 = 2;
const ERROR: u64 = 3;
const DIRECTORY: u64 = 4;

impl Wasi {
    /// The state as bytes; what was written is let out first.
    ///
    /// # Errors
    /// What cannot travel, by name.
    pub(super) fn save(&mut self) -> Result<Vec<u8>, String> {
        self.flush().map_err(|error| format!("what was written cannot be let out: {error}"))?;
        let mut out = Out(Vec::new());
        out.list(&self.arguments);
        out.list(&self.environment);
        out.block(&self.clock.save());
        out.block(&self.random.save());
        let slots = self.descriptors.slots();
        out.number(slots.len() as u64);
        for (number, slot) in slots.iter().enumerate() {
            let Some(descriptor) = slot else {
                out.number(NONE);
                continue;
            };
            save_object(&descriptor.object, number, &mut out)?;
            out.number(descriptor.rights.bits());
            out.number(descriptor.inheriting.bits());
            out.number(u64::from(descriptor.flags.bits()));
        }
        Ok(out.0)
    }

    /// Takes over a state that [`save`](Self::save) gave, with the streams and directories of this one.
    ///
    /// # Errors
    /// What is wrong with the bytes, or not granted here.
    pub(super) fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut from = In(bytes);
        let (arguments, environment) = (from.list()?, from.list()?);
        let (clock, random) = (from.block()?, from.block()?);
        let count = from.number()?;
        let mut granted = std::mem::take(&mut self.descriptors).into_slots();
        let mut slots = Vec::new();
        for _ in 0..count {
            slots.push(load_descriptor(&mut granted, &mut from)?);
        }
        if !from.0.is_empty() {
            return Err("there are bytes after its end".into());
        }
        self.clock.load(clock)?;
        self.random.load(random)?;
        (self.arguments, self.environment) = (arguments, environment);
        self.descriptors = Descriptors::from_slots(slots);
        Ok(())
    }
}

fn save_object(object: &Object, number: usize, out: &mut Out) -> Result<(), String> {
    match object {
        Object::Input(_) => out.number(INPUT),
        Object::Output(output) => out.number(if output.is_immediate() { ERROR } else { OUTPUT }),
        Object::File(_) => return Err(format!("the file behind descriptor {number} is open")),
        Object::Directory(directory) => match &directory.granted {
            Some(_) if !directory.listing.is_empty() => {
                return Err(format!("the directory behind descriptor {number} is being read"));
            }
            Some(name) => {
                out.number(DIRECTORY);
                out.block(name.as_bytes());
            }
            None => return Err(format!("the directory behind descriptor {number} is open")),
        },
    }
    Ok(())
}

/// Reads a descriptor; what it stands for is taken out of what is granted here.
fn load_descriptor(granted: &mut [Option<Descriptor>], from: &mut In<'_>) -> Result<Option<Descriptor>, String> {
    let kind = from.number()?;
    if kind == NONE {
        return Ok(None);
    }
    let name = if kind == DIRECTORY { from.block()? } else { &[] };
    let is_meant = |descriptor: &Descriptor| match &descriptor.object {
        Object::Input(_) => kind == INPUT,
        Object::Output(output) => kind == if output.is_immediate() { ERROR } else { OUTPUT },
        Object::Directory(directory) => {
            kind == DIRECTORY && directory.granted.as_ref().is_some_and(|granted| granted.as_bytes() == name)
        }
        Object::File(_) => false,
    };
    let found = granted.iter_mut().find(|slot| slot.as_ref().is_some_and(is_meant)).and_then(Option::take);
    let mut descriptor = found.ok_or_else(|| match kind {
        DIRECTORY => format!("the directory '{}' is not granted here", String::from_utf8_lossy(name)),
        _ => "it has more streams than there are".to_string(),
    })?;
    // Never more than what is granted here.
    descriptor.rights &= Rights::from_bits_truncate(from.number()?);
    descriptor.inheriting &= Rights::from_bits_truncate(from.number()?);
    let flags = u16::try_from(from.number()?).map_err(|_| "it has flags that there are none of")?;
    descriptor.flags = FdFlags::from_bits_truncate(flags);
    Ok(Some(descriptor))
}
