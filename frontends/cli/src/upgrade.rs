//! `upgrade`: writes a program in an older version of the binary form as one of the newest version.

use crate::arguments::Upgrade;
use crate::exit::Exit;
use crate::report::{Place, Report};
use crate::source::{Failure, cause, read_bytes};
use crate::{commands, format, load};
use minivm_isa::{Allowance, binary};
use std::io::Write;
use std::path::Path;

/// Upgrades one file, in place or into another one, and tells what was done.
pub(crate) fn upgrade(options: &Upgrade) -> Result<Exit, Failure> {
    let (name, bytes) = read_bytes(&options.file, &mut Allowance::default())?;
    if !binary::is_binary(&bytes) {
        return Err(Failure::new(Exit::Invalid, not_binary(&name, &bytes)));
    }
    let program = load::mvm(&name, &bytes, &mut Allowance::default())?;
    let (is_stream, to) = (options.file == Path::new("-"), options.output.as_deref());
    let (upgraded, done) = match binary::version_of(&bytes) {
        Some(before) if before < binary::VERSION => {
            let upgraded = binary::encode(&program);
            let (functions, instructions) = commands::code_size(&program);
            let counts = format!("{functions} functions, {instructions} instructions, {} bytes", upgraded.len());
            (upgraded, format!("{name}: version {before} is now version {}, {counts}", binary::VERSION))
        }
        _ => {
            let done = format!("{name}: is of version {} already, and valid", binary::VERSION);
            if to.is_none() && !is_stream {
                return commands::print(format!("{done}\n").as_bytes());
            }
            (bytes, done)
        }
    };
    match to {
        Some(to) if to != Path::new("-") => {
            commands::write(to, &upgraded)?;
            commands::print(format!("{done}, in `{}`\n", to.display()).as_bytes())
        }
        None if !is_stream => {
            format::replace(&options.file, &upgraded).map_err(|error| {
                let report = Report::new(format!("cannot write `{name}`: {}", cause(&error)));
                Failure::new(Exit::Unwritable, report)
            })?;
            commands::print(format!("{done}\n").as_bytes())
        }
        Some(_) | None => {
            // Standard output has the program. Where nobody can be told, there is nothing to do about it.
            let _ = writeln!(std::io::stderr(), "{done}");
            commands::print(&upgraded)
        }
    }
}

/// Why bytes are no file that can be upgraded.
fn not_binary(name: &str, bytes: &[u8]) -> Report {
    let report = Report::new(format!("`{name}` is not a program in binary form")).place(Place::file(name));
    if minivm::snapshot_file::is_snapshot(bytes) {
        report.note("it is a snapshot, which only the release that made it goes on with")
    } else if String::from_utf8_lossy(bytes).lines().any(|line| line.split_whitespace().next() == Some("minivm")) {
        report.note("the text form is read as it is, whichever version it says")
    } else {
        report.help("`minivm build FILE -o OUT.mvm` compiles a program")
    }
}
