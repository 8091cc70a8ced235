//! A file that tells `perf` the names of functions.
//!
//! Code that was given up keeps its line. Where the file cannot be written, there are no names, and nothing else changes.

use minivm::raw::native::NativeJob;
use std::fs::{File, OpenOptions};
use std::io::Write;

/// The file of this process.
#[derive(Debug, Default)]
pub(crate) struct PerfMap(Option<File>);

impl PerfMap {
    /// The file, if one is wanted and can be written.
    pub(crate) fn open(is_wanted: bool) -> PerfMap {
        let path = std::env::temp_dir().join(format!("perf-{}.map", std::process::id()));
        let open = || OpenOptions::new().create(true).append(true).open(path).ok();
        PerfMap(is_wanted.then(open).flatten())
    }

    /// Notes where the code of a function lies, in bytes.
    pub(crate) fn note(&mut self, job: &NativeJob, start: usize, bytes: usize) {
        let Some(file) = &mut self.0 else { return };
        // A line each.
        let name = job.name.replace(char::is_control, " ");
        let entry = job.heads.first().filter(|_| !job.starts).map(|block| format!(" at {block}")).unwrap_or_default();
        let line = format!("{start:x} {bytes:x} minivm: {name}{entry}\n");
        if file.write_all(line.as_bytes()).is_err() {
            self.0 = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PerfMap;

    #[test]
    fn nothing_is_opened_unless_it_is_wanted() {
        assert!(PerfMap::open(false).0.is_none());
    }
}
