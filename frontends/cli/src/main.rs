//! The `minivm` command: the only crate that touches terminal and process.
//!
//! `arguments` defines the command line, `source` and `language` read a program,
//! `commands` does what was asked, `report` says what is wrong, `exit` lists the codes.
#![forbid(unsafe_code)]

mod arguments;
mod exit;
mod grants;
mod language;
mod report;
mod source;

use arguments::{CommandLine, When};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    match line.color {
        When::Auto => {}
        When::Always => anstream::ColorChoice::Always.write_global(),
        When::Never => anstream::ColorChoice::Never.write_global(),
    }
    ExitCode::SUCCESS
}
