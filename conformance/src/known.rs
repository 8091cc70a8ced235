//! The one list of cases that still fail, `known_failures.txt`, and what is done with a case that is on it.

use crate::cases::Case;
use std::path::Path;

/// Why a case may fail, from its line `FIXME NAME: reason`; none when it must pass.
pub fn reason(name: &str) -> Option<&'static str> {
    LIST.lines().filter_map(entry).find(|(listed, _)| *listed == name).map(|(_, reason)| reason)
}

/// Whether a case would take the whole process down, so that it must not even be tried.
pub fn crashes(name: &str) -> bool {
    reason(name).is_some_and(|reason| reason.starts_with("crashes"))
}

/// The names on the list.
pub fn names() -> Vec<&'static str> {
    LIST.lines().filter_map(entry).map(|(name, _)| name).collect()
}

const LIST: &str = include_str!("../known_failures.txt");

fn entry(line: &'static str) -> Option<(&'static str, &'static str)> {
    line.strip_prefix("FIXME ")?.split_once(": ")
}

/// Turns the result of a case around when it is on the list: it must fail then.
///
/// # Errors
/// The case's own failure, or that a listed case passes.
pub fn judge(case: &Case, result: Result<(), String>) -> Result<(), String> {
    match (reason(&case.name), result) {
        (None, result) => result,
        (Some(_), Err(_)) => Ok(()),
        (Some(reason), Ok(())) => {
            Err(format!("{} passes: take it off {} ({reason})", case.name, Path::new("known_failures.txt").display()))
        }
    }
}
