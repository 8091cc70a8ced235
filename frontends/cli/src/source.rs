//! Reading the file that holds a program.

use crate::exit::Exit;
use crate::mapped::MappedFile;
use crate::report::{Place, Report};
use minivm_isa::Allowance;
use minivm_isa::bytes::FileBytes;
use minivm_modules::LATER_BYTES_MIN;
use minivm_modules::language::{self, Language};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The bytes of a file, read or mapped.
pub(crate) type Contents = Box<dyn FileBytes>;

/// A file and what it is.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// As the user named it.
    pub(crate) name: String,
    pub(crate) language: Language,
    pub(crate) bytes: Contents,
}

/// Why a command ends early: what to say and which code to leave with.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) reports: Vec<Report>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, report: Report) -> Self {
        Failure { exit, reports: vec![report] }
    }
}

/// Bytes of a file that are read at a time.
const PIECE_BYTES: u64 = 1 << 20;

/// Reads all there is, in so much memory.
fn read_all(mut from: impl Read, allowance: &mut Allowance) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        // While the bytes move, there are two places for them.
        let taken = bytes.len() as u64 + 2 * PIECE_BYTES;
        let is_there = allowance.touch(taken).is_ok();
        if !is_there || from.by_ref().take(PIECE_BYTES).read_to_end(&mut bytes)? == 0 {
            let _ = allowance.take(bytes.len() as u64);
            return Ok(bytes);
        }
    }
}

/// Reads a file, or standard input for `-`.
#[cfg(test)]
pub(crate) fn read(path: &Path) -> Result<SourceFile, Failure> {
    read_within(path, &mut Allowance::default())
}

/// Reads a file, or standard input for `-`, in so much memory. What is in it does not matter here.
pub(crate) fn read_bytes(path: &Path, allowance: &mut Allowance) -> Result<(String, Vec<u8>), Failure> {
    let (name, bytes) = if path == Path::new("-") {
        ("stdin".to_owned(), read_all(io::stdin().lock(), allowance))
    } else {
        (path.display().to_string(), File::open(path).and_then(|file| read_all(file, allowance)))
    };
    if allowance.is_exhausted() && bytes.is_ok() {
        return Err(crate::load::too_large(&name));
    }
    let bytes = bytes.map_err(|error| unreadable(&name, &error))?;
    Ok((name, bytes))
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    let mut report = Report::new(format!("cannot read `{name}`: {}", cause(error)));
    if let Some(command) = similar_command(name).filter(|_| missing(error)) {
        report = report.help(format!("there is a command `minivm {command}`"));
    }
    Failure::new(Exit::Unreadable, report)
}

/// Maps a large program in a binary form, in so much memory as if it was read; none if it is something else, and to be read.
fn map(path: &Path, allowance: &mut Allowance) -> io::Result<Option<MappedFile>> {
    // What is not a file of its own can perhaps be opened only once.
    if path == Path::new("-") || !path.metadata().is_ok_and(|found| found.is_file()) {
        return Ok(None);
    }
    let mapped = MappedFile::new(&File::open(path)?, LATER_BYTES_MIN)?;
    let mapped = mapped.filter(|file| matches!(language::detect(path, file), Ok(Language::Wasm | Language::Mvm)));
    if let Some(file) = &mapped {
        let bytes = file.len() as u64;
        let _ = allowance.touch(bytes + 2 * PIECE_BYTES).and_then(|()| allowance.take(bytes));
    }
    Ok(mapped)
}

/// As [`read_within`], for a program that is run: a large one in a binary form is mapped.
pub(crate) fn map_within(path: &Path, allowance: &mut Allowance) -> Result<SourceFile, Failure> {
    let name = path.display().to_string();
    let mapped = map(path, allowance).map_err(|error| unreadable(&name, &error))?;
    match mapped {
        Some(_) if allowance.is_exhausted() => Err(crate::load::too_large(&name)),
        Some(file) => source_file(path, name, Box::new(file)),
        None => read_within(path, allowance),
    }
}

/// Reads a file, or standard input for `-`, in so much memory.
pub(crate) fn read_within(path: &Path, allowance: &mut Allowance) -> Result<SourceFile, Failure> {
    let (name, bytes) = read_bytes(path, allowance)?;
    source_file(path, name, bytes.into())
}

fn source_file(path: &Path, name: String, bytes: Contents) -> Result<SourceFile, Failure> {
    let language = language::detect(path, &bytes).map_err(|reason| {
        let report = Report::new(format!("cannot tell what `{name}` is: {reason}"))
            .place(Place::file(name.as_str()))
            .help("name it .lua, .wasm, .wat, .mvt, .mvm or .tern");
        Failure::new(Exit::Invalid, report)
    })?;
    Ok(SourceFile { name, language, bytes })
}

fn missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// The host's words, without its number.
pub(crate) fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

/// The command that a word could have been meant for.
fn similar_command(word: &str) -> Option<&'static str> {
    const COMMANDS: [&str; 10] =
        ["run", "lua", "build", "dis", "fmt", "verify", "resume", "inspect", "explain", "completions"];
    const LONGER: [(&str, &str); 5] =
        [("disassemble", "dis"), ("disasm", "dis"), ("compile", "build"), ("check", "verify"), ("format", "fmt")];
    let by_meaning = LONGER.iter().find(|(other, _)| *other == word).map(|(_, command)| *command);
    by_meaning.or_else(|| COMMANDS.into_iter().find(|command| one_slip(word, command)))
}

/// Whether two words differ by one letter added, left out, wrong or swapped with the next.
fn one_slip(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let same_start = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let (left, right) = (&left[same_start..], &right[same_start..]);
    match (left, right) {
        ([], [_]) | ([_], []) => true,
        ([_, left_rest @ ..], [_, right_rest @ ..]) => {
            left_rest == right_rest
                || left_rest == right
                || left == right_rest
                || matches!((left, right), ([a, b, x @ ..], [c, d, y @ ..]) if a == d && b == c && x == y)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        for word in ["buld", "biuld", "buildd", "bild", "bulid", "compile"] {
            assert_eq!(similar_command(word), Some("build"), "{word}");
        }
        assert_eq!(similar_command("rnu"), Some("run"));
        for word in ["", "x", "builder.lua", "main.lua"] {
            assert_eq!(similar_command(word), None, "{word}");
        }
    }

    #[test]
    fn a_missing_file_is_named_with_its_cause() {
        let failure = read(Path::new("no/such/file.lua")).unwrap_err();
        assert_eq!(failure.exit, Exit::Unreadable);
        let text = failure.reports[0].render();
        assert!(text.contains("no/such/file.lua") && text.contains("no such file"), "{text}");
    }
}
