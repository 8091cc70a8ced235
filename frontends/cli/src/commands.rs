//! What each command does, except running and explaining.

use crate::arguments::{Build, CommandLine};
use crate::exit::Exit;
use crate::load::{Loaded, load};
use crate::report::Report;
use crate::run;
use crate::source::{Failure, cause};
use clap::CommandFactory;
use clap_complete::Shell;
use minivm_isa::program::FunctionDef;
use minivm_isa::{Program, binary};
use minivm_wasm::Features;
use std::io::{self, Write};
use std::path::Path;

/// `build`: compiles a program into a file.
pub(crate) fn build(build: &Build, features: Features) -> Result<Exit, Failure> {
    if build.warm {
        return run::build_warm(&build.file.file, &build.output, features);
    }
    let loaded = load(&build.file.file, features)?;
    let is_text = build.output.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("mvt"));
    let bytes = if is_text { loaded.program.to_string().into_bytes() } else { binary::encode(&loaded.program) };
    if build.output == Path::new("-") {
        return print(&bytes);
    }
    write(&build.output, &bytes)?;
    Ok(Exit::Success)
}

/// Writes a file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| {
        let report = Report::new(format!("cannot write `{}`: {}", path.display(), cause(&error)));
        Failure::new(Exit::Unwritable, report)
    })
}

/// `dis`: prints a program as text.
pub(crate) fn dis(path: &Path, features: Features) -> Result<Exit, Failure> {
    print(load(path, features)?.program.to_string().as_bytes())
}

/// `verify`: says that a program is valid.
pub(crate) fn verify(path: &Path, features: Features) -> Result<Exit, Failure> {
    let Loaded { name, language, program } = load(path, features)?;
    let (functions, instructions) = code_size(&program);
    let line = format!("{name}: valid {language}, {functions} functions, {instructions} instructions\n");
    print(line.as_bytes())
}

/// How many functions with code a program has, and how many instructions.
pub(crate) fn code_size(program: &Program) -> (usize, usize) {
    let codes = program.functions.values().filter_map(|function| match function {
        FunctionDef::Code(code) => Some(code.code.len()),
        FunctionDef::Import { .. } => None,
    });
    codes.fold((0, 0), |(count, sum), length| (count + 1, sum + length))
}

/// `completions`: prints a completion script.
pub(crate) fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "minivm", &mut script);
    print(&script)
}

/// Writes to standard output.
pub(crate) fn print(bytes: &[u8]) -> Result<Exit, Failure> {
    let mut stream = io::stdout().lock();
    written(stream.write_all(bytes).and_then(|()| stream.flush()))
}

/// What to make of a result of writing to standard output.
pub(crate) fn written(result: io::Result<()>) -> Result<Exit, Failure> {
    match result {
        Ok(()) => Ok(Exit::Success),
        // Whoever read has enough; there is nobody to tell.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::PipeClosed),
        Err(error) => {
            let report = Report::new(format!("cannot write to standard output: {}", cause(&error)));
            Err(Failure::new(Exit::Unwritable, report))
        }
    }
}
