//! The source files of the workspace: what git would commit, without what is generated or not ours.

use minivm_conformance::cases::workspace;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file.
pub(crate) struct Source {
    /// From the workspace's root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every source file with one of these endings.
pub(crate) fn collect(endings: &[&str]) -> Vec<Source> {
    let root = workspace();
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.retain(|path| path.extension().is_some_and(|found| endings.iter().any(|ending| found == *ending)));
    let relative = |path: &Path| {
        let inner = path.strip_prefix(&root).expect("it lies in the workspace");
        inner.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    };
    let read = |path: PathBuf| Source { path: relative(&path), text: fs::read_to_string(&path).unwrap_or_default() };
    paths.into_iter().map(read).collect()
}

/// Every snapshot below a folder, also those that wait to be accepted.
pub(crate) fn snapshots(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    walk(folder, &mut paths);
    paths.retain(|path| path.to_string_lossy().ends_with(".snap") || path.to_string_lossy().ends_with(".snap.new"));
    paths
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let skipped = name == "target" || name.to_string_lossy().starts_with('.');
        if path.is_dir() && !skipped {
            walk(&path, paths);
        } else if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
}
