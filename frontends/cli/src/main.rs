//! The `minivm` command: the only crate that touches terminal and process.
//!
//! `arguments` defines the command line, `source` reads a file, `load` makes a
//! program of it, `commands` does what was asked, `report` says what is wrong, `exit` lists
//! the codes.
#![deny(unsafe_code)]

mod arguments;
mod commands;
mod exit;
mod explain;
mod format;
mod function_names;
mod grants;
mod load;
mod lua_host;
mod lua_options;
mod mapped;
mod problems;
mod raw_machine;
mod report;
mod run;
mod source;
mod upgrade;
mod values;
mod wast;

use arguments::{Command, CommandLine, When};
use std::process::ExitCode;

#[cfg(feature = "pool")]
#[global_allocator]
static ALLOCATOR: minivm_pool::Pool = minivm_pool::Pool;

fn main() -> ExitCode {
    // Whoever stops reading ends us quietly, as it does other commands.
    sigpipe::reset();
    let (command, color, features) = CommandLine::read();
    match color {
        When::Auto => {}
        When::Always => anstream::ColorChoice::Always.write_global(),
        When::Never => anstream::ColorChoice::Never.write_global(),
    }
    let result = match &command {
        Command::Run(options) => run::run(&options.run, &options.saving, features),
        Command::Resume(options) => run::resume(options),
        Command::Inspect(options) => run::inspect(options),
        Command::Explain(options) => explain::explain(options, features),
        Command::Lua(options) => run::lua(&options.words, features),
        Command::Build(build) => commands::build(build, features),
        Command::Fmt(options) => format::format(options),
        Command::Dis(file) => commands::dis(&file.file, features),
        Command::Verify(file) => commands::verify(&file.file, features),
        Command::Upgrade(options) => upgrade::upgrade(options),
        Command::Wast(options) => wast::wast(options, features),
        Command::Completions { shell } => commands::completions(*shell),
    };
    let exit = result.unwrap_or_else(|failure| {
        report::print(&failure.reports);
        failure.exit
    });
    if exit == exit::Exit::Interrupted {
        run::die_of_interrupt();
    }
    exit.into()
}
