//! What Lua cases reach outside of the machine: captured output, their own input, files below their folder or a scratch
//! folder, and a clock that stands still.

use crate::cases::Case;
use minivm_lua::stdlib::host::{HostError, LuaFile, LuaHost, OpenMode, Standard, Whence};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// When the cases run, in seconds since the beginning of 1970.
const NOW: i64 = 1_700_000_000;

/// The host of one run; clones share everything, for a run that goes on in another machine.
#[derive(Clone)]
pub struct CaseHost {
    folder: PathBuf,
    scratch: Arc<Scratch>,
    names: Arc<AtomicU32>,
    input: Input,
    output: Captured,
}

/// A folder for what a run writes, removed by whoever made it.
enum Scratch {
    Own(tempfile::TempDir),
    Given(PathBuf),
}

impl Scratch {
    fn path(&self) -> &Path {
        match self {
            Scratch::Own(folder) => folder.path(),
            Scratch::Given(path) => path,
        }
    }
}

/// What a run that goes on in another process takes along of its host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Luggage {
    /// The folder for what it writes.
    pub scratch: PathBuf,
    /// Names given out.
    pub names: u32,
    /// Bytes read of its input.
    pub input_at: u64,
}

/// What a run has printed so far.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

/// What is shared with a machine.
fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Captured {
    /// Takes it.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *locked(&self.0))
    }
}

impl LuaFile for Captured {
    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        locked(&self.0).extend_from_slice(bytes);
        Ok(())
    }
}

#[derive(Clone)]
struct Input(Arc<Mutex<Cursor<Vec<u8>>>>);

impl LuaFile for Input {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HostError> {
        Ok(locked(&self.0).read(buffer)?)
    }
}

struct Nothing;

impl LuaFile for Nothing {
    fn write(&mut self, _: &[u8]) -> Result<(), HostError> {
        Ok(())
    }
}

struct OpenFile(File);

impl LuaFile for OpenFile {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HostError> {
        Ok(self.0.read(buffer)?)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        Ok(self.0.write_all(bytes)?)
    }

    fn seek(&mut self, whence: Whence, offset: i64) -> Result<u64, HostError> {
        let bad = || HostError { message: "Invalid argument".into(), code: 22 };
        Ok(self.0.seek(match whence {
            Whence::Start => SeekFrom::Start(u64::try_from(offset).map_err(|_| bad())?),
            Whence::Current => SeekFrom::Current(offset),
            Whence::End => SeekFrom::End(offset),
        })?)
    }
}

impl CaseHost {
    /// The host for a case, and where its output will be.
    ///
    /// # Errors
    /// When there is no scratch folder.
    pub fn new(case: &Case) -> Result<(Self, Captured), String> {
        let scratch = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        Ok(Self::over(case, Scratch::Own(scratch), (0, 0)))
    }

    /// The host for a case that has come from another process.
    pub fn arrived(case: &Case, luggage: &Luggage) -> (Self, Captured) {
        Self::over(case, Scratch::Given(luggage.scratch.clone()), (luggage.names, luggage.input_at))
    }

    fn over(case: &Case, scratch: Scratch, (names, input_at): (u32, u64)) -> (Self, Captured) {
        let output = Captured::default();
        let mut input = Cursor::new(case.input.clone());
        input.set_position(input_at);
        let (folder, scratch, input) =
            (case.folder().to_owned(), Arc::new(scratch), Input(Arc::new(Mutex::new(input))));
        (CaseHost { folder, scratch, names: Arc::new(AtomicU32::new(names)), input, output: output.clone() }, output)
    }

    /// What a run that goes on elsewhere takes along.
    pub fn luggage(&self) -> Luggage {
        Luggage {
            scratch: self.scratch.path().to_owned(),
            names: self.names.load(Ordering::Relaxed),
            input_at: locked(&self.input.0).position(),
        }
    }

    /// What was printed so far.
    pub fn printed(&self) -> Vec<u8> {
        locked(&self.output.0).clone()
    }

    fn path(&self, name: &[u8]) -> PathBuf {
        self.folder.join(Path::new(String::from_utf8_lossy(name).as_ref()))
    }
}

impl LuaHost for CaseHost {
    fn standard(&mut self, stream: Standard) -> Box<dyn LuaFile> {
        match stream {
            Standard::Input => Box::new(self.input.clone()),
            Standard::Output => Box::new(self.output.clone()),
            Standard::Error => Box::new(Nothing),
        }
    }

    fn open(&mut self, name: &[u8], mode: OpenMode) -> Result<Box<dyn LuaFile>, HostError> {
        let mut options = File::options();
        match mode {
            OpenMode::Read => options.read(true),
            OpenMode::Write => options.write(true).create(true).truncate(true),
            OpenMode::Append => options.append(true).create(true),
            OpenMode::Update => options.read(true).write(true),
            OpenMode::UpdateNew => options.read(true).write(true).create(true).truncate(true),
            OpenMode::UpdateAppend => options.read(true).append(true).create(true),
        };
        Ok(Box::new(OpenFile(options.open(self.path(name))?)))
    }

    fn open_temporary(&mut self) -> Result<Box<dyn LuaFile>, HostError> {
        Ok(Box::new(OpenFile(tempfile::tempfile_in(self.scratch.path())?)))
    }

    fn temporary_name(&mut self) -> Result<Vec<u8>, HostError> {
        let number = self.names.fetch_add(1, Ordering::Relaxed) + 1;
        let path = self.scratch.path().join(format!("lua_{number:06}"));
        File::create(&path)?;
        Ok(path.to_string_lossy().into_owned().into_bytes())
    }

    fn remove(&mut self, name: &[u8]) -> Result<(), HostError> {
        Ok(fs::remove_file(self.path(name))?)
    }

    fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), HostError> {
        Ok(fs::rename(self.path(from), self.path(to))?)
    }

    fn time(&mut self) -> Option<i64> {
        Some(NOW)
    }
}
