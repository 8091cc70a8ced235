//! Inflated snapshots, compressed: loading one takes no more memory than the limit allows, and time in proportion to its length.

use crate::options::Options;
use minivm::raw::snapshot_file;
use minivm_conformance::forge::inflate::{inflate, ways};
use minivm_conformance::forge::resident::{forget_peak, peak, resident};
use minivm_conformance::forge::sources::{self, MEMORY_BYTES_MAX, machine};
use minivm_conformance::small_stack::with_small_stack;
use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

/// Bytes that are added to a snapshot.
const BYTES: usize = 96 << 20;
/// Loading one takes no longer.
const TIME_MAX: Duration = Duration::from_secs(20);
/// Resident bytes that loading may add.
const RESIDENT_MAX: u64 = MEMORY_BYTES_MAX + MEMORY_BYTES_MAX / 4 + (16 << 20);

/// Runs them; gives how many fail.
pub(crate) fn run(options: &Options) -> Result<usize, String> {
    let sources = sources::few()?;
    let ways = ways(&sources);
    let (mut failures, mut most) = (0, 0);
    for (number, (source, way)) in (0..).zip(&ways) {
        if options.only.is_some_and(|only| only != number) {
            continue;
        }
        let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        write(&file, &inflate(&source.fields, way, BYTES))?;
        let before = resident();
        forget_peak();
        let began = Instant::now();
        let result = with_small_stack(|| {
            let mut machine = machine(source.world)?;
            let file = File::open(file.path()).map_err(|error| error.to_string())?;
            let opened = snapshot_file::open(file, MEMORY_BYTES_MAX);
            Ok::<_, String>(opened.and_then(|snapshot| machine.load_snapshot(snapshot, Vec::new())))
        })?;
        let (took, added) = (began.elapsed(), peak().saturating_sub(before));
        most = most.max(added);
        let fails = added > RESIDENT_MAX || took > TIME_MAX;
        failures += usize::from(fails);
        if fails || options.only.is_some() {
            let verdict = if fails { "FAILED" } else { "fine" };
            println!("{number} {verdict} {way:?} of {}: {} MB, {took:?}, {result:?}", source.name, added >> 20);
        }
    }
    println!("{} ways to inflate a snapshot, {failures} failing; at most {} MB more", ways.len(), most >> 20);
    Ok(failures)
}

fn write(file: &tempfile::NamedTempFile, payload: &[u8]) -> Result<(), String> {
    let packed = snapshot_file::pack(payload).map_err(|error| error.to_string())?;
    file.as_file().write_all(&packed).map_err(|error| error.to_string())
}
