//! Renders the guide with mdBook, which has to be installed: `cargo install mdbook`. `cargo guide` builds it, `cargo guide serve`
//! shows it.

use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../builder/guide");
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if words.is_empty() {
        words.push("build".to_owned());
    }
    match Command::new("mdbook").args(words).arg(folder).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            eprintln!("mdbook: {status}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("mdbook cannot be started ({error}); `cargo install mdbook` installs it");
            ExitCode::FAILURE
        }
    }
}
