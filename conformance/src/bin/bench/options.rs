//! The command line of the benchmark runner.

use crate::table::Suite;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Times the benchmark programs on minivm and its peers (conformance/bench/peers.toml).

usage: bench [lua|wasm|simd|startup|mixed] [FILTER] [OPTION…]

  lua, wasm, simd, startup, mixed  only this suite; all of them by default
  FILTER              only programs whose name contains this text
  --rounds N          runs of each program on each peer; 5 by default (start-up: eight times as many)
  --peers A,B         only these peers
  --base NAME         the peer that ratios refer to, in place of the table's
  --arg SIZE          the size handed to every program, in place of its own default
  --memory            show peak memory in the table
  --json              print everything measured as JSON
  --help              print this
";

/// A parsed command line.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) suites: Vec<Suite>,
    pub(crate) filter: Option<String>,
    pub(crate) rounds: usize,
    pub(crate) peers: Option<Vec<String>>,
    pub(crate) base: Option<String>,
    pub(crate) arg: Option<String>,
    pub(crate) memory: bool,
    pub(crate) json: bool,
}

impl Options {
    /// Reads the arguments; `None` when help was asked for.
    pub(crate) fn from_args(args: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            suites: Vec::new(),
            filter: None,
            rounds: 5,
            peers: None,
            base: None,
            arg: None,
            memory: false,
            json: false,
        };
        let mut args = args;
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} needs a value"));
            match arg.as_str() {
                "--help" | "-h" => return Ok(None),
                "--rounds" => options.rounds = round_count(&value()?)?,
                "--peers" => options.peers = Some(value()?.split(',').map(str::to_owned).collect()),
                "--base" => options.base = Some(value()?),
                "--arg" => options.arg = Some(value()?),
                "--memory" => options.memory = true,
                "--json" => options.json = true,
                unknown if unknown.starts_with('-') => {
                    return Err(format!("unknown option {unknown}; see --help"));
                }
                word => options.take_word(word)?,
            }
        }
        if options.suites.is_empty() {
            options.suites = Suite::ALL.to_vec();
        }
        Ok(Some(options))
    }

    fn take_word(&mut self, word: &str) -> Result<(), String> {
        match Suite::from_name(word) {
            Some(suite) => self.suites.push(suite),
            None if self.filter.is_none() => self.filter = Some(word.to_owned()),
            None => return Err(format!("one filter at most, and {word} is the second")),
        }
        Ok(())
    }
}

fn round_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rounds) if rounds > 0 => Ok(rounds),
        _ => Err(format!("--rounds needs a positive number, not {text}")),
    }
}
