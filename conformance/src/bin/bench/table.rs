//! The table of peers, and the plan that follows from it: which programs run on which installed peers.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::options::Options;

/// A set of programs that the same peers can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Suite {
    Lua,
    Wasm,
    Simd,
    Startup,
    Mixed,
}

impl Suite {
    pub(crate) const ALL: [Self; 5] = [Self::Lua, Self::Wasm, Self::Simd, Self::Startup, Self::Mixed];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lua => "lua",
            Self::Wasm => "wasm",
            Self::Simd => "simd",
            Self::Startup => "startup",
            Self::Mixed => "mixed",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// The folder below `conformance/bench`, and the ending of its programs.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Lua => ("lua", "lua"),
            Self::Wasm => ("c", "wasm"),
            Self::Simd => ("simd", "wasm"),
            Self::Startup => ("startup", "lua"),
            Self::Mixed => ("mixed", "wat"),
        }
    }
}

/// `peers.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    base: BTreeMap<String, String>,
    #[serde(rename = "peer")]
    peers: Vec<Peer>,
}

/// One row: an interpreter, or a native build, as a command line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    pub(crate) name: String,
    suites: Vec<Suite>,
    programs: Option<Vec<String>>,
    command: Vec<String>,
    /// The interpreter under test: a program it fails is a failure of the whole run.
    #[serde(default)]
    pub(crate) subject: bool,
}

/// A benchmark program.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    path: PathBuf,
}

/// What one suite will run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) suite: Suite,
    pub(crate) root: PathBuf,
    pub(crate) programs: Vec<Program>,
    pub(crate) peers: Vec<Peer>,
    /// The index in `peers` of the one that ratios refer to.
    pub(crate) base: Option<usize>,
    pub(crate) notices: Vec<String>,
    arg: Option<String>,
    installed: String,
}

/// The workspace's root folder.
fn root() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap_or(crate_folder).to_owned()
}

/// Reads `peers.toml`.
pub(crate) fn read() -> Result<Table, String> {
    let path = root().join("conformance/bench/peers.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

impl Plan {
    /// Chooses the programs and the installed peers of `suite`.
    pub(crate) fn new(table: &Table, suite: Suite, options: &Options) -> Result<Self, String> {
        let mut plan = Self {
            suite,
            root: root(),
            programs: Vec::new(),
            peers: Vec::new(),
            base: None,
            notices: Vec::new(),
            arg: options.arg.clone(),
            installed: env::var("BENCH_PEERS").unwrap_or_else(|_| "target/peers".to_owned()),
        };
        plan.programs = programs(&plan.root, suite, options.filter.as_deref())?;
        for peer in &table.peers {
            let named = options.peers.as_ref().is_none_or(|names| names.contains(&peer.name));
            if named && peer.suites.contains(&suite) {
                plan.take_peer(peer)?;
            }
        }
        let base = options.base.as_ref().or(table.base.get(suite.name()));
        plan.base = base.and_then(|base| plan.peers.iter().position(|peer| &peer.name == base));
        if let (None, Some(name)) = (plan.base, base) {
            plan.notices.push(format!("{}: no ratios, for the base peer {name} does not run", suite.name()));
        }
        Ok(plan)
    }

    /// Takes a peer, or notes why not. Without the interpreter under test there is nothing to measure.
    fn take_peer(&mut self, peer: &Peer) -> Result<(), String> {
        let program = self.expand(&peer.command[0], None);
        let is_there = match peer.command[0].contains("{name}") {
            true => {
                self.programs.iter().any(|program| self.is_installed(&self.expand(&peer.command[0], Some(program))))
            }
            false => self.is_installed(&program),
        };
        if peer.subject && !is_there {
            return Err(format!("{program} is not there: build it with `cargo build --release`"));
        }
        let skip = if self.arg.is_some() && !peer.command.iter().any(|part| part == "{arg}") {
            Some("it cannot take --arg")
        } else if !is_there {
            Some("it is not installed (see conformance/bench/setup.sh)")
        } else {
            None
        };
        match skip {
            Some(reason) => self.notices.push(format!("{}: {} is skipped: {reason}", self.suite.name(), peer.name)),
            None => self.peers.push(peer.clone()),
        }
        Ok(())
    }

    /// The command line of `program` on `peer`, or `None` when that peer does not have it.
    pub(crate) fn command(&self, peer: &Peer, program: &Program) -> Option<Vec<String>> {
        let listed = peer.programs.as_ref().is_none_or(|names| names.contains(&program.name));
        let command: Vec<String> = peer
            .command
            .iter()
            .filter(|part| *part != "{arg}" || self.arg.is_some())
            .map(|part| self.expand(part, Some(program)))
            .collect();
        (listed && self.is_installed(&command[0])).then_some(command)
    }

    fn expand(&self, part: &str, program: Option<&Program>) -> String {
        let mut text = part.replace("{peers}", &self.installed);
        if let Some(program) = program {
            text = text.replace("{name}", &program.name).replace("{program}", &program.path.display().to_string());
        }
        text.replace("{arg}", self.arg.as_deref().unwrap_or_default())
    }

    fn is_installed(&self, program: &str) -> bool {
        if program.contains('/') {
            return self.root.join(program).is_file();
        }
        let folders = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&folders).any(|folder| folder.join(program).is_file())
    }
}

fn programs(root: &Path, suite: Suite, filter: Option<&str>) -> Result<Vec<Program>, String> {
    let (folder, ending) = suite.place();
    let folder = Path::new("conformance/bench").join(folder);
    let shown = folder.display().to_string();
    let entries = fs::read_dir(root.join(&folder)).map_err(|error| format!("{shown}: {error}"))?;
    let mut programs = Vec::new();
    for entry in entries {
        let file = PathBuf::from(entry.map_err(|error| format!("{shown}: {error}"))?.file_name());
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let wanted = filter.is_none_or(|filter| name.contains(filter));
        if wanted && file.extension().is_some_and(|found| found == ending) {
            programs.push(Program { name, path: folder.join(file) });
        }
    }
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(programs)
}
