//! The prompt at a terminal: edits lines, runs them, shows what they give, and keeps the session whatever happens.

mod show;
mod typing;

use super::interpreter::{End, Interpreter};
use super::{Teller, snapshot};
use crate::report;
use minivm::raw::Value;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use typing::Typing;

/// What lines are called in messages.
const CHUNK_NAME: &[u8] = b"=stdin";
/// Lines that are remembered from session to session.
const HISTORY_MAX: usize = 10_000;

const HELP: &str = "\
An expression shows its value, which is then `_`; statements run. Input that is not complete goes on in the next line.
  Tab           completes names of variables, fields and methods
  Ctrl-C        drops the line, or stops what runs with the error `interrupted!`
  Ctrl-D        leaves
  Ctrl-R        looks for earlier lines
  :help         shows this
  :save FILE    saves the whole session: its variables, functions and coroutines
  :load FILE    goes on with a session that was saved
  :quit         leaves
";

/// Whether there is a terminal to edit lines at.
pub(super) fn has_terminal() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !is_dumb
}

/// Reads and runs lines up to the end of the input.
pub(super) fn serve(interpreter: &mut Interpreter) -> Result<(), End> {
    let teller = std::mem::replace(&mut interpreter.session.teller, Teller::Prompt);
    let history = history_file();
    let config = Config::builder().auto_add_history(true).completion_type(CompletionType::List);
    let config = config.max_history_size(HISTORY_MAX).map(rustyline::config::Builder::build);
    let editor = config.and_then(Editor::<Typing<'_>, FileHistory>::with_config);
    let mut editor = editor.map_err(|error| interpreter.tell(format!("cannot edit lines: {error}").as_bytes()))?;
    if let Some(path) = &history {
        // A session without the lines of earlier ones is one all the same.
        let _ = editor.load_history(path);
    }
    editor.set_helper(Some(Typing::new(interpreter)));
    let result = loop {
        let text = match editor.readline("> ") {
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => continue,
            Err(_) => break Ok(()),
        };
        let Some(typing) = editor.helper_mut() else { break Ok(()) };
        match take_one(typing.interpreter(), &text) {
            // An error ends what was typed, not the session.
            Ok(true) | Err(End::Error) => {}
            Ok(false) => break Ok(()),
            Err(end @ End::Left(_)) => break Err(end),
        }
    };
    if let Some(path) = &history {
        let _ = std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))
            .and_then(|()| editor.save_history(path).map_err(std::io::Error::other));
    }
    drop(editor);
    interpreter.session.teller = teller;
    result
}

/// The file with the lines of earlier sessions.
fn history_file() -> Option<PathBuf> {
    let folder = match std::env::var_os("XDG_STATE_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".local/state"),
    };
    Some(folder.join("minivm/history"))
}

/// Does what was typed; false to leave.
fn take_one(interpreter: &mut Interpreter, text: &str) -> Result<bool, End> {
    if let Some(command) = text.trim().strip_prefix(':').filter(|_| !text.trim().starts_with("::")) {
        return self::command(interpreter, command);
    }
    // As older versions had it.
    let text = text.strip_prefix('=').map_or(text.to_owned(), |expression| format!("return {expression}"));
    let as_expression = format!("return {text};");
    let chunk = match interpreter.try_to_load(as_expression.as_bytes(), CHUNK_NAME)? {
        Ok(chunk) => chunk,
        Err(_) => match interpreter.try_to_load(text.as_bytes(), CHUNK_NAME)? {
            Ok(chunk) => chunk,
            Err(message) => return Err(interpreter.tell(&message)),
        },
    };
    let results = interpreter.call(chunk, Vec::new())?;
    show_results(interpreter, &results)?;
    Ok(true)
}

/// Shows values, the first of which is the last value from now on.
fn show_results(interpreter: &mut Interpreter, results: &[Value]) -> Result<(), End> {
    let Some(first) = results.first() else { return Ok(()) };
    interpreter.set_global(b"_", *first)?;
    let lines: Vec<String> = results.iter().map(|value| show::shown(interpreter, *value)).collect();
    interpreter.show(format!("{}\n", lines.join("\n")).as_bytes())
}

/// Does a command of the prompt's own; false to leave.
fn command(interpreter: &mut Interpreter, command: &str) -> Result<bool, End> {
    let (name, file) = command.trim().split_once(char::is_whitespace).unwrap_or((command.trim(), ""));
    let file = file.trim();
    match (name, file) {
        ("help" | "h", _) => interpreter.show(HELP.as_bytes())?,
        ("quit" | "q", _) => return Ok(false),
        ("save" | "load", "") => return Err(interpreter.tell(format!(":{name} needs the name of a file").as_bytes())),
        ("save", file) => match interpreter.session.write(Path::new(file)) {
            Ok(()) => interpreter.show(format!("saved in {file}\n").as_bytes())?,
            Err(failure) => report::print(&failure.reports),
        },
        ("load", file) => match snapshot::load_session(&mut interpreter.session, Path::new(file)) {
            Ok(()) => interpreter.find_functions(),
            Err(failure) => report::print(&failure.reports),
        },
        (name, _) => return Err(interpreter.tell(format!("no command :{name}; :help shows them").as_bytes())),
    }
    Ok(true)
}
