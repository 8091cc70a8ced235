//! Saving a program that is stopped, and `resume`.

use super::reference::ProgramFile;
use super::stop::Stops;
use super::{Printed, Session, lua};
use crate::arguments::{Resume, Saving};
use crate::exit::Exit;
use crate::grants::Grants;
use crate::report::{Place, Report};
use crate::source::{Failure, cause};
use minivm::raw::{Limits, ProgramHash, Snapshot, SnapshotError, snapshot_file};
use minivm_isa::Type;
use minivm_lua::stdlib::raw::set_saved_files;
use minivm_lua::stdlib::{OpenFiles, SavedFiles};
use minivm_wasm::wasi;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

/// Where and how a program that is stopped is saved.
pub(super) struct Plan {
    to: PathBuf,
    pub(super) open_files: OpenFiles,
    by_reference: bool,
}

impl Plan {
    pub(super) fn new(options: &Saving) -> Option<Self> {
        let to = options.snapshot_to.clone()?;
        let open_files = match (options.snapshot_closes_files, options.snapshot_reopens_files) {
            (true, _) => OpenFiles::Close,
            (false, true) => OpenFiles::Reopen,
            (false, false) => OpenFiles::Refuse,
        };
        Some(Plan { to, open_files, by_reference: options.by_reference })
    }
}

/// What is kept of a session beside the machine: the languages, what is printed at the end, files that code is in, the name.
fn note(session: &Session, files: &[ProgramFile]) -> Vec<u8> {
    let languages = [(session.has_lua, "lua"), (session.wasi.is_some(), "wasi")];
    let languages: Vec<&str> = languages.iter().filter(|(is_there, _)| *is_there).map(|(_, name)| *name).collect();
    let printed = session.printed.as_ref().map_or("nothing".to_owned(), |printed| {
        let types: Vec<String> = printed.types.iter().map(Type::to_string).collect();
        format!("{} {}", if printed.as_bits { "bits" } else { "results" }, types.join(" "))
    });
    let files: String = files.iter().map(ProgramFile::lines).collect();
    format!("{}\n{printed}\n{files}\n{}", languages.join(" "), session.name).into_bytes()
}

/// What a note says.
pub(super) struct Note {
    pub(super) has_lua: bool,
    pub(super) has_wasi: bool,
    printed: Option<Printed>,
    files: Vec<ProgramFile>,
    name: String,
}

impl Note {
    /// What is known of a snapshot that another host has saved.
    fn of_another_host(file: &Path) -> Note {
        let name = file.display().to_string();
        Note { has_lua: false, has_wasi: false, printed: None, files: Vec::new(), name }
    }

    fn read(bytes: &[u8]) -> Option<Note> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (languages, rest) = text.split_once('\n')?;
        let (printed, mut rest) = rest.split_once('\n')?;
        let languages: Vec<&str> = languages.split(' ').filter(|word| !word.is_empty()).collect();
        if languages.iter().any(|word| !["lua", "wasi"].contains(word)) {
            return None;
        }
        let printed = match printed {
            "nothing" => None,
            line => {
                let (form, types) = line.split_once(' ')?;
                let as_bits = form == "bits";
                let types = types.split_whitespace().map(typed).collect::<Option<Vec<_>>>()?;
                (as_bits || form == "results").then_some(Some(Printed { types, as_bits }))?
            }
        };
        let mut files = Vec::new();
        let name = loop {
            match rest.strip_prefix('\n') {
                Some(name) => break name.to_owned(),
                None => files.push(ProgramFile::read(&mut rest)?),
            }
        };
        Some(Note { has_lua: languages.contains(&"lua"), has_wasi: languages.contains(&"wasi"), printed, files, name })
    }
}

fn typed(word: &str) -> Option<Type> {
    [Type::Any, Type::I32, Type::I64, Type::F32, Type::F64, Type::V128].into_iter().find(|ty| ty.to_string() == word)
}

impl Session {
    /// The program was stopped: saves it, if that is wanted, and says so.
    pub(super) fn stopped(&mut self) -> Failure {
        let trace = self.machine.traceback();
        let failure = self.stop_failure(&trace);
        let Some(to) = self.snapshot.as_ref().map(|plan| plan.to.clone()) else { return failure };
        match self.write(&to) {
            Ok(()) => {
                let Failure { exit, mut reports } = failure;
                let help =
                    format!("it is saved: `minivm resume {}` goes on, with what it is granted there", to.display());
                if reports.is_empty() {
                    reports.push(self.report(self.stops.cause().message()));
                }
                reports = reports.into_iter().map(|report| report.help(help.as_str())).collect();
                Failure { exit, reports }
            }
            Err(error) => error,
        }
    }

    /// Saves the state of the machine in a file.
    pub(super) fn write(&mut self, to: &Path) -> Result<(), Failure> {
        let by_reference = self.snapshot.as_ref().is_some_and(|plan| plan.by_reference);
        let files = if by_reference { self.files.of(&self.machine) } else { Vec::new() };
        let hashes: Vec<ProgramHash> = files.iter().map(|file| file.hash).collect();
        let note = note(self, &files);
        let saved = self.machine.save_without(&note, &hashes).and_then(|payload| snapshot_file::pack(&payload));
        let file = saved.map_err(|error| Failure::new(Exit::Unsupported, self.report(error.to_string())))?;
        // A file that is there is replaced by a whole one or not at all.
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut temporary| {
            std::io::Write::write_all(&mut temporary, &file)?;
            temporary.persist(to).map(|_| ()).map_err(|error| error.error)
        });
        written.map_err(|error| {
            let report = Report::new(format!("cannot write `{}`: {}", to.display(), cause(&error)));
            Failure::new(Exit::Unwritable, report)
        })
    }
}

/// Opens a snapshot's file and reads what is in its note, if this command wrote it. No piece of it takes more memory than this.
pub(super) fn open(path: &Path, memory_max: u64) -> Result<(Snapshot<'static>, Option<Note>), Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::Unreadable, Report::new(format!("cannot read `{}`: {}", path.display(), cause(&error))))
    };
    let file = File::open(path).map_err(unreadable)?;
    let snapshot = if file.metadata().map_err(unreadable)?.is_file() {
        snapshot_file::open(file, memory_max)
    } else {
        // What cannot be read twice is held as it is.
        let mut bytes = Vec::new();
        file.take(memory_max).read_to_end(&mut bytes).map_err(unreadable)?;
        snapshot_file::open(Cursor::new(bytes), memory_max)
    };
    let snapshot = snapshot.map_err(|error| refused(path, &error))?;
    let note = Note::read(snapshot.note());
    Ok((snapshot, note))
}

pub(super) fn refused(path: &Path, error: &SnapshotError) -> Failure {
    let exit = match error {
        SnapshotError::Damaged(_) => Exit::Invalid,
        SnapshotError::Refused(_) | SnapshotError::Missing(_) => Exit::Unsupported,
        SnapshotError::OutOfMemory => Exit::Error,
    };
    Failure::new(exit, Report::new(error.to_string()).place(Place::file(path.display().to_string())))
}

/// What a snapshot is loaded for.
pub(super) enum Purpose {
    /// To go on with it.
    Resume,
    /// To look at it: nothing runs, and nothing is touched.
    Inspect,
}

/// A session with what a snapshot says it needs, loaded.
pub(super) fn load(options: &Resume, purpose: &Purpose) -> Result<Session, Failure> {
    let memory_max = options.memory_max.map_or(u64::MAX, |size| size.0);
    let (snapshot, note) = open(&options.file, memory_max)?;
    let note = match (note, purpose) {
        (Some(note), _) => note,
        (None, Purpose::Inspect) => Note::of_another_host(&options.file),
        (None, Purpose::Resume) => {
            let error = SnapshotError::Missing("another host has saved it, whose functions are not here".into());
            let Failure { exit, reports } = refused(&options.file, &error);
            let help = format!("`minivm inspect {}` shows what is in it", options.file.display());
            return Err(Failure {
                exit,
                reports: reports.into_iter().map(|report| report.help(help.as_str())).collect(),
            });
        }
    };
    let limits = Limits { memory_bytes_max: memory_max, ..Limits::default() };
    let mut session = Session::new(limits, note.name, None);
    session.grants = Grants::new(&options.granted, !options.trust);
    session.snapshot = Plan::new(&options.saving);
    let programs = session.files.find(&note.files, &options.programs, options.trust)?;
    session.printed = note.printed;
    let (lua_files, wasi_files) = match (purpose, options.reopen_files) {
        (Purpose::Inspect, _) => (SavedFiles::Close, wasi::SavedFiles::Close),
        (Purpose::Resume, true) => (SavedFiles::Reopen, wasi::SavedFiles::Reopen),
        (Purpose::Resume, false) => (SavedFiles::Refuse, wasi::SavedFiles::Refuse),
    };
    if note.has_wasi {
        session.install_wasi(b"", &[])?;
        session.wasi.iter().for_each(|linked| linked.set_saved_files(wasi_files));
    }
    session.install_std()?;
    if note.has_lua {
        lua::library(&mut session)?;
        set_saved_files(&mut session.machine, lua_files);
    }
    session.launcher()?;
    if matches!(purpose, Purpose::Inspect) {
        session.machine.load_to_inspect();
    }
    session.machine.load_snapshot(snapshot, programs).map_err(|error| {
        let Failure { exit, reports } = refused(&options.file, &error);
        let help = match &error {
            SnapshotError::OutOfMemory if memory_max < u64::MAX => {
                format!("it may use {memory_max} bytes; `--memory-max` says how many")
            }
            // What it says names the file.
            SnapshotError::Missing(why) if why.ends_with("not opened again here") => {
                "`--reopen-files` opens it again, where it is granted".to_owned()
            }
            _ => return Failure { exit, reports },
        };
        Failure { exit, reports: reports.into_iter().map(|report| report.help(help.as_str())).collect() }
    })?;
    session.fuel = options.fuel;
    session.machine.set_fuel(options.fuel);
    Ok(session)
}

/// `resume`: goes on with a program that was saved.
pub(crate) fn resume(options: &Resume) -> Result<Exit, Failure> {
    let stops = Stops::new(options.timeout, &options.saving)?;
    let mut session = load(options, &Purpose::Resume)?;
    session.set_stops(stops);
    super::jit::install(&mut session, options.jit, super::jit::Wanted::default())?;
    if !session.machine.is_stopped() {
        return Err(Failure::new(Exit::Usage, session.report("it holds no run that could go on")));
    }
    let result = session.go_on().and_then(|results| session.finish(results));
    let result = session.close(result);
    match (result, session.flush()) {
        (Ok(Exit::Success), written) => written,
        (result, _) => result,
    }
}
