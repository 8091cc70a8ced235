//! The command line: every command and option is defined here, once; the parser, the help
//! and the completions follow from it.

use crate::exit;
use crate::grants::{self, DirectoryGrant, Size, Variable};
use crate::lua_options;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use minivm_wasm::Features;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Runs Lua and WebAssembly programs on one machine.
#[derive(Debug, Parser)]
#[command(
    name = "minivm",
    version,
    override_usage = "minivm [OPTIONS] FILE [ARG]...\n       minivm COMMAND ...",
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    after_help = after_help(),
)]
pub(crate) struct CommandLine {
    /// What to do, if it is not to run a program.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The options of `run`, which needs no name.
    #[command(flatten)]
    pub(crate) run: Option<Run>,
    /// As for `run`.
    #[command(flatten)]
    pub(crate) saving: Saving,
    /// When to colour messages: auto, always or never.
    #[arg(
        long,
        value_enum,
        global = true,
        default_value_t = When::Auto,
        value_name = "WHEN",
        hide_possible_values = true
    )]
    pub(crate) color: When,
    /// What WebAssembly modules may use: names of proposals with commas between them, from the first to the last. `-NAME` switches
    /// one off, `NAME` on, `none` and `all` all of them.
    #[arg(
        long,
        global = true,
        allow_hyphen_values = true,
        default_value = "all",
        hide_default_value = true,
        value_name = "LIST"
    )]
    pub(crate) features: Features,
}

/// What stands after the options in the help.
fn after_help() -> String {
    format!("{}\n\n{}\n\nWebAssembly:\n{}", grants::HELP, exit::HELP, minivm_wasm::features::help())
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless the environment (`NO_COLOR`) says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a program.
    #[command(after_help = grants::HELP)]
    Run(RunSaved),
    /// Takes the options of the `lua` program and does what it does.
    Lua(Lua),
    /// Compiles a program to bytecode.
    Build(Build),
    /// Prints the bytecode of a program.
    Dis(File),
    /// Lays out programs in text form (.mvt), with their comments.
    Fmt(Fmt),
    /// Checks a program without running it.
    Verify(File),
    /// Writes a program in binary form (.mvm) of an older version as one of the newest version.
    Upgrade(Upgrade),
    /// Goes on with a program that was stopped and saved, which may do no more than is granted here.
    #[command(after_help = grants::HELP)]
    Resume(Resume),
    /// Shows what is in a snapshot; nothing of it runs, and no other file is opened.
    Inspect(Inspect),
    /// Shows source lines, bytecode and the machine's own code side by side.
    Explain(Explain),
    /// Runs scripts of the WebAssembly testsuite (.wast) and tells which of their assertions do not hold.
    Wast(Wast),
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What all commands that take a program say about it.
#[derive(Args, Debug)]
pub(crate) struct File {
    /// The program: .lua, .wasm, .wat, .mvt, .mvm or .tern; anything else is told by its
    /// content, and `-` is standard input.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
}

/// All options of `run`. They are apart, as a group of arguments that may be absent cannot have another one in it.
#[derive(Args, Debug)]
pub(crate) struct RunSaved {
    /// What is run.
    #[command(flatten)]
    pub(crate) run: Run,
    /// Whether and how it is saved when it is stopped.
    #[command(flatten)]
    pub(crate) saving: Saving,
}

/// Options of `run` that are about the program.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Call this export with the arguments and print its results. Floats may be hexadecimal or `nan:0x7`, vectors are one argument:
    /// 'i32x4 1 2 3 4'.
    #[arg(long, value_name = "NAME")]
    pub(crate) invoke: Option<String>,
    /// Load another program first, which modules import from by this name.
    #[arg(long = "preload", value_name = "NAME=FILE")]
    pub(crate) preloads: Vec<Preload>,
    /// Functions that nobody has for a module are errors when they are called, not before it runs.
    #[arg(long)]
    pub(crate) stub_imports: bool,
    /// Let modules that a Lua program loads use WASI, as far as it is granted; programs that import it always may.
    #[arg(long)]
    pub(crate) wasi: bool,
    /// What the program is told that it is called.
    #[arg(long, value_name = "NAME")]
    pub(crate) argv0: Option<OsString>,
    /// Grant a directory, and under which path the program sees it.
    #[arg(long = "dir", value_name = "HOST[::GUEST]", value_hint = ValueHint::DirPath)]
    directories: Vec<DirectoryGrant>,
    /// Set an environment variable for the program, or hand one of ours on.
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    environment: Vec<Variable>,
    /// Grant the clock in a sandbox.
    #[arg(long, requires = "sandbox")]
    clock: bool,
    /// Grant randomness in a sandbox; without, random numbers are the same in each run.
    #[arg(long, requires = "sandbox")]
    random: bool,
    /// Grant nothing but what --dir, --env, --clock and --random grant; without the functions of `debug` that reach what belongs
    /// to other functions.
    #[arg(long)]
    pub(crate) sandbox: bool,
    /// Stop after this many instructions.
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<u64>,
    /// Stop after this many seconds, which may have a fraction.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<Seconds>,
    /// The most memory the program may use; K, M and G are powers of 1024.
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory_max: Option<Size>,
    /// Whether hot functions are compiled to machine code: `auto` where that works, `typed` only those of WebAssembly, `always`
    /// before they first run.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) jit: Jit,
    /// At the end, tell on standard error what was compiled.
    #[arg(long)]
    pub(crate) stats: bool,
    /// At the end, tell on standard error why functions were compiled or not, and where their machine code was left.
    #[arg(long)]
    pub(crate) jit_log: bool,
    /// Write where machine code lies to `/tmp/perf-PID.map`, so that `perf report` names functions of the program.
    #[arg(long)]
    pub(crate) perf_map: bool,
    /// When the program fails with an error that nothing in it catches, save it here as it was then; `minivm inspect` shows
    /// where.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) snapshot_on_error: Option<PathBuf>,
    /// The program, and the arguments that belong to it.
    #[arg(
        required = true,
        num_args = 1..,
        trailing_var_arg = true,
        value_names = ["FILE", "ARG"],
        value_hint = ValueHint::FilePath,
    )]
    pub(crate) program: Vec<OsString>,
}

impl Run {
    /// What the program may touch. The options are here once more, as a group that may be absent cannot have one in it.
    pub(crate) fn granted(&self) -> Granted {
        Granted {
            directories: self.directories.clone(),
            environment: self.environment.clone(),
            clock: self.clock,
            random: self.random,
        }
    }
}

/// A program that is loaded before the one that is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Preload {
    /// What modules call it.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) file: PathBuf,
}

impl FromStr for Preload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').ok_or("expected NAME=FILE")?;
        Ok(Preload { name: name.to_owned(), file: file.into() })
    }
}

/// Whether and how a program that is stopped is saved.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Saving {
    /// When the program is stopped, save it here; `minivm resume` goes on.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) snapshot_to: Option<PathBuf>,
    /// Stop the program at this signal.
    #[arg(long, value_enum, value_name = "SIGNAL", requires = "snapshot_to")]
    pub(crate) snapshot_on: Option<StopSignal>,
    /// In the snapshot, files that the program has open are closed; else they are a reason not to save it.
    #[arg(long, requires = "snapshot_to")]
    pub(crate) snapshot_closes_files: bool,
    /// Files that the program has open are opened again by `minivm resume --reopen-files`, at the same place, as far as it is
    /// granted them.
    #[arg(long, requires = "snapshot_to", conflicts_with = "snapshot_closes_files")]
    pub(crate) snapshot_reopens_files: bool,
    /// Leave code that is in files out of the snapshot: `minivm resume --trust` finds it there, `--program` says where it is
    /// now, and what has changed is refused.
    #[arg(long, requires = "snapshot_to")]
    pub(crate) by_reference: bool,
}

/// A time that a program may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        seconds.map(Seconds).ok_or_else(|| "expected a number of seconds, such as 10 or 0.5".to_owned())
    }
}

/// When functions are compiled to machine code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Jit {
    /// When they are hot, where the system allows it.
    #[default]
    Auto,
    /// As `auto`, but only typed ones, as those of WebAssembly.
    Typed,
    /// Never.
    Off,
    /// Before they first run; an error where the system does not allow it.
    Always,
}

/// A signal that stops a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StopSignal {
    /// The first signal for users.
    #[value(name = "SIGUSR1")]
    Usr1,
}

/// What a program may touch.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Granted {
    /// Grant a directory, and under which path the program sees it.
    #[arg(long = "dir", value_name = "HOST[::GUEST]", value_hint = ValueHint::DirPath)]
    pub(crate) directories: Vec<DirectoryGrant>,
    /// Set an environment variable for the program, or hand one of ours on.
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    pub(crate) environment: Vec<Variable>,
    /// Grant the clock.
    #[arg(long)]
    pub(crate) clock: bool,
    /// Grant randomness; without, random numbers are the same in each run.
    #[arg(long)]
    pub(crate) random: bool,
}

/// Options of `inspect`.
#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// The most memory that loading it may use; by default 128M and 64 times the size of the file.
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory_max: Option<Size>,
    /// Where a file of the program is now, for a snapshot without code.
    #[arg(long = "program", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) programs: Vec<PathBuf>,
    /// The snapshot.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
}

/// Options of `resume`.
#[derive(Args, Debug, Default)]
pub(crate) struct Resume {
    /// What the program may touch.
    #[command(flatten)]
    pub(crate) granted: Granted,
    /// Grant what `run` grants without --sandbox, and find code that was left out where it was: only for a snapshot that you
    /// trust as you would the program.
    #[arg(long)]
    pub(crate) trust: bool,
    /// Open files again that the program had open, where they are granted; else such a snapshot is refused.
    #[arg(long)]
    pub(crate) reopen_files: bool,
    /// Stop after this many instructions more.
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<u64>,
    /// Stop after this many seconds, which may have a fraction.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<Seconds>,
    /// The most memory the program may use; K, M and G are powers of 1024.
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory_max: Option<Size>,
    /// Whether hot functions are compiled to machine code: `auto` where that works, `typed` only those of WebAssembly, `always`
    /// before they first run.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) jit: Jit,
    /// Whether and how it is saved when it is stopped again.
    #[command(flatten)]
    pub(crate) saving: Saving,
    /// Where a file of the program is now, for a snapshot without code.
    #[arg(long = "program", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) programs: Vec<PathBuf>,
    /// The snapshot.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
}

/// Options of `lua`, which are read elsewhere, by the rules of that program.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(crate) struct Lua {
    /// Options of `lua`, a script, and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARG", value_hint = ValueHint::FilePath)]
    pub(crate) words: Vec<OsString>,
}

/// Options of `build`.
#[derive(Args, Debug)]
pub(crate) struct Build {
    /// The program.
    #[command(flatten)]
    pub(crate) file: File,
    /// Run the top level of a Lua program now, and keep the state it leaves: running the result calls the function that the
    /// program returns, or its global `main`.
    #[arg(long)]
    pub(crate) warm: bool,
    /// Where to write it: as text if the name ends in .mvt, else as .mvm; `-` is standard
    /// output.
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
}

/// Options of `wast`.
#[derive(Args, Debug)]
pub(crate) struct Wast {
    /// Stop each call after this many instructions.
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<u64>,
    /// Tell of each script, also of those of which everything holds.
    #[arg(long)]
    pub(crate) verbose: bool,
    /// The scripts, or folders with scripts in them.
    #[arg(required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) files: Vec<PathBuf>,
}

/// Options of `fmt`.
#[derive(Args, Debug)]
pub(crate) struct Fmt {
    /// Change nothing, and fail when a file would change.
    #[arg(long)]
    pub(crate) check: bool,
    /// The files, which are changed in place; `-` is standard input, laid out on standard output.
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
}

/// Options of `upgrade`.
#[derive(Args, Debug)]
pub(crate) struct Upgrade {
    /// The file, which is changed in place; `-` is standard input, written to standard output.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Write it here instead; `-` is standard output.
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// Options of `explain`.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// The program.
    #[command(flatten)]
    pub(crate) file: File,
    /// Only functions of this name or number: `area`, `shape.area`, `shape:area`, `3`.
    pub(crate) function: Option<String>,
    /// Beside the portable instructions, show machine code of the native tier in place of the machine's own. Nothing runs, so
    /// nothing is known of the kinds of values: code of Lua functions that have run is shorter.
    #[arg(long)]
    pub(crate) native: bool,
}

impl CommandLine {
    /// Reads the process's arguments; leaves with a message if they make no sense.
    pub(crate) fn read() -> (Command, When, Features) {
        let mut words: Vec<OsString> = std::env::args_os().collect();
        if let Some(name) = lua_options::name_of_interpreter(&mut words) {
            words.insert(0, name);
            return (Command::Lua(Lua { words }), When::Auto, Features::default());
        }
        let is_at_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        if words.len() == 1 && is_at_terminal {
            words[0] = OsString::from(lua_options::NAME);
            return (Command::Lua(Lua { words }), When::Auto, Features::default());
        }
        let line = CommandLine::parse_from(words);
        let (color, features) = (line.color, line.features);
        (line.into_command().unwrap_or_else(|error| error.exit()), color, features)
    }

    /// What to do; a program without a command is run.
    fn into_command(self) -> Result<Command, clap::Error> {
        let conflict = "options of `run` stand before another command";
        match (self.command, self.run) {
            (Some(Command::Lua(mut options)), None) if self.saving.snapshot_to.is_none() => {
                options.words.insert(0, OsString::from(lua_options::NAME));
                Ok(Command::Lua(options))
            }
            (Some(command), None) if self.saving.snapshot_to.is_none() => Ok(command),
            (None, Some(run)) => Ok(Command::Run(RunSaved { run, saving: self.saving })),
            (Some(_), _) => Err(CommandLine::command().error(ErrorKind::ArgumentConflict, conflict)),
            // The parser asks for one of them already.
            (None, None) => Err(CommandLine::command().error(ErrorKind::MissingSubcommand, "nothing to do")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        let words = std::iter::once("minivm").chain(line.split_whitespace());
        let line = CommandLine::try_parse_from(words).map_err(|error| error.to_string())?;
        line.into_command().map_err(|error| error.to_string())
    }

    fn run(line: &str) -> Run {
        match parse(line) {
            Ok(Command::Run(RunSaved { run, .. })) => run,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_file_is_run_and_what_follows_belongs_to_it() {
        for line in ["--fuel 7 a.lua x --fuel 8 -h -- --help", "run --fuel 7 a.lua x --fuel 8 -h -- --help"] {
            let run = run(line);
            assert_eq!(run.fuel, Some(7));
            assert_eq!(run.program, ["a.lua", "x", "--fuel", "8", "-h", "--", "--help"]);
        }
        assert_eq!(run("a.lua build x").program, ["a.lua", "build", "x"]);
        assert_eq!(run("run build").program, ["build"]);
        assert_eq!(run("-").program, ["-"]);
        assert_eq!(run("-- -odd.lua -x").program, ["-odd.lua", "-x"]);
    }

    #[test]
    fn options_of_run_are_read() {
        let run = run("run --invoke f --dir . --dir /tmp::/data --env A=1=2 --memory-max 2M --timeout 1.5 x.wasm 3 -4");
        assert_eq!(run.invoke.as_deref(), Some("f"));
        assert_eq!(run.directories[1].guest, "/data");
        assert_eq!(run.environment[0].value, "1=2");
        let granted = self::run("run --sandbox --clock --random --dir . x.lua").granted();
        assert!(granted.clock && granted.random && granted.directories.len() == 1);
        let preloads = self::run("--preload env=lib=1.wasm --stub-imports --argv0 x a.wasm").preloads;
        assert_eq!(preloads, [Preload { name: "env".to_owned(), file: "lib=1.wasm".into() }]);
        assert_eq!(run.memory_max, Some(Size(2 << 20)));
        assert_eq!(run.timeout, Some(Seconds(Duration::from_millis(1_500))));
        assert_eq!(run.program, ["x.wasm", "3", "-4"]);
    }

    #[test]
    fn other_commands_are_read() {
        assert!(matches!(parse("build a.lua -o a.mvm"), Ok(Command::Build(_))));
        assert!(matches!(parse("dis a.lua"), Ok(Command::Dis(_))));
        assert!(
            matches!(parse("fmt --check a.mvt b.mvt"), Ok(Command::Fmt(Fmt { check: true, files })) if files.len() == 2)
        );
        assert!(matches!(parse("verify --color never a.mvm"), Ok(Command::Verify(_))));
        assert!(matches!(parse("--color never dis a.mvm"), Ok(Command::Dis(_))));
        assert!(matches!(parse("explain a.lua f"), Ok(Command::Explain(_))));
        assert!(matches!(parse("completions bash"), Ok(Command::Completions { .. })));
        assert!(matches!(parse("wast --fuel 3 a.wast b"), Ok(Command::Wast(_))));
        for wrong in [
            "",
            "run",
            "build a.lua",
            "dis",
            "dis a b",
            "fmt",
            "--fuel x a.lua",
            "--timeout x a.lua",
            "--timeout -1 a.lua",
            "--timeout nan a.lua",
            "completions x",
            "--no a",
            "--fuel 3 dis a",
            "--dir . run a",
            "--preload a b.wasm",
            "wast",
            "--snapshot-to x run a",
            "--by-reference a",
            "--features -nonsense a",
            "--clock a",
            "run --random a",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
