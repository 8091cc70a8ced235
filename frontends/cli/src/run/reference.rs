//! Snapshots without code: which files the code of a machine is in, and finding it there again.
//!
//! A file that a program was loaded from is known by the name that the program has it under and by its place. When a state is
//! saved, each is compiled once more: only code whose hash is that of a program of the machine is left out, so that chunks that
//! are in no file, and files that have changed since, travel whole.

use super::lua::SECTION;
use crate::exit::Exit;
use crate::report::{Place, Report};
use crate::source::{Failure, cause};
use minivm::raw::{InlinedCall, Machine, ProgramHash, program_hash};
use minivm_isa::Verified;
use minivm_wasm::Features;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The files that code of a machine may be from: names, and places. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct ProgramFiles(Arc<Mutex<BTreeMap<String, PathBuf>>>);

/// A file that code left out of a snapshot is in.
pub(super) struct ProgramFile {
    pub(super) hash: ProgramHash,
    /// The name that the program has it under.
    name: String,
    /// Where it was.
    place: String,
}

impl ProgramFile {
    /// Three lines of a note.
    pub(super) fn lines(&self) -> String {
        let hash: String = self.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hash}\n{}\n{}\n", self.name, self.place)
    }

    /// Takes three lines.
    pub(super) fn read(from: &mut &str) -> Option<Self> {
        let mut line = || {
            let (line, rest) = from.split_once('\n')?;
            *from = rest;
            Some(line)
        };
        let (digits, name, place) = (line()?, line()?.to_owned(), line()?.to_owned());
        let mut hash = ProgramHash::default();
        if digits.len() != 2 * hash.len() || !digits.is_ascii() {
            return None;
        }
        for (index, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(ProgramFile { hash, name, place })
    }

    /// The program in a file, if it is this one.
    fn compile(&self, place: &Path) -> io::Result<Option<Verified>> {
        Ok(compile(&self.name, place)?.into_iter().find(|program| program_hash(program) == self.hash))
    }
}

/// The program in a file, by the name that the program had it under, in the forms that it may have been compiled to; none when
/// it is not valid.
fn compile(name: &str, place: &Path) -> io::Result<Vec<Verified>> {
    // What is named in a snapshot could be a device without end.
    if !std::fs::metadata(place)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let bytes = std::fs::read(place)?;
    let Ok(program) = minivm_modules::compile(name, &bytes, Features::default()) else { return Ok(Vec::new()) };
    let is_lua = program.custom.iter().any(|section| section.name == SECTION);
    let other = (is_lua && !minivm_lua::has_exact_upvalues(&program)).then(|| {
        let options = minivm_lua::Options { is_file: true, exact_upvalues: true };
        minivm_lua::compile_with(&bytes, format!("@{name}"), options, &mut minivm_isa::Allowance::default()).ok()
    });
    Ok(std::iter::once(program).chain(other.flatten()).collect())
}

impl ProgramFiles {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A program was loaded from a file.
    pub(super) fn loaded(&self, name: &str, place: &Path) {
        let Ok(place) = std::path::absolute(place) else { return };
        self.files().insert(name.to_owned(), place);
    }

    /// A program has read a file, which may be one of its own.
    pub(crate) fn opened(&self, name: &str, place: &Path) {
        let ending = place.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if ending == "lua" || minivm_modules::ENDINGS.contains(&ending) {
            self.loaded(name, place);
        }
    }

    /// Finds the calls that compilers have inlined in modules of these files, which it reads when it is asked. Of a file that has
    /// changed since it tells what is there now.
    pub(super) fn inlined_calls(&self) -> impl Fn(&str, u32) -> Vec<InlinedCall> + Send + 'static {
        let files = self.clone();
        // A traceback asks many times for few modules.
        let last = Mutex::new((String::new(), Vec::new()));
        move |module, byte| {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.0 != module {
                let place = files.files().get(module).cloned();
                let is_file = |place: &PathBuf| std::fs::metadata(place).is_ok_and(|found| found.is_file());
                let bytes = place.filter(is_file).and_then(|place| std::fs::read(place).ok());
                *last = (module.to_owned(), bytes.unwrap_or_default());
            }
            minivm_wasm::inlined_calls(&last.1, byte)
        }
    }

    /// The files that code of a machine is in now.
    pub(super) fn of(&self, machine: &Machine) -> Vec<ProgramFile> {
        let hashes = machine.program_hashes();
        let mut found: Vec<ProgramFile> = Vec::new();
        for (name, place) in &*self.files() {
            // Names that a note cannot hold are those of files whose code travels whole.
            let Some(written) = place.to_str().filter(|place| !place.contains('\n') && !name.contains('\n')) else {
                continue;
            };
            for program in compile(name, place).unwrap_or_default() {
                let hash = program_hash(&program);
                if hashes.contains(&hash) && found.iter().all(|file| file.hash != hash) {
                    found.push(ProgramFile { hash, name: name.clone(), place: written.to_owned() });
                }
            }
        }
        found
    }

    /// The programs in such files, in these places or, if that is wanted, where the snapshot says that they were.
    ///
    /// # Errors
    /// When one is missing, or has changed.
    pub(super) fn find(
        &self,
        files: &[ProgramFile],
        places: &[PathBuf],
        looks_where_they_were: bool,
    ) -> Result<Vec<Verified>, Failure> {
        let mut programs = Vec::with_capacity(files.len());
        for file in files {
            let was = Path::new(&file.place);
            let given = places.iter().find_map(|place| Some((place.as_path(), file.compile(place).ok()??)));
            let (place, program) = match given {
                Some(found) => found,
                None if !looks_where_they_were => return Err(gone(file, "no file given has it")),
                None => match file.compile(was) {
                    Ok(Some(program)) => (was, program),
                    Ok(None) => return Err(gone(file, "its code has changed since")),
                    Err(error) => return Err(gone(file, &format!("it cannot be read: {}", cause(&error)))),
                },
            };
            self.loaded(&file.name, place);
            programs.push(program);
        }
        Ok(programs)
    }
}

/// Code that a snapshot needs is not where it was.
fn gone(file: &ProgramFile, why: &str) -> Failure {
    let report = Report::new(format!("the snapshot was made without the code of `{}`, and {why}", file.name));
    let help = "say where the file is as it was then with `--program FILE`; `resume --trust` looks where it was";
    Failure::new(Exit::Unreadable, report.place(Place::file(file.place.as_str())).help(help))
}
