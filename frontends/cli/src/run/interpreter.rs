//! `lua`: what the `lua` program does, with the same words.

use super::stop::Stops;
use super::{Session, Teller, lua as chunks, prompt, repl};
use crate::arguments::Saving;
use crate::commands;
use crate::exit::Exit;
use crate::lua_options::{self, LuaOptions, Step};
use crate::source::Failure;
use crate::values;
use minivm::raw::{Limits, Value};
use minivm_lua::stdlib;
use minivm_lua::stdlib::raw::console;
use minivm_wasm::Features;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

/// What `-v` prints. Programs look for the version of the language, and for where it comes from at the end.
const VERSION: &str = concat!("Lua 5.4  MiniVM ", env!("CARGO_PKG_VERSION"), "  The language is by Lua.org, PUC-Rio\n");

/// The variables with what is run before all else, the first that is there.
const INIT_VARIABLES: [&str; 2] = ["LUA_INIT_5_4", "LUA_INIT"];

/// Arguments that a script may have.
const ARGUMENTS_MAX: i64 = 1_000_000;

/// Runs the interpreter with a command line, the first word of which is its name.
pub(crate) fn lua(words: &[OsString], features: Features) -> Result<Exit, Failure> {
    let words: Vec<Vec<u8>> = words.iter().map(|word| values::bytes(word)).collect();
    let name = words.first().filter(|name| !name.is_empty()).cloned().unwrap_or(lua_options::NAME.into());
    let options = match LuaOptions::read(&words) {
        Ok(options) => options,
        Err(at) => {
            // Where errors cannot be told, nothing can.
            let _ = io::stderr().write_all(&lua_options::usage(&name, &words[at]));
            return Ok(Exit::Error);
        }
    };
    if options.shows_version {
        commands::print(VERSION.as_bytes())?;
    }
    let mut session = Session::new(Limits::default(), lua_options::NAME.to_owned(), None);
    session.features = features;
    session.teller = Teller::Interpreter(name);
    session.set_stops(Stops::new(None, &Saving::default())?);
    let mut interpreter = Interpreter::new(session)?;
    let result = match interpreter.run(&words, &options) {
        Ok(()) => Ok(Exit::Success),
        Err(End::Error) => Ok(Exit::Error),
        Err(End::Left(result)) => result,
    };
    interpreter.session.end(result)
}

/// A session that runs one chunk after the other. What it needs of the libraries it has from before any program has run.
pub(super) struct Interpreter {
    pub(super) session: Session,
    globals: Value,
    load: Value,
    load_file: Value,
    warn: Value,
    /// As a prompt needs them.
    pub(super) protected_call: Value,
    pub(super) to_text: Value,
}

/// Why the rest is not done.
pub(super) enum End {
    /// There was an error, which has been told.
    Error,
    /// The program has left by itself, or was stopped.
    Left(Result<Exit, Failure>),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        End::Left(Err(failure))
    }
}

impl Interpreter {
    fn new(mut session: Session) -> Result<Self, Failure> {
        let globals = chunks::library(&mut session)?;
        let mut function = |name: &[u8]| {
            let function = session.machine.heap().table_get_name(globals, name);
            session.machine.keep(function);
            function
        };
        let [load, load_file, warn, protected_call, to_text] =
            [&b"load"[..], b"loadfile", b"warn", b"pcall", b"tostring"].map(&mut function);
        Ok(Interpreter { session, globals, load, load_file, warn, protected_call, to_text })
    }

    /// All that the command line asks for.
    fn run(&mut self, words: &[Vec<u8>], options: &LuaOptions) -> Result<(), End> {
        if options.ignores_environment {
            stdlib::raw::reset_paths(&mut self.session.machine).map_err(|_| self.session.out_of_memory())?;
        }
        chunks::set_arguments(&mut self.session, self.globals, words, options.script.unwrap_or(0))?;
        if !options.ignores_environment {
            self.initialise()?;
        }
        for step in &options.steps {
            match step {
                Step::Execute(text) => self.execute(text, b"=(command line)")?,
                Step::Require { global, module } => self.require(global, module)?,
                Step::WarningsOn => self.call_with(self.warn, &[b"@on"]).map(|_| ())?,
            }
        }
        if let Some(at) = options.script {
            let is_input = words[at] == b"-" && !options.is_dash_a_file;
            self.script(if is_input { None } else { Some(&words[at]) })?;
        }
        if options.is_interactive {
            return self.prompt();
        }
        if options.asks_for_something() {
            return Ok(());
        }
        if io::stdin().is_terminal() {
            self.show(VERSION.as_bytes())?;
            return self.prompt();
        }
        match self.script_from_input() {
            // The reference implementation does not look how this ends.
            Err(End::Error) => Ok(()),
            result => result,
        }
    }

    /// Serves whoever types, up to the end of the input.
    fn prompt(&mut self) -> Result<(), End> {
        if repl::has_terminal() { repl::serve(self) } else { prompt::serve(self) }
    }

    /// Looks for what the interpreter itself calls, in a machine into which another session was loaded.
    pub(super) fn find_functions(&mut self) {
        self.globals = stdlib::raw::globals(&self.session.machine);
        let names = [&b"load"[..], b"loadfile", b"warn", b"pcall", b"tostring"];
        let found = names.map(|name| self.session.machine.heap().table_get_name(self.globals, name));
        found.iter().for_each(|&function| _ = self.session.machine.keep(function));
        [self.load, self.load_file, self.warn, self.protected_call, self.to_text] = found;
    }

    /// The table of global variables.
    pub(super) fn globals(&self) -> Value {
        self.globals
    }

    /// Sets a global variable.
    pub(super) fn set_global(&mut self, name: &[u8], value: Value) -> Result<(), End> {
        let set = self.session.machine.heap().table_set_name(self.globals, name, value);
        Ok(set.map_err(|_| self.session.out_of_memory())?)
    }

    /// The table in which fields are looked for that a value does not have itself.
    pub(super) fn behind(&mut self, value: Value) -> Option<Value> {
        let metatable = self.session.machine.metatable(value);
        let behind = self.session.machine.heap().table_get_name(metatable, b"__index");
        behind.is_table().then_some(behind)
    }

    /// Whether a value has a metamethod.
    pub(super) fn has_metamethod(&mut self, value: Value, name: &[u8]) -> bool {
        let metatable = self.session.machine.metatable(value);
        !self.session.machine.heap().table_get_name(metatable, name).is_nil()
    }

    fn script_from_input(&mut self) -> Result<(), End> {
        let chunk = self.loaded(self.load_file, &[])?;
        self.call(chunk, Vec::new()).map(|_| ())
    }

    /// What the environment wants to have run first: a file after `@`, else a text.
    fn initialise(&mut self) -> Result<(), End> {
        let found = INIT_VARIABLES.into_iter().find_map(|name| Some((name, std::env::var_os(name)?)));
        let Some((name, text)) = found else { return Ok(()) };
        match values::bytes(&text).as_slice() {
            [b'@', file @ ..] => {
                let chunk = self.loaded(self.load_file, &[file])?;
                self.call(chunk, Vec::new()).map(|_| ())
            }
            text => self.execute(text, format!("={name}").as_bytes()),
        }
    }

    fn execute(&mut self, text: &[u8], chunk_name: &[u8]) -> Result<(), End> {
        let chunk = self.loaded(self.load, &[text, chunk_name])?;
        self.call(chunk, Vec::new()).map(|_| ())
    }

    fn require(&mut self, global: &[u8], module: &[u8]) -> Result<(), End> {
        let require = self.global(b"require");
        let module = self.call_with(require, &[module])?.first().copied().unwrap_or_default();
        let kept = self.session.machine.keep(module);
        let set = self.session.machine.heap().table_set_name(self.globals, global, module);
        self.session.machine.release(kept);
        Ok(set.map_err(|_| self.session.out_of_memory())?)
    }

    /// Runs a file, or the standard input, with what `arg` holds now.
    fn script(&mut self, file: Option<&[u8]>) -> Result<(), End> {
        let chunk = match file {
            Some(file) => self.loaded(self.load_file, &[file])?,
            None => self.loaded(self.load_file, &[])?,
        };
        let table = self.global(b"arg");
        if !table.is_table() {
            return Err(self.tell(b"'arg' is not a table"));
        }
        let heap = self.session.machine.heap();
        let count = heap.table_len(table);
        if count >= ARGUMENTS_MAX {
            return Err(self.tell(b"stack overflow (too many arguments to script)"));
        }
        let arguments = (1..=count).map(|index| heap.table_get_int(table, index)).collect();
        self.call(chunk, arguments).map(|_| ())
    }

    /// A global variable.
    pub(super) fn global(&mut self, name: &[u8]) -> Value {
        self.session.machine.heap().table_get_name(self.globals, name)
    }

    /// Writes to standard output, after what programs have written.
    pub(super) fn show(&mut self, text: &[u8]) -> Result<(), End> {
        // As C's, it has nobody to tell that it cannot.
        let _ = console::write(&mut self.session.machine, text);
        Ok(())
    }

    /// Tells of an error.
    pub(super) fn tell(&mut self, message: &[u8]) -> End {
        // What was written comes before what went wrong.
        let flushed = self.session.flush();
        self.session.teller.tell(message, "");
        flushed.map_or_else(End::from, |_| End::Error)
    }

    /// Loads a chunk from this text; or the message why not.
    pub(super) fn try_to_load(&mut self, text: &[u8], chunk_name: &[u8]) -> Result<Result<Value, Vec<u8>>, End> {
        self.load_by(self.load, &[text, chunk_name])
    }

    fn load_by(&mut self, loader: Value, arguments: &[&[u8]]) -> Result<Result<Value, Vec<u8>>, End> {
        let results = self.call_with(loader, arguments)?;
        Ok(match results.as_slice() {
            [_, message, ..] => Err(message.as_bytes().unwrap_or_default().to_vec()),
            results => Ok(results.first().copied().unwrap_or_default()),
        })
    }

    /// The chunk that a loader makes; an error is told.
    fn loaded(&mut self, loader: Value, arguments: &[&[u8]]) -> Result<Value, End> {
        self.load_by(loader, arguments)?.map_err(|message| self.tell(&message))
    }

    /// Calls a function with strings.
    fn call_with(&mut self, function: Value, texts: &[&[u8]]) -> Result<Vec<Value>, End> {
        let (mut values, mut kept) = (Vec::new(), Vec::new());
        for text in texts {
            let value = self.session.machine.string(text).map_err(|_| self.session.out_of_memory())?;
            kept.push(self.session.machine.keep(value));
            values.push(value);
        }
        let results = self.call(function, values);
        for kept in kept {
            self.session.machine.release(kept);
        }
        results
    }

    /// Calls a function; an error is told.
    pub(super) fn call(&mut self, function: Value, values: Vec<Value>) -> Result<Vec<Value>, End> {
        match self.session.call_value(function, values)? {
            (Exit::Success, results) => Ok(results),
            (Exit::Error, _) => Err(End::Error),
            (exit, _) => Err(End::Left(Ok(exit))),
        }
    }
}
