//! `fmt`: lays out programs in text form.

use crate::arguments::Fmt;
use crate::commands;
use crate::exit::Exit;
use crate::report::{Place, Report};
use crate::source::{Failure, cause};
use minivm_isa::text;
use std::io::{self, Read};
use std::path::Path;

/// Lays out files in place, or says which ones would change. All files are looked at, whatever is wrong with some.
pub(crate) fn format(options: &Fmt) -> Result<Exit, Failure> {
    let mut failed: Option<Failure> = None;
    for file in &options.files {
        if let Err(Failure { exit, reports }) = one(file, options.check) {
            let failed = failed.get_or_insert(Failure { exit, reports: Vec::new() });
            failed.reports.extend(reports);
        }
    }
    failed.map_or(Ok(Exit::Success), Err)
}

fn one(file: &Path, is_check: bool) -> Result<(), Failure> {
    let is_stream = file == Path::new("-");
    let name = if is_stream { "stdin".to_owned() } else { file.display().to_string() };
    let mut before = Vec::new();
    let read = if is_stream {
        io::stdin().lock().read_to_end(&mut before).map(drop)
    } else {
        std::fs::read(file).map(|bytes| before = bytes)
    };
    read.map_err(|error| {
        Failure::new(Exit::Unreadable, Report::new(format!("cannot read `{name}`: {}", cause(&error))))
    })?;
    let before = String::from_utf8(before).map_err(|_| {
        Failure::new(Exit::Invalid, Report::new("the text is not UTF-8").place(Place::file(name.as_str())))
    })?;
    let after = text::format(&before).map_err(|errors| {
        let report = |error: &text::ParseError| {
            let place = Place::at_character(&name, &before, error.line as usize, error.column as usize);
            Report::new(error.message.as_str()).place(place)
        };
        Failure { exit: Exit::Invalid, reports: errors.iter().map(report).collect() }
    })?;
    if is_check {
        let is_same = after == before;
        let line = || before.lines().zip(after.lines()).take_while(|(before, after)| before == after).count() + 1;
        return if is_same {
            Ok(())
        } else {
            let report = Report::new(format!("`{name}` is not laid out, from line {} on", line()));
            Err(Failure::new(Exit::Invalid, report.help("`minivm fmt FILE` does it")))
        };
    }
    if is_stream {
        return commands::print(after.as_bytes()).map(drop);
    }
    if after == before {
        return Ok(());
    }
    replace(file, after.as_bytes()).map_err(|error| {
        Failure::new(Exit::Unwritable, Report::new(format!("cannot write `{name}`: {}", cause(&error))))
    })
}

/// Replaces a file by a whole one or not at all.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays one.
    let file = file.canonicalize()?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut temporary, bytes)?;
    temporary.as_file().set_permissions(file.metadata()?.permissions())?;
    temporary.persist(&file).map(drop).map_err(|error| error.error)
}
