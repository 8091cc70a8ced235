//! How the state of a program travels in snapshots.
//!
//! Streams and granted directories are those of the process that loads the state: it must grant what was granted. What the
//! program has opened belongs to the process that saves it: it is refused by name, closed, or its name travels, as the embedder
//! chooses. Where the state is loaded, that embedder chooses whether it is opened again, in the directories granted there.

use super::descriptors::{
    DESCRIPTORS_MAX, Descriptor, Descriptors, Directory, Listing, Object, OpenFile, Origin, Provenance,
};
use super::open;
use super::state::{OpenFiles, SavedFiles, Wasi};
use super::types::{FdFlags, FileType, Rights};
use cap_std::fs::Dir;
use minivm::raw::SnapshotError;
use std::collections::HashSet;
use std::io::{Seek, SeekFrom};

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

    fn text(&mut self) -> Result<String, String> {
        String::from_utf8(self.block()?.to_vec()).map_err(|_| "a name is not UTF-8".into())
    }

    fn list(&mut self) -> Result<Vec<Vec<u8>>, String> {
        let count = self.number()?;
        let mut list = Vec::new();
        let mut total = 0;
        for _ in 0..count {
            let bytes = self.block()?;
            total += size_of::<Vec<u8>>() + bytes.len();
            if total > LIST_BYTES_MAX {
                return Err("there are more arguments or variables than there can be".into());
            }
            if bytes.last() != Some(&0) {
                return Err("an argument or variable does not end".into());
            }
            list.push(bytes.to_vec());
        }
        Ok(list)
    }
}

/// Arguments, or variables, take no more bytes together: systems do not hand more to a process.
const LIST_BYTES_MAX: usize = 8 << 20;

const NONE: u64 = 0;
const INPUT: u64 = 1;
const OUTPUT: u64 = 2;
const ERROR: u64 = 3;
const DIRECTORY: u64 = 4;
/// The granted directory, the path in it, flags, the place.
const FILE: u64 = 5;
/// The granted directory, the path in it, flags.
const OPENED_DIRECTORY: u64 = 6;

// Flags of what was opened.
const FOLLOW: u64 = 1;
const WRITES: u64 = 2;

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
            if save_object(&descriptor.object, number, self.open_files, &mut out)? {
                out.number(descriptor.rights.bits());
                out.number(descriptor.inheriting.bits());
                out.number(u64::from(descriptor.flags.bits()));
            }
        }
        Ok(out.0)
    }

    /// Takes over a state that [`save`](Self::save) gave, with the streams and directories of this one; keeps them all when it
    /// is refused.
    ///
    /// # Errors
    /// What is wrong with the bytes, or not granted here.
    pub(super) fn load(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut from = In(bytes);
        let (arguments, environment) = (from.list()?, from.list()?);
        let (clock, random) = (from.block()?, from.block()?);
        let count = from.number()?;
        if count > DESCRIPTORS_MAX as u64 {
            return Err("it has more descriptors than there can be".to_string().into());
        }
        let mut granted = Grants { roots: self.roots()?, slots: self.descriptors.slots(), taken: HashSet::new() };
        let mut loaded = Vec::new();
        for _ in 0..count {
            loaded.push(granted.descriptor(self.saved_files, &mut from)?);
        }
        if !from.0.is_empty() {
            return Err("trailing bytes".to_string().into());
        }
        self.clock.load(clock)?;
        self.random.load(random)?;
        (self.arguments, self.environment) = (arguments, environment);
        let mut granted = std::mem::take(&mut self.descriptors).into_slots();
        let slots = loaded.into_iter().map(|descriptor| descriptor.among(&mut granted)).collect();
        self.descriptors = Descriptors::from_slots(slots);
        Ok(())
    }
}

impl Wasi {
    fn roots(&self) -> Result<Roots, SnapshotError> {
        let mut roots = Vec::new();
        for descriptor in self.descriptors.slots().iter().flatten() {
            let Object::Directory(directory) = &descriptor.object else { continue };
            let Provenance::Granted(name) = &directory.provenance else { continue };
            let dir = directory.dir.try_clone();
            let dir = dir.map_err(|error| SnapshotError::Missing(format!("the directory '{name}': {error}")))?;
            roots.push((name.clone(), descriptor.inheriting, dir));
        }
        Ok(roots)
    }
}

/// Writes what a descriptor stands for; false when it is closed in the saved state.
fn save_object(object: &Object, number: usize, policy: OpenFiles, out: &mut Out) -> Result<bool, String> {
    let (origin, what) = match object {
        Object::Input(_) => {
            out.number(INPUT);
            return Ok(true);
        }
        Object::Output(output) => {
            out.number(if output.is_immediate() { ERROR } else { OUTPUT });
            return Ok(true);
        }
        Object::File(file) => (&file.origin, "file"),
        Object::Directory(directory) => match &directory.provenance {
            Provenance::Granted(name) => {
                if !directory.listing.entries.is_empty() {
                    return Err(format!("the directory '{name}' (descriptor {number}) is being read"));
                }
                out.number(DIRECTORY);
                out.block(name.as_bytes());
                return Ok(true);
            }
            Provenance::Opened(origin) => (origin, "directory"),
        },
    };
    let called = format!("the {what} '{}' in '{}' (descriptor {number})", origin.path, origin.root);
    match policy {
        OpenFiles::Refuse => return Err(format!("{called} is open")),
        OpenFiles::Close => {
            out.number(NONE);
            return Ok(false);
        }
        OpenFiles::Reopen => {}
    }
    let is_file = matches!(object, Object::File(_));
    out.number(if is_file { FILE } else { OPENED_DIRECTORY });
    out.block(origin.root.as_bytes());
    out.block(origin.path.as_bytes());
    out.number(u64::from(origin.follow) * FOLLOW + u64::from(origin.writes) * WRITES);
    match object {
        Object::File(OpenFile { file, kind: FileType::RegularFile, .. }) => {
            let mut file = file;
            let place = file.stream_position();
            out.number(place.map_err(|error| format!("{called} cannot be opened again: {error}"))?);
        }
        Object::File(_) => return Err(format!("{called} cannot be opened again: it is no regular file")),
        Object::Directory(directory) if !directory.listing.entries.is_empty() => {
            return Err(format!("{called} is being read"));
        }
        Object::Directory(_) | Object::Input(_) | Object::Output(_) => {}
    }
    Ok(true)
}

/// The directories that are granted here: the guest's names for them, what they pass on, and they themselves.
type Roots = Vec<(String, Rights, Dir)>;

/// What is granted here.
struct Grants<'a> {
    roots: Roots,
    slots: &'a [Option<Descriptor>],
    /// The numbers of those that descriptors so far stand for.
    taken: HashSet<usize>,
}

/// A descriptor that was read.
enum Loaded {
    /// It is closed.
    Closed,
    /// It is the one granted under a number, with no more than these rights.
    Granted { number: usize, rights: Rights, inheriting: Rights, flags: FdFlags },
    /// It was opened again.
    Opened(Descriptor),
}

impl Loaded {
    /// The descriptor, taken out of those that are granted.
    fn among(self, granted: &mut [Option<Descriptor>]) -> Option<Descriptor> {
        match self {
            Loaded::Closed => None,
            Loaded::Opened(descriptor) => Some(descriptor),
            Loaded::Granted { number, rights, inheriting, flags } => granted[number].take().map(|descriptor| {
                // Never more than what is granted here.
                let (rights, inheriting) = (descriptor.rights & rights, descriptor.inheriting & inheriting);
                Descriptor { rights, inheriting, flags, ..descriptor }
            }),
        }
    }
}

impl Grants<'_> {
    /// Reads a descriptor: which of those that are granted here it stands for, or what is opened again in them.
    fn descriptor(&mut self, policy: SavedFiles, from: &mut In<'_>) -> Result<Loaded, SnapshotError> {
        let kind = from.number()?;
        match kind {
            NONE => return Ok(Loaded::Closed),
            INPUT | OUTPUT | ERROR | DIRECTORY => {}
            FILE | OPENED_DIRECTORY => {
                let opened = opened_again(kind == FILE, &self.roots, policy, from)?;
                return Ok(opened.map_or(Loaded::Closed, Loaded::Opened));
            }
            _ => return Err(format!("unknown kind of descriptor {kind}").into()),
        }
        let name = if kind == DIRECTORY { from.block()? } else { &[] };
        let is_meant = |descriptor: &Descriptor| match &descriptor.object {
            Object::Input(_) => kind == INPUT,
            Object::Output(output) => kind == if output.is_immediate() { ERROR } else { OUTPUT },
            Object::Directory(directory) => {
                kind == DIRECTORY && directory.granted().is_some_and(|granted| granted.as_bytes() == name)
            }
            Object::File(_) => false,
        };
        let mut numbers = self.slots.iter().enumerate().filter(|(_, slot)| slot.as_ref().is_some_and(is_meant));
        let found = numbers.find(|(number, _)| !self.taken.contains(number)).map(|(number, _)| number);
        let rights = Rights::from_bits_truncate(from.number()?);
        let inheriting = Rights::from_bits_truncate(from.number()?);
        let flags = flags(from)?;
        match found {
            Some(number) => {
                self.taken.insert(number);
                Ok(Loaded::Granted { number, rights, inheriting, flags })
            }
            None if kind == DIRECTORY && policy == SavedFiles::Close => Ok(Loaded::Closed),
            None if kind == DIRECTORY => Err(not_granted(&String::from_utf8_lossy(name))),
            None => Err(SnapshotError::Missing("it has more streams than there are".to_string())),
        }
    }
}

fn not_granted(name: &str) -> SnapshotError {
    SnapshotError::Missing(format!("the directory '{name}' is not granted here"))
}

fn flags(from: &mut In<'_>) -> Result<FdFlags, String> {
    let flags = u16::try_from(from.number()?).map_err(|_| "it has flags that there are none of")?;
    Ok(FdFlags::from_bits_truncate(flags))
}

/// Reads something that was opened, and opens it again, if that is wanted.
fn opened_again(
    is_file: bool,
    roots: &Roots,
    policy: SavedFiles,
    from: &mut In<'_>,
) -> Result<Option<Descriptor>, SnapshotError> {
    let (root, path) = (from.text()?, from.text()?);
    let bits = from.number()?;
    let origin = Origin { root, path, follow: bits & FOLLOW != 0, writes: bits & WRITES != 0 };
    let place = if is_file { from.number()? } else { 0 };
    let rights = Rights::from_bits_truncate(from.number()?);
    let inheriting = Rights::from_bits_truncate(from.number()?);
    let flags = flags(from)?;
    match policy {
        SavedFiles::Refuse => {
            let (path, root) = (&origin.path, &origin.root);
            let why = format!("'{path}' in '{root}' is open in it, and files are not opened again here");
            return Err(SnapshotError::Missing(why));
        }
        SavedFiles::Close => return Ok(None),
        SavedFiles::Reopen => {}
    }
    let (_, passed_on, dir) =
        roots.iter().find(|(name, _, _)| *name == origin.root).ok_or_else(|| not_granted(&origin.root))?;
    let cannot = |why: &dyn std::fmt::Display| {
        let (path, root) = (&origin.path, &origin.root);
        SnapshotError::Missing(format!("'{path}' in '{root}' cannot be opened again: {why}"))
    };
    // Never more than what is granted here; a file that the program was to read or write must still be so.
    let meant = rights & (Rights::FD_READ | Rights::FD_WRITE);
    if !passed_on.contains(meant) || origin.writes && !passed_on.contains(Rights::FD_WRITE) {
        return Err(cannot(&"the directory here does not allow as much"));
    }
    let file = open::again(dir, &origin, rights, flags).map_err(|error| cannot(&error))?;
    let metadata = file.metadata().map_err(|error| cannot(&error))?;
    let mut file = file.into_std();
    let object = match (is_file, metadata.is_dir(), metadata.is_file()) {
        (true, _, true) => {
            file.seek(SeekFrom::Start(place)).map_err(|error| cannot(&error))?;
            Object::File(OpenFile { file, kind: FileType::RegularFile, origin })
        }
        (false, true, _) => {
            let dir = Dir::from_std_file(file);
            Object::Directory(Directory { dir, provenance: Provenance::Opened(origin), listing: Listing::default() })
        }
        _ => return Err(cannot(&"it is another kind of file now")),
    };
    let rights = rights & *passed_on;
    Ok(Some(Descriptor { object, rights, inheriting: inheriting & *passed_on, flags }))
}
