//! Import cycles of `vm`: files that name one another in a circle can only be understood together.

use crate::sources::collect;
use std::collections::{BTreeMap, BTreeSet};

/// Files that the largest circle may have.
const CYCLE_FILES_MAX: usize = 18;

/// The path of the module that a file below `vm/src/` is.
fn module(path: &str) -> Vec<&str> {
    let path = path.trim_end_matches(".rs");
    path.strip_suffix("/mod").unwrap_or(path).split('/').collect()
}

/// The code of a file, without comments and its tests.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The paths in a piece of code, whole: those of a list in braces one by one.
fn paths(code: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    for (at, _) in code.match_indices("::") {
        let start = code[..at].rfind(|c| !is_part(c)).map_or(0, |before| before + 1);
        let end = at + code[at..].find(|c| !is_part(c)).unwrap_or(code.len() - at);
        let prefix: Vec<&str> = code[start..end].split("::").filter(|part| !part.is_empty()).collect();
        let list = code[end..].strip_prefix('{').and_then(|rest| rest.split('}').next());
        for name in list.unwrap_or_default().split(|c| !is_part(c)).filter(|name| !name.is_empty()) {
            found.push(prefix.iter().copied().chain(name.split("::")).collect());
        }
        found.push(prefix);
    }
    found
}

/// The module that a path in `own` names, if it is one: the longest part of it that is a file.
fn named<'a>(own: &[&'a str], path: &[&'a str], files: &BTreeSet<Vec<&'a str>>) -> Option<Vec<&'a str>> {
    let first = *path.first()?;
    let mut whole = if first == "crate" { Vec::new() } else { own.to_vec() };
    for &part in path {
        match part {
            "crate" | "self" => {}
            "super" => drop(whole.pop()),
            part => whole.push(part),
        }
    }
    // A name without a prefix is that of a child, or not ours.
    let shortest = if matches!(first, "crate" | "self" | "super") { 1 } else { own.len() + 1 };
    (shortest..=whole.len())
        .rev()
        .map(|len| &whole[..len])
        .find(|&file| file != own && files.contains(file))
        .map(<[_]>::to_vec)
}

/// What a file names, and what that names, and so on.
fn reached<'a>(from: &[&'a str], names: &BTreeMap<Vec<&'a str>, BTreeSet<Vec<&'a str>>>) -> BTreeSet<Vec<&'a str>> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from.to_vec()]);
    while let Some(next) = open.pop() {
        open.extend(names[&next].iter().filter(|&other| reached.insert(other.clone())).cloned());
    }
    reached
}

#[test]
fn no_circle_of_imports_is_large() {
    let sources = collect(&["rs"]);
    let inside = sources.iter().filter_map(|source| Some((source.path.strip_prefix("vm/src/")?, code(&source.text))));
    let sources: Vec<(&str, String)> = inside.filter(|(path, _)| *path != "lib.rs").collect();
    let files: BTreeSet<Vec<&str>> = sources.iter().map(|(path, _)| module(path)).collect();
    let mut names: BTreeMap<Vec<&str>, BTreeSet<Vec<&str>>> = BTreeMap::new();
    for (path, code) in &sources {
        let own = module(path);
        let all = paths(code).into_iter().filter_map(|path| named(&own, &path, &files)).collect();
        names.insert(own, all);
    }
    let reach: BTreeMap<_, _> = files.iter().map(|file| (file, reached(file, &names))).collect();
    let circle = |file| reach[file].iter().filter(|other| reach[*other].contains(file)).collect::<Vec<_>>();
    let largest = files.iter().map(circle).max_by_key(Vec::len).expect("vm has files");
    let shown: Vec<String> = largest.iter().map(|file| file.join("/")).collect();
    assert!(shown.len() <= CYCLE_FILES_MAX, "{} files import one another:\n{}", shown.len(), shown.join("\n"));
    let folders: BTreeSet<&str> = largest.iter().map(|file| file[0]).collect();
    assert_eq!(folders.len(), 1, "a circle of imports lies in several folders: {}", shown.join(", "));
}

#[test]
fn names_are_found_however_they_are_written() {
    let files: BTreeSet<Vec<&str>> = ["heap/mod.rs", "heap/table.rs", "walk.rs"].map(module).into();
    let found = |own: &str, code: &str| -> Vec<String> {
        let named =
            paths(code).into_iter().filter_map(|path| named(&module(own), &path, &files)).map(|file| file.join("/"));
        named.collect::<BTreeSet<_>>().into_iter().collect()
    };
    assert_eq!(found("walk.rs", "use crate::heap::{Heap, table::Table};"), ["heap", "heap/table"]);
    assert_eq!(found("heap/table.rs", "super::super::walk::next(Tag::INT)"), ["walk"]);
    assert_eq!(found("heap/mod.rs", "pub use table::Table;"), ["heap/table"]);
}
