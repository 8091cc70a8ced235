//! What the command line grants a program: directories, variables, clock, randomness, sizes.

use crate::arguments::Granted;
use std::path::PathBuf;
use std::str::FromStr;

/// What is granted in each way of running, for the help.
pub(crate) const HELP: &str = "\
What a program may touch:
    run                 Lua: all files, variables and commands; once --dir is given, only files of
                        --dir and variables of --env. WebAssembly: files of --dir, variables of
                        --env. Both: clock and randomness
    run --sandbox       only what --dir, --env, --clock and --random grant
    resume              the same; files that were open only with --reopen-files
    resume --trust      what `run` grants
    inspect             nothing: the program does not run
    Standard input, output and error are always there.";

/// What a program may touch.
#[derive(Clone, Debug)]
pub(crate) struct Grants {
    pub(crate) directories: Vec<DirectoryGrant>,
    pub(crate) environment: Vec<Variable>,
    /// Whether there are all files and variables, for languages whose scripts expect that.
    pub(crate) everything: bool,
    pub(crate) clock: bool,
    pub(crate) random: bool,
    /// Whether a program may look into others of its own functions.
    pub(crate) debug: bool,
}

impl Grants {
    /// What options say in a sandbox.
    pub(crate) fn sandboxed(granted: &Granted) -> Self {
        Grants {
            directories: granted.directories.clone(),
            environment: granted.environment.clone(),
            everything: false,
            clock: granted.clock,
            random: granted.random,
            debug: false,
        }
    }

    /// What options say without one. A program that is given directories has no others.
    pub(crate) fn open(granted: &Granted) -> Self {
        let everything = granted.directories.is_empty();
        Grants { everything, clock: true, random: true, debug: true, ..Grants::sandboxed(granted) }
    }

    /// One of the two.
    pub(crate) fn new(granted: &Granted, is_sandboxed: bool) -> Self {
        if is_sandboxed { Grants::sandboxed(granted) } else { Grants::open(granted) }
    }
}

/// A directory of the host and the program's name for it: `HOST[::GUEST]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryGrant {
    /// The host's path.
    pub(crate) host: PathBuf,
    /// The path that the program sees.
    pub(crate) guest: String,
}

impl FromStr for DirectoryGrant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, guest) = text.split_once("::").unwrap_or((text, text));
        if host.is_empty() || guest.is_empty() {
            return Err("expected HOST or HOST::GUEST".to_owned());
        }
        Ok(DirectoryGrant { host: host.into(), guest: guest.to_owned() })
    }
}

/// An environment variable: `NAME=VALUE`, or `NAME` for the value it has here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Its name.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: String,
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => {
                let value = std::env::var(text).map_err(|_| format!("`{text}` is not set here; write {text}=VALUE"))?;
                (text, value)
            }
        };
        if name.is_empty() {
            return Err("expected NAME=VALUE or NAME".to_owned());
        }
        Ok(Variable { name: name.to_owned(), value })
    }
}

/// A number of bytes: `4096`, `64K`, `16M`, `2G`, `1.5GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected a number of bytes, such as 4096, 64K, 16M or 2G".to_owned();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let shift = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 10,
            "m" | "mb" | "mib" => 20,
            "g" | "gb" | "gib" => 30,
            "t" | "tb" | "tib" => 40,
            _ => return Err(wrong()),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let scale = 1_u64 << shift;
        let bytes = whole.checked_mul(scale).ok_or("more bytes than there are numbers")?;
        if part.is_empty() && !number.ends_with('.') {
            return Ok(Size(bytes));
        }
        // A fraction of a byte is none; nine digits are finer than any unit needs.
        if shift == 0 || part.is_empty() || part.len() > 9 {
            return Err(wrong());
        }
        let numerator: u64 = part.parse().map_err(|_| wrong())?;
        let denominator = 10_u128.pow(part.len() as u32);
        let extra = u128::from(numerator) * u128::from(scale) / denominator;
        Ok(Size(bytes.saturating_add(u64::try_from(extra).expect("less than one unit"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let bytes = |text: &str| text.parse::<Size>().map(|size| size.0);
        assert_eq!(bytes("4096"), Ok(4096));
        assert_eq!(bytes("64K"), Ok(65_536));
        assert_eq!(bytes("16m"), Ok(16 << 20));
        assert_eq!(bytes("2GiB"), Ok(2 << 30));
        assert_eq!(bytes("1.5K"), Ok(1536));
        assert_eq!(bytes("0.000000001T"), Ok(1099));
        for wrong in ["", "K", "-1", "1.5", "1x", "1.K", "1.2.3K", "99999999999G", "1.0000000001G"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn directories_may_have_another_name_inside() {
        let grant: DirectoryGrant = "a/b".parse().unwrap();
        assert_eq!((grant.host, grant.guest.as_str()), (PathBuf::from("a/b"), "a/b"));
        let grant: DirectoryGrant = "/tmp::/data".parse().unwrap();
        assert_eq!((grant.host, grant.guest.as_str()), (PathBuf::from("/tmp"), "/data"));
        assert!("::x".parse::<DirectoryGrant>().is_err());
        assert!("x::".parse::<DirectoryGrant>().is_err());
    }

    #[test]
    fn variables_are_set_or_handed_on() {
        let variable: Variable = "A=b=c".parse().unwrap();
        assert_eq!((variable.name.as_str(), variable.value.as_str()), ("A", "b=c"));
        // Cargo sets this one for tests.
        let variable: Variable = "CARGO_PKG_NAME".parse().unwrap();
        assert_eq!(variable.value, "minivm-cli");
        assert!("NO_SUCH_VARIABLE_HERE".parse::<Variable>().is_err());
        assert!("=x".parse::<Variable>().is_err());
    }
}
