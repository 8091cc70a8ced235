//! From a file to a verified program, whatever language it is in.

use crate::exit::Exit;
use crate::problems;
use crate::report::{Place, Report};
use crate::source::{self, Contents, Failure, SourceFile};
use crate::values;
use minivm_isa::binary::DecodeError;
use minivm_isa::size::checking_bytes;
use minivm_isa::{Allowance, Program, Verified, binary, text, verify};
use minivm_modules::LATER_BYTES_MIN;
use minivm_modules::language::Language;
use minivm_wasm::{Features, WasmError, WasmErrorKind, WasmPlace};
use std::path::Path;

/// A program that may be run, and what it came from.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// As the user named the file.
    pub(crate) name: String,
    pub(crate) language: Language,
    pub(crate) program: Verified,
}

/// Reads, compiles and verifies a file.
pub(crate) fn load(path: &Path, features: Features) -> Result<Loaded, Failure> {
    load_within(path, features, &mut Allowance::default())
}

/// As [`load`], in so much memory.
pub(crate) fn load_within(path: &Path, features: Features, allowance: &mut Allowance) -> Result<Loaded, Failure> {
    load_with(source::read_within(path, allowance)?, path, (features, AT_ONCE), allowance)
}

/// As [`load_within`], for a program that is run: of large ones in binary forms only those functions are looked at that are called.
pub(crate) fn load_to_run(path: &Path, features: Features, allowance: &mut Allowance) -> Result<Loaded, Failure> {
    load_with(source::map_within(path, allowance)?, path, (features, LATER_IF_LARGE), allowance)
}

/// How binary forms become programs.
#[derive(Clone, Copy)]
struct Readers {
    wasm: fn(Contents, &str, Features, &mut Allowance) -> Result<Program, WasmError>,
    mvm: fn(Contents, &mut Allowance) -> Result<Program, DecodeError>,
}

/// Everything is translated, and what is wrong is told before anything runs.
const AT_ONCE: Readers = Readers {
    wasm: |bytes, name, features, allowance| minivm_wasm::translate_within(&bytes, name, features, allowance),
    mvm: |bytes, allowance| binary::decode_within(&bytes, allowance),
};

/// Functions of files that are not small are made when they are first called.
const LATER_IF_LARGE: Readers = Readers {
    wasm: |bytes, name, features, allowance| match bytes.len() {
        ..LATER_BYTES_MIN => (AT_ONCE.wasm)(bytes, name, features, allowance),
        LATER_BYTES_MIN.. => minivm_wasm::translate_later(bytes, name, features, allowance),
    },
    mvm: |bytes, allowance| match bytes.len() {
        ..LATER_BYTES_MIN => (AT_ONCE.mvm)(bytes, allowance),
        LATER_BYTES_MIN.. => binary::decode_later(bytes, allowance),
    },
};

fn load_with(
    SourceFile { name, language, bytes }: SourceFile,
    path: &Path,
    (features, readers): (Features, Readers),
    allowance: &mut Allowance,
) -> Result<Loaded, Failure> {
    let program = match language {
        Language::Lua => lua(path, &name, &bytes, allowance),
        Language::Wasm => wasm(&name, bytes, (features, readers), allowance),
        Language::Wat => wat(&name, &bytes, features, allowance),
        Language::Mvt => mvt(&name, &bytes, allowance),
        Language::Mvm => decoded(&name, (readers.mvm)(bytes, allowance), allowance),
        Language::Tern => tern(&name, &bytes, allowance),
    };
    match program {
        Ok(program) => Ok(Loaded { name, language, program }),
        Err(_) if allowance.is_exhausted() => Err(too_large(&name)),
        Err(failure) => Err(failure),
    }
}

/// Loading a file takes more memory than it may.
pub(crate) fn too_large(name: &str) -> Failure {
    let report = Report::new("not enough memory").place(Place::file(name));
    Failure::new(Exit::Error, report.note("the limit counts what loading a program takes, too"))
}

fn invalid(reports: Vec<Report>) -> Failure {
    Failure { exit: Exit::Invalid, reports }
}

fn lua(path: &Path, name: &str, bytes: &[u8], allowance: &mut Allowance) -> Result<Verified, Failure> {
    let chunk_name = match path == Path::new("-") {
        true => b"=stdin".to_vec(),
        false => [b"@", &values::bytes(path.as_os_str())[..]].concat(),
    };
    minivm_lua::compile_file_within(bytes, chunk_name, allowance).map_err(|error| {
        let span = error.span();
        let meant = span.start as usize..span.end as usize;
        let place = Place::in_text(name, bytes, error.line() as usize, Some(meant));
        invalid(vec![Report::new(String::from_utf8_lossy(error.detail())).place(place)])
    })
}

fn wasm(
    name: &str,
    bytes: Contents,
    (features, readers): (Features, Readers),
    allowance: &mut Allowance,
) -> Result<Verified, Failure> {
    let program = (readers.wasm)(bytes, name, features, allowance);
    // Places are bytes of the module.
    let program = program.map_err(|error| wasm_error(name, &[], &error))?;
    verified(name, program, allowance)
}

fn wat(name: &str, bytes: &[u8], features: Features, allowance: &mut Allowance) -> Result<Verified, Failure> {
    let binary = minivm_wasm::parse_text_within(bytes, name, allowance);
    let binary = binary.map_err(|error| wasm_error(name, bytes, &error))?;
    allowance.take(binary.len() as u64).map_err(|_| too_large(name))?;
    wasm(name, binary.into_owned().into(), (features, AT_ONCE), allowance)
}

fn wasm_error(name: &str, bytes: &[u8], error: &WasmError) -> Failure {
    let exit = match error.kind {
        WasmErrorKind::Unsupported => Exit::Unsupported,
        WasmErrorKind::Invalid => Exit::Invalid,
    };
    let report = Report::new(error.message.as_str());
    let report = match &error.place {
        Some(WasmPlace::Byte(offset)) => {
            report.place(Place::file(name)).note(format!("at byte {offset:#x} of the module"))
        }
        Some(WasmPlace::Text { line, column, .. }) => report.place(Place::at(name, bytes, *line, *column)),
        None => report.place(Place::file(name)),
    };
    Failure::new(exit, report)
}

fn tern(name: &str, bytes: &[u8], allowance: &mut Allowance) -> Result<Verified, Failure> {
    let text = utf8(name, bytes)?;
    allowance.touch(minivm_tutorial::compiling_bytes(text)).map_err(|_| too_large(name))?;
    minivm_tutorial::compile(name, text, minivm_tutorial::Mode::File).map_err(|error| {
        let place = Place::in_text(name, bytes, error.line as usize, Some(error.span.clone()));
        invalid(vec![Report::new(error.message).place(place)])
    })
}

fn utf8<'b>(name: &str, bytes: &'b [u8]) -> Result<&'b str, Failure> {
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
        let at = error.valid_up_to();
        invalid(vec![Report::new("the text is not UTF-8").place(Place::in_text(name, bytes, line, Some(at..at + 1)))])
    })
}

fn mvt(name: &str, bytes: &[u8], allowance: &mut Allowance) -> Result<Verified, Failure> {
    let text = utf8(name, bytes)?;
    // The library reads pieces of programs too; a file says which version it is for.
    let mut lines =
        text.lines().enumerate().filter(|(_, line)| !matches!(line.trim_start().chars().next(), None | Some(';')));
    let (first, line) = lines.next().unwrap_or((0, ""));
    if line.split_whitespace().next() != Some("minivm") {
        let report = Report::new(format!("a program in text form begins with `minivm {}`", text::VERSION));
        return Err(invalid(vec![report.place(Place::at_character(name, text, first + 1, 1))]));
    }
    let program = text::parse_within(text, allowance).map_err(|errors| {
        let report = |error: &text::ParseError| {
            let place = Place::at_character(name, text, error.line as usize, error.column as usize);
            Report::new(error.message.as_str()).place(place)
        };
        invalid(errors.iter().map(report).collect())
    })?;
    verified(name, program, allowance)
}

/// A program in binary form, verified.
pub(crate) fn mvm(name: &str, bytes: &[u8], allowance: &mut Allowance) -> Result<Verified, Failure> {
    decoded(name, binary::decode_within(bytes, allowance), allowance)
}

fn decoded(name: &str, program: Result<Program, DecodeError>, allowance: &mut Allowance) -> Result<Verified, Failure> {
    let program = program.map_err(|error| {
        let report = Report::new(error.message.as_str()).place(Place::file(name));
        invalid(vec![report.note(format!("at byte {:#x} of the file", error.offset))])
    })?;
    verified(name, program, allowance)
}

fn verified(name: &str, program: Program, allowance: &mut Allowance) -> Result<Verified, Failure> {
    let texts = program.sources.values().map(|source| source.text.as_ref().map_or(0, |text| text.len()));
    let copies = texts.sum::<usize>() as u64;
    allowance.touch(checking_bytes(&program) + copies).map_err(|_| too_large(name))?;
    // The reports need the program's sources, and the verifier takes the program.
    let sources: Vec<_> = program.sources.values().cloned().collect();
    verify(program).map_err(|rejections| {
        let mut reports = problems::rejections(name, &sources, &rejections);
        let count = rejections.len();
        let rejections = if count == 1 { "rejection" } else { "rejections" };
        reports.push(Report::new(format!("`{name}` is not valid: {count} {rejections}")));
        invalid(reports)
    })
}
