//! The cases on disk: a source file, what it is given, and where its expected output lies. It runs nothing.

use std::fs;
use std::path::{Path, PathBuf};

/// One program with its input and its expected output.
#[derive(Clone, Debug)]
pub struct Case {
    /// Suite, topic and name, as in `lua/arithmetic/mixed`.
    pub name: String,
    /// The source, or the module.
    pub source: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its standard input.
    pub input: Vec<u8>,
}

impl Case {
    /// The folder in which the case runs.
    pub fn folder(&self) -> &Path {
        self.source.parent().expect("a case lies in a folder")
    }

    /// The file name of the source, which error messages begin with.
    pub fn file_name(&self) -> String {
        self.source.file_name().expect("a case is a file").to_string_lossy().into_owned()
    }
}

/// The folder of all cases.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// The workspace's root folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_owned()
}

/// The small Lua cases: every `lua/TOPIC/NAME.lua`.
pub fn lua() -> Vec<Case> {
    let mut cases = Vec::new();
    for topic in entries(&folder().join("lua")) {
        for source in entries(&topic) {
            if source.extension().is_some_and(|ending| ending == "lua") {
                cases.push(case(source.with_extension(""), source, ""));
            }
        }
    }
    cases
}

/// A Lua case that runs under limits of its own: `limited/NAME.lua`.
pub fn limited(name: &str) -> Case {
    let source = folder().join("limited").join(name).with_extension("lua");
    case(source.with_extension(""), source, "")
}

/// The whole Lua programs: every `programs/NAME/main.lua`.
pub fn lua_programs() -> Vec<Case> {
    whole("programs", "main.lua")
}

/// The programs in several languages: every `mixed/NAME/main.lua`, with its modules beside it.
pub fn mixed() -> Vec<Case> {
    whole("mixed", "main.lua")
}

/// The C programs: every `programs-c/NAME/main.wasm`.
pub fn c_programs() -> Vec<Case> {
    whole("programs-c", "main.wasm")
}

/// The programs in the text form of bytecode: every `text/NAME.mvt`.
pub fn text() -> Vec<Case> {
    let sources = entries(&folder().join("text")).into_iter();
    let programs = sources.filter(|path| path.extension().is_some_and(|ending| ending == "mvt"));
    programs.map(|source| case(source.with_extension(""), source, "")).collect()
}

fn whole(suite: &str, source: &str) -> Vec<Case> {
    let programs = entries(&folder().join(suite)).into_iter().filter(|path| path.join(source).is_file());
    programs.map(|path| case(path.clone(), path.join(source), &read(&path.join("args.txt")))).collect()
}

fn case(named: PathBuf, source: PathBuf, arguments: &str) -> Case {
    let name = named.strip_prefix(folder()).expect("cases lie in the folder of cases").to_string_lossy().into_owned();
    let arguments = arguments.split_whitespace().map(str::to_owned).collect();
    let input = fs::read(source.with_file_name("stdin.txt")).unwrap_or_default();
    Case { name, source, arguments, input }
}

/// A file's text; nothing when there is no such file.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// What a folder holds, in order of names; nothing when there is no such folder.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = match fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| entry.ok()).map(|entry| entry.path()).collect(),
        Err(_) => Vec::new(),
    };
    paths.sort();
    paths
}
