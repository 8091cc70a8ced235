//! How much memory of this process is resident, as far as the system tells.

use std::fs;

/// A size of this process in bytes; 0 where the system tells none.
fn size(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) << 10
}

/// Bytes that are resident now.
pub fn resident() -> u64 {
    size("VmRSS")
}

/// The most bytes that were.
pub fn peak() -> u64 {
    size("VmHWM")
}

/// The most bytes so far are those of now.
pub fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}
