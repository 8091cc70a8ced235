//! The descriptor table: numbers to open things, with their rights.

use super::errno::Errno;
use super::stream::{InputStream, Output};
use super::types::{FdFlags, FileType, Rights};
use cap_std::fs::Dir;
use minivm::raw::memory::Held;
use std::fs::File;

/// A program cannot have more descriptors open than this.
pub(super) const DESCRIPTORS_MAX: usize = 65_536;

/// An open thing and what may be done with it.
pub(super) struct Descriptor {
    pub(super) object: Object,
    pub(super) rights: Rights,
    /// What descriptors opened through this one can have.
    pub(super) inheriting: Rights,
    pub(super) flags: FdFlags,
}

/// What a descriptor stands for.
pub(super) enum Object {
    Input(Box<dyn InputStream>),
    Output(Output),
    File(OpenFile),
    Directory(Directory),
}

/// An open file that is not a directory.
pub(super) struct OpenFile {
    pub(super) file: File,
    pub(super) kind: FileType,
    pub(super) origin: Origin,
}

/// How something was opened: what it takes to open it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The guest's name for the granted directory that it is in.
    pub(super) root: String,
    /// The path in there.
    pub(super) path: String,
    /// Whether a link at the end of the path is followed.
    pub(super) follow: bool,
    /// Whether the host's file can be written.
    pub(super) writes: bool,
}

/// An open directory.
pub(super) struct Directory {
    pub(super) dir: Dir,
    pub(super) provenance: Provenance,
    /// Its entries as they were when the guest last started to read them.
    pub(super) listing: Listing,
}

/// Entries of a directory, and what they take of the program's memory.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) entries: Vec<Entry>,
    pub(super) _held: Option<Held>,
}

/// Where a directory comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Provenance {
    /// It was granted at the start, under this name of the guest's.
    Granted(String),
    /// It was opened.
    Opened(Origin),
}

impl Directory {
    /// The guest's name for it, if it was granted at the start.
    pub(super) fn granted(&self) -> Option<&str> {
        match &self.provenance {
            Provenance::Granted(name) => Some(name),
            Provenance::Opened(_) => None,
        }
    }

    /// The granted directory that it is in, and the path there of something in it.
    pub(super) fn inner(&self, path: &str) -> (String, String) {
        match &self.provenance {
            Provenance::Granted(name) => (name.clone(), path.to_owned()),
            Provenance::Opened(origin) => (origin.root.clone(), format!("{}/{path}", origin.path)),
        }
    }
}

/// A directory entry.
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) inode: u64,
    pub(super) kind: FileType,
}

impl Descriptor {
    /// The file type that `fd_fdstat_get` shows.
    pub(super) fn kind(&self) -> FileType {
        let terminal = match &self.object {
            Object::Input(stream) => stream.is_terminal(),
            Object::Output(output) => output.is_terminal(),
            Object::File(file) => return file.kind,
            Object::Directory(_) => return FileType::Directory,
        };
        if terminal { FileType::CharacterDevice } else { FileType::Unknown }
    }

    /// Fails where one of `needed` is missing.
    pub(super) fn require(&self, needed: Rights) -> Result<(), Errno> {
        if self.rights.contains(needed) { Ok(()) } else { Err(Errno::NotCapable) }
    }
}

/// Numbers to descriptors; a new one gets the lowest free number, as in POSIX.
#[derive(Default)]
pub(super) struct Descriptors {
    slots: Vec<Option<Descriptor>>,
}

impl Descriptors {
    pub(super) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slots.get(fd as usize).and_then(Option::as_ref).ok_or(Errno::BadF)
    }

    pub(super) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slots.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::BadF)
    }

    /// A directory with `needed` rights; the start of every call that takes a path.
    pub(super) fn directory(&self, fd: u32, needed: Rights) -> Result<&Directory, Errno> {
        let descriptor = self.get(fd)?;
        let Object::Directory(directory) = &descriptor.object else {
            return Err(Errno::NotDir);
        };
        descriptor.require(needed)?;
        Ok(directory)
    }

    /// A file with `needed` rights.
    pub(super) fn file(&self, fd: u32, needed: Rights) -> Result<&OpenFile, Errno> {
        let descriptor = self.get(fd)?;
        match &descriptor.object {
            Object::File(file) => {
                descriptor.require(needed)?;
                Ok(file)
            }
            Object::Directory(_) => Err(Errno::IsDir),
            Object::Input(_) | Object::Output(_) => Err(Errno::SPipe),
        }
    }

    pub(super) fn insert(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if free >= DESCRIPTORS_MAX {
            return Err(Errno::MFile);
        }
        if free == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[free] = Some(descriptor);
        Ok(free as u32)
    }

    pub(super) fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        self.slots.get_mut(fd as usize).and_then(Option::take).ok_or(Errno::BadF)
    }

    /// Moves `from` to the number `to`, which must be open too; returns what was there.
    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<Option<Descriptor>, Errno> {
        self.get(from)?;
        self.get(to)?;
        if from == to {
            return Ok(None);
        }
        let moved = self.remove(from)?;
        Ok(self.slots[to as usize].replace(moved))
    }

    /// All numbers, with what is open there.
    pub(super) fn slots(&self) -> &[Option<Descriptor>] {
        &self.slots
    }

    pub(super) fn into_slots(self) -> Vec<Option<Descriptor>> {
        self.slots
    }

    pub(super) fn from_slots(slots: Vec<Option<Descriptor>>) -> Self {
        Descriptors { slots }
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Descriptor> {
        self.slots.iter_mut().flatten()
    }
}
