//! The command line of the `lua` program: its own rules, which are not those of this command.

use crate::values;
use std::ffi::{OsStr, OsString};

/// What the interpreter is called when it is a command of ours.
pub(crate) const NAME: &str = "lua";

/// What is asked of the interpreter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LuaOptions {
    /// What is done before the script, in this order.
    pub(crate) steps: Vec<Step>,
    /// Which word is the script.
    pub(crate) script: Option<usize>,
    /// Whether the script `-` is a file of that name.
    pub(crate) is_dash_a_file: bool,
    /// `-i`.
    pub(crate) is_interactive: bool,
    /// `-v`, or another option that includes it.
    pub(crate) shows_version: bool,
    /// `-E`.
    pub(crate) ignores_environment: bool,
}

/// What an option asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// `-e`: to run this text.
    Execute(Vec<u8>),
    /// `-l`: to load a module, and the global it goes to.
    Require { global: Vec<u8>, module: Vec<u8> },
    /// `-W`.
    WarningsOn,
}

/// The name by which the interpreter was called, if it was: by that of the program, which ends in `lua`, or as a command of ours.
/// Both are taken from the words.
pub(crate) fn name_of_interpreter(words: &mut Vec<OsString>) -> Option<OsString> {
    let file = std::path::Path::new(words.first()?).file_name().unwrap_or_default();
    if values::bytes(file).ends_with(NAME.as_bytes()) {
        return Some(words.remove(0));
    }
    let is_command = words.get(1).is_some_and(|word| word == OsStr::new(NAME));
    is_command.then(|| words.drain(..2).next_back()).flatten()
}

impl LuaOptions {
    /// Reads words, the first of which is the name of the interpreter.
    ///
    /// # Errors
    /// The number of a word that makes no sense.
    pub(crate) fn read(words: &[Vec<u8>]) -> Result<Self, usize> {
        let mut options = LuaOptions {
            steps: Vec::new(),
            script: None,
            is_dash_a_file: false,
            is_interactive: false,
            shows_version: false,
            ignores_environment: false,
        };
        let mut at = 1;
        while let Some(word) = words.get(at) {
            match word.as_slice() {
                b"--" => {
                    options.is_dash_a_file = true;
                    options.script = Some(at + 1).filter(|&script| script < words.len());
                    return Ok(options);
                }
                b"-E" => options.ignores_environment = true,
                b"-W" => options.steps.push(Step::WarningsOn),
                b"-v" => options.shows_version = true,
                b"-i" => (options.is_interactive, options.shows_version) = (true, true),
                [b'-', letter @ (b'e' | b'l'), text @ ..] => {
                    let text = match (text, words.get(at + 1)) {
                        ([], Some(next)) if !next.starts_with(b"-") => {
                            at += 1;
                            next.clone()
                        }
                        ([], _) => return Err(at),
                        (text, _) => text.to_vec(),
                    };
                    options.steps.push(if *letter == b'e' { Step::Execute(text) } else { require(&text) });
                }
                [b'-', _, ..] => return Err(at),
                _ => {
                    options.script = Some(at);
                    return Ok(options);
                }
            }
            at += 1;
        }
        Ok(options)
    }

    /// Whether something was asked for besides the standard input.
    pub(crate) fn asks_for_something(&self) -> bool {
        let executes = self.steps.iter().any(|step| matches!(step, Step::Execute(_)));
        self.script.is_some() || self.shows_version || executes
    }
}

/// `global=module`, or a module, whose global has its name up to a `-`, after which its version stands.
fn require(text: &[u8]) -> Step {
    let cut = |mark| text.iter().position(|&byte| byte == mark);
    match (cut(b'='), cut(b'-')) {
        (Some(at), _) => Step::Require { global: text[..at].to_vec(), module: text[at + 1..].to_vec() },
        (None, Some(at)) => Step::Require { global: text[..at].to_vec(), module: text.to_vec() },
        (None, None) => Step::Require { global: text.to_vec(), module: text.to_vec() },
    }
}

/// What is said of a word that makes no sense.
pub(crate) fn usage(name: &[u8], word: &[u8]) -> Vec<u8> {
    let parts: [&[u8]; 2] = match word {
        [b'-', b'e' | b'l', ..] => [b"'", b"' needs argument"],
        _ => [b"unrecognized option '", b"'"],
    };
    [name, b": ", parts[0], word, parts[1], b"\nusage: ", name, b" [options] [script [args]]\n", HELP].concat()
}

/// The options.
const HELP: &[u8] = b"\
options:
  -e stat   run the text 'stat'
  -l mod    load the module 'mod' into the global 'mod'
  -l g=mod  load the module 'mod' into the global 'g'
  -i        read and run lines after all else
  -v        print the version
  -E        do without the variables of the environment
  -W        show warnings
  --        no options follow
  -         no options follow; the script is the standard input
";

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Vec<u8>> {
        line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn options_end_at_the_script() {
        let script = |line: &str| LuaOptions::read(&words(line)).map(|options| options.script);
        assert_eq!(script("lua"), Ok(None));
        assert_eq!(script("lua -v"), Ok(None));
        assert_eq!(script("lua -e x -W a -x"), Ok(Some(4)));
        assert_eq!(script("lua -ex - b"), Ok(Some(2)));
        assert_eq!(script("lua -- -"), Ok(Some(2)));
        assert_eq!(script("lua --"), Ok(None));
        for (line, at) in [("lua -x", 1), ("lua -i -vv", 2), ("lua -E -e", 2), ("lua -l -i", 1), ("lua --x", 1)] {
            assert_eq!(script(line), Err(at), "{line}");
        }
    }

    #[test]
    fn modules_go_to_globals() {
        let step = |line: &str| LuaOptions::read(&words(line)).map(|mut options| options.steps.remove(0));
        let require = |global: &[u8], module: &[u8]| Step::Require { global: global.to_vec(), module: module.to_vec() };
        assert_eq!(step("lua -l a.b"), Ok(require(b"a.b", b"a.b")));
        assert_eq!(step("lua -lg=m-2"), Ok(require(b"g", b"m-2")));
        assert_eq!(step("lua -lm-2"), Ok(require(b"m", b"m-2")));
    }

    #[test]
    fn a_program_is_an_interpreter_by_its_name() {
        let name = |line: &str| {
            let mut words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            name_of_interpreter(&mut words).map(|name| (name, words.len()))
        };
        assert_eq!(name("minivm lua a"), Some(("lua".into(), 1)));
        assert_eq!(name("/usr/bin/lua lua"), Some(("/usr/bin/lua".into(), 1)));
        assert_eq!(name("minivm"), None);
        assert_eq!(name("minivm run lua"), None);
        assert_eq!(name("lua/minivm a.lua"), None);
    }
}
