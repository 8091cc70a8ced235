//! What Lua programs reach outside of the machine: files, streams, clocks, environment.
//!
//! A script sees what it would see under `lua`, unless it is confined: to the directories of `--dir` and the variables of
//! `--env`, and in a sandbox to what else is granted.

use crate::grants::{DirectoryGrant, Grants, Variable};
use crate::run::ProgramFiles;
use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use minivm_lua::stdlib::algorithms::calendar::Zone;
use minivm_lua::stdlib::host::{HostError, LuaFile, LuaHost, OpenMode, PipeMode, Standard, Termination, Whence};
use minivm_wasm::wasi::{Clock, ClockId, Random, SystemClock, SystemRandom};
use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use tz::TimeZone;

/// The process, as far as a Lua program may use it.
pub(crate) struct ProcessHost {
    files: Files,
    variables: Vec<Variable>,
    /// Where programs that were read are reported.
    programs: ProgramFiles,
    clock: Option<SystemClock>,
    has_random: bool,
    has_debug: bool,
    /// The zone of the place where this runs; none if it is not known.
    zone: Option<TimeZone>,
    /// What it is called then.
    zone_name: Box<str>,
}

/// Which files there are.
enum Files {
    /// All that the process can open.
    All,
    /// Those in granted directories.
    In(Vec<Granted>),
}

/// A directory and the program's path to it.
struct Granted {
    guest: PathBuf,
    host: PathBuf,
    dir: Dir,
}

impl ProcessHost {
    /// The host that grants so much.
    pub(crate) fn new(grants: &Grants, programs: ProgramFiles) -> Result<Self, (PathBuf, io::Error)> {
        let open = |grant: &DirectoryGrant| match Dir::open_ambient_dir(&grant.host, ambient_authority()) {
            Ok(dir) => Ok(Granted { guest: PathBuf::from(&grant.guest), host: grant.host.clone(), dir }),
            Err(error) => Err((grant.host.clone(), error)),
        };
        let granted = grants.directories.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        // The zone is what the clock shows.
        let variable = if grants.clock { std::env::var("TZ").ok() } else { None };
        Ok(ProcessHost {
            files: if grants.everything { Files::All } else { Files::In(granted) },
            variables: grants.environment.clone(),
            programs,
            clock: grants.clock.then(SystemClock::new),
            has_random: grants.random,
            has_debug: grants.debug,
            zone: if grants.clock { local_zone(variable.as_deref()) } else { None },
            zone_name: name_of_unknown_zone(&variable.unwrap_or_default()),
        })
    }

    fn is_confined(&self) -> bool {
        matches!(self.files, Files::In(_))
    }
}

/// The zone that the variable `TZ` names or describes, as for C: without it that of the system, when it is empty UTC.
fn local_zone(variable: Option<&str>) -> Option<TimeZone> {
    match variable {
        None => TimeZone::local().ok(),
        Some("" | ":") => None,
        Some(text) => TimeZone::from_posix_tz(text).ok(),
    }
}

/// What C calls a zone that it does not know: the letters that its name begins with.
fn name_of_unknown_zone(text: &str) -> Box<str> {
    let letters: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    if letters.len() < 3 { "UTC".into() } else { letters.into() }
}

impl Files {
    /// Finds the granted directory that a path leads into: the one with the longest name that the path begins with.
    fn place<'a>(granted: &'a [Granted], path: &Path) -> Result<(&'a Granted, PathBuf), HostError> {
        let inside = |grant: &Granted| {
            let name = grant.guest.strip_prefix(".").unwrap_or(&grant.guest);
            let path = path.strip_prefix(".").unwrap_or(path);
            path.strip_prefix(name).map(|rest| (name.components().count(), rest.to_owned())).ok()
        };
        let found = granted.iter().filter_map(|grant| Some((grant, inside(grant)?)));
        let (grant, (_, rest)) = found.max_by_key(|(_, (length, _))| *length).ok_or_else(not_granted)?;
        // An absolute rest of an empty name was not inside after all; `cap-std` would refuse it too.
        let rest = if rest.as_os_str().is_empty() { PathBuf::from(".") } else { rest };
        Ok((grant, rest))
    }

    fn open(&self, path: &Path, options: &OpenOptions) -> Result<File, HostError> {
        match self {
            Files::All => {
                let file = cap_std::fs::File::open_ambient_with(path, options, ambient_authority());
                Ok(file.map_err(refused)?.into_std())
            }
            Files::In(granted) => {
                let (grant, path) = Files::place(granted, path)?;
                Ok(grant.dir.open_with(path, options).map_err(refused)?.into_std())
            }
        }
    }

    /// The host's path of one of the program's.
    fn host_path(&self, path: &Path) -> Option<PathBuf> {
        match self {
            Files::All => Some(path.to_owned()),
            Files::In(granted) => Files::place(granted, path).ok().map(|(grant, rest)| grant.host.join(rest)),
        }
    }
}

fn not_granted() -> HostError {
    HostError { message: "No such file or directory".into(), code: 2 }
}

/// What leads out of a granted directory has no number of the system.
fn refused(error: io::Error) -> HostError {
    match error.raw_os_error() {
        Some(_) => error.into(),
        None => HostError { message: "Permission denied".into(), code: 13 },
    }
}

#[cfg(unix)]
fn path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(name))
}

#[cfg(not(unix))]
fn path(name: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(name).into_owned())
}

#[cfg(unix)]
fn bytes(text: std::ffi::OsString) -> Vec<u8> {
    use std::os::unix::ffi::OsStringExt;
    text.into_vec()
}

#[cfg(not(unix))]
fn bytes(text: std::ffi::OsString) -> Vec<u8> {
    text.to_string_lossy().into_owned().into_bytes()
}

impl LuaHost for ProcessHost {
    fn standard(&mut self, stream: Standard) -> Box<dyn LuaFile> {
        match stream {
            Standard::Input => Box::new(Input(io::stdin())),
            Standard::Output => Box::new(Output(direct_output())),
            Standard::Error => Box::new(Output(Box::new(io::stderr()))),
        }
    }

    fn is_terminal(&mut self, stream: Standard) -> bool {
        match stream {
            Standard::Input => io::stdin().is_terminal(),
            Standard::Output => io::stdout().is_terminal(),
            Standard::Error => io::stderr().is_terminal(),
        }
    }

    fn grants_commands(&mut self) -> bool {
        !self.is_confined()
    }

    fn execute(&mut self, command: &[u8]) -> Result<Termination, HostError> {
        if self.is_confined() {
            return Err(HostError::not_permitted());
        }
        Ok(termination(shell(command).status()?))
    }

    fn open_pipe(&mut self, command: &[u8], mode: PipeMode) -> Result<Box<dyn LuaFile>, HostError> {
        if self.is_confined() {
            return Err(HostError::not_permitted());
        }
        let mut command = shell(command);
        match mode {
            PipeMode::Read => command.stdout(Stdio::piped()),
            PipeMode::Write => command.stdin(Stdio::piped()),
        };
        Ok(Box::new(Pipe(command.spawn()?)))
    }

    fn open(&mut self, name: &[u8], mode: OpenMode) -> Result<Box<dyn LuaFile>, HostError> {
        let mut options = OpenOptions::new();
        match mode {
            OpenMode::Read => options.read(true),
            OpenMode::Write => options.write(true).create(true).truncate(true),
            OpenMode::Append => options.append(true).create(true),
            OpenMode::Update => options.read(true).write(true),
            OpenMode::UpdateNew => options.read(true).write(true).create(true).truncate(true),
            OpenMode::UpdateAppend => options.read(true).append(true).create(true),
        };
        let path = path(name);
        let file = self.files.open(&path, &options)?;
        if mode == OpenMode::Read
            && let Ok(name) = std::str::from_utf8(name)
            && let Some(place) = self.files.host_path(&path)
        {
            self.programs.opened(name, &place);
        }
        Ok(Box::new(OpenFile(file)))
    }

    fn open_again(&mut self, name: &[u8], mode: OpenMode) -> Result<Box<dyn LuaFile>, HostError> {
        let mut options = OpenOptions::new();
        match mode {
            OpenMode::Read => options.read(true),
            OpenMode::Append => options.append(true),
            OpenMode::UpdateAppend => options.read(true).append(true),
            OpenMode::Write | OpenMode::Update | OpenMode::UpdateNew => options.read(true).write(true),
        };
        // A file without an end, or that waits for somebody, is seen to be none before it is used.
        options.nonblock(true);
        let file = self.files.open(&path(name), &options)?;
        if !file.metadata()?.is_file() {
            return Err(HostError { message: "not a regular file".into(), code: 22 });
        }
        Ok(Box::new(OpenFile(file)))
    }

    fn grants_debug(&self) -> bool {
        self.has_debug
    }

    fn open_temporary(&mut self) -> Result<Box<dyn LuaFile>, HostError> {
        if self.is_confined() {
            return Err(HostError::not_permitted());
        }
        Ok(Box::new(OpenFile(tempfile::tempfile()?)))
    }

    fn temporary_name(&mut self) -> Result<Vec<u8>, HostError> {
        if self.is_confined() {
            return Err(HostError::not_permitted());
        }
        let file = tempfile::Builder::new().prefix("lua_").tempfile()?;
        // The file stays, as with C's `mkstemp`, so that nobody else takes the name.
        let (_, path) = file.keep().map_err(|error| HostError::from(error.error))?;
        Ok(bytes(path.into_os_string()))
    }

    fn remove(&mut self, name: &[u8]) -> Result<(), HostError> {
        let path = path(name);
        match &self.files {
            Files::All => {
                let is_dir = path.symlink_metadata()?.is_dir();
                Ok(if is_dir { std::fs::remove_dir(path) } else { std::fs::remove_file(path) }?)
            }
            Files::In(granted) => {
                let (Granted { dir, .. }, path) = Files::place(granted, &path)?;
                let is_dir = dir.symlink_metadata(&path).map_err(refused)?.is_dir();
                let result = if is_dir { dir.remove_dir(path) } else { dir.remove_file(path) };
                result.map_err(refused)
            }
        }
    }

    fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), HostError> {
        match &self.files {
            Files::All => Ok(std::fs::rename(path(from), path(to))?),
            Files::In(granted) => {
                let (from_dir, from) = Files::place(granted, &path(from))?;
                let (to_dir, to) = Files::place(granted, &path(to))?;
                from_dir.dir.rename(from, &to_dir.dir, to).map_err(refused)
            }
        }
    }

    fn variable(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        let given = self.variables.iter().rev().find(|variable| variable.name.as_bytes() == name);
        if let Some(variable) = given {
            return Some(variable.value.clone().into_bytes());
        }
        // Names that no variable can have are not looked up: the system would not take them.
        if self.is_confined() || name.is_empty() || name.contains(&b'=') || name.contains(&0) {
            return None;
        }
        std::env::var_os(path(name)).map(bytes)
    }

    fn time(&mut self) -> Option<i64> {
        let nanoseconds = self.clock.as_mut()?.now(ClockId::Realtime)?;
        i64::try_from(nanoseconds / 1_000_000_000).ok()
    }

    fn processor_seconds(&mut self) -> f64 {
        let Some(clock) = &mut self.clock else { return 0.0 };
        let used = clock.now(ClockId::ProcessCpu).or_else(|| clock.now(ClockId::Monotonic));
        used.unwrap_or(0) as f64 / 1e9
    }

    fn zone(&mut self, seconds: i64) -> Zone {
        let local = self.zone.as_ref().and_then(|zone| zone.find_local_time_type(seconds).ok());
        match local {
            Some(local) => Zone {
                offset_seconds: local.ut_offset(),
                name: local.time_zone_designation().into(),
                daylight: local.is_dst(),
            },
            None => Zone { name: self.zone_name.clone(), ..Zone::utc() },
        }
    }

    fn seed(&mut self) -> (i64, i64) {
        let mut seeds = [0; 16];
        if !self.has_random {
            return (0, 0);
        }
        // Without a source of chance the sequence is always the same, which is better than none.
        let _: io::Result<()> = SystemRandom.fill(&mut seeds);
        let (first, second) = seeds.split_at(8);
        let number = |bytes: &[u8]| i64::from_le_bytes(bytes.try_into().expect("half of 16 bytes"));
        (number(first), number(second))
    }
}

/// Standard input.
struct Input(io::Stdin);

impl LuaFile for Input {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HostError> {
        read(&mut self.0, buffer)
    }
}

/// Standard output or error.
struct Output(Box<dyn Write + Send>);

impl LuaFile for Output {
    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        Ok(self.0.write_all(bytes)?)
    }

    fn flush(&mut self) -> Result<(), HostError> {
        Ok(self.0.flush()?)
    }
}

/// A command of the shell.
fn shell(command: &[u8]) -> Command {
    let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("/bin/sh", "-c") };
    let mut process = Command::new(shell);
    process.arg(option).arg(path(command));
    process
}

#[cfg(unix)]
fn termination(status: ExitStatus) -> Termination {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Termination::Exit(code),
        (None, signal) => Termination::Signal(signal.unwrap_or(0)),
    }
}

#[cfg(not(unix))]
fn termination(status: ExitStatus) -> Termination {
    Termination::Exit(status.code().unwrap_or(1))
}

/// Standard output without a buffer of its own: the libraries have theirs, and obey the program about it.
fn direct_output() -> Box<dyn Write + Send> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        if let Ok(descriptor) = io::stdout().as_fd().try_clone_to_owned() {
            return Box::new(File::from(descriptor));
        }
    }
    Box::new(io::stdout())
}

/// A command that runs, with a pipe to or from it.
struct Pipe(Child);

impl LuaFile for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HostError> {
        self.0.stdout.as_mut().map_or(Ok(0), |output| read(output, buffer))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        match &mut self.0.stdin {
            Some(input) => Ok(input.write_all(bytes)?),
            None => Ok(()),
        }
    }

    fn close(&mut self) -> Result<Option<Termination>, HostError> {
        // A command that still writes is told that nobody reads; waiting tells one that reads that nothing more comes.
        self.0.stdout = None;
        Ok(Some(termination(self.0.wait()?)))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // As C's `pclose` does, so that nothing is left behind; nobody is left to hear of an error.
        let _ = LuaFile::close(self);
    }
}

/// A file of the host.
struct OpenFile(File);

impl LuaFile for OpenFile {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HostError> {
        read(&mut self.0, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        Ok(self.0.write_all(bytes)?)
    }

    fn seek(&mut self, whence: Whence, offset: i64) -> Result<u64, HostError> {
        let invalid = || HostError { message: "Invalid argument".into(), code: 22 };
        Ok(self.0.seek(match whence {
            Whence::Start => SeekFrom::Start(u64::try_from(offset).map_err(|_| invalid())?),
            Whence::Current => SeekFrom::Current(offset),
            Whence::End => SeekFrom::End(offset),
        })?)
    }
}

/// Reads once, whatever signals come.
fn read(from: &mut impl Read, buffer: &mut [u8]) -> Result<usize, HostError> {
    loop {
        match from.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return Ok(result?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Granted;

    fn confined() -> (ProcessHost, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let grant = |host: &Path, guest: &str| DirectoryGrant { host: host.to_owned(), guest: guest.to_owned() };
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        let directories = vec![grant(folder.path(), "."), grant(&folder.path().join("inner"), "/data")];
        let environment = vec![Variable { name: "A".into(), value: "1".into() }];
        let granted = Granted { directories, environment, ..Granted::default() };
        (ProcessHost::new(&Grants::open(&granted), ProgramFiles::default()).unwrap(), folder)
    }

    #[test]
    fn a_confined_program_sees_what_is_granted() {
        let (mut host, folder) = confined();
        host.open(b"/data/file", OpenMode::Write).unwrap().write(b"text").unwrap();
        assert_eq!(std::fs::read(folder.path().join("inner/file")).unwrap(), b"text");
        let mut buffer = [0; 10];
        let mut file = host.open(b"./inner/file", OpenMode::Read).unwrap();
        assert_eq!(file.read(&mut buffer), Ok(4));
        assert_eq!(file.seek(Whence::End, -2), Ok(2));
        assert!(file.seek(Whence::Start, -2).is_err());
        for outside in [&b"/etc/passwd"[..], b"../x", b"inner/../../x", b"/data/../../x"] {
            assert!(host.open(outside, OpenMode::Read).is_err());
        }
        host.rename(b"inner/file", b"/data/other").unwrap();
        assert_eq!(host.remove(b"/data/nothing").unwrap_err().code, 2);
        host.remove(b"/data/other").unwrap();
        host.remove(b"inner").unwrap();
        assert_eq!(host.variable(b"A"), Some(b"1".to_vec()));
        assert_eq!(host.variable(b"PATH"), None);
        assert!(host.temporary_name().is_err());
    }

    #[test]
    fn a_sandbox_grants_nothing_by_itself() {
        let mut host = ProcessHost::new(&Grants::sandboxed(&Granted::default()), ProgramFiles::default()).unwrap();
        assert!(host.open(b"/etc/passwd", OpenMode::Read).is_err() && host.open(b"x", OpenMode::Write).is_err());
        assert!(host.open_temporary().is_err() && host.temporary_name().is_err());
        assert_eq!((host.variable(b"PATH"), host.time(), host.seed()), (None, None, (0, 0)));
        assert_eq!((host.processor_seconds(), host.zone(0).offset_seconds), (0.0, 0));
        assert!(!host.grants_debug());
    }

    #[test]
    fn files_are_opened_again_without_being_made_or_waited_for() {
        let (mut host, folder) = confined();
        std::fs::write(folder.path().join("file"), "text").unwrap();
        for mode in [OpenMode::Write, OpenMode::Append, OpenMode::UpdateNew, OpenMode::UpdateAppend] {
            host.open_again(b"./file", mode).unwrap();
            assert!(host.open_again(b"./none", mode).is_err());
        }
        assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"text");
        assert!(!folder.path().join("none").exists());
        assert!(host.open_again(b"./inner", OpenMode::Read).is_err());
        assert!(host.open_again(b"../x", OpenMode::Read).is_err());
    }

    #[test]
    fn a_script_sees_what_it_would_see_under_lua() {
        let mut host = ProcessHost::new(&Grants::open(&Granted::default()), ProgramFiles::default()).unwrap();
        assert!(host.variable(b"PATH").is_some());
        assert_eq!(host.variable(b"NO=SUCH"), None);
        let name = host.temporary_name().unwrap();
        host.open(&name, OpenMode::Append).unwrap().write(b"x").unwrap();
        host.remove(&name).unwrap();
        assert_eq!(host.open(&name, OpenMode::Read).err().map(|error| error.code), Some(2));
        let mut file = host.open_temporary().unwrap();
        file.write(b"abc").unwrap();
        assert_eq!(file.seek(Whence::Current, 0), Ok(3));
        assert!(host.time().unwrap() > 1_700_000_000);
        assert!(host.processor_seconds() >= 0.0);
        assert_ne!(host.seed(), host.seed());
        assert_eq!(host.zone(0).offset_seconds % 60, 0);
    }
}
