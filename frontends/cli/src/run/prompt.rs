//! The prompt of the interpreter: reads a line at a time from standard input, runs it, and prints what it gives.

use super::Teller;
use super::interpreter::{End, Interpreter};
use crate::exit::Exit;
use crate::source::Failure;
use minivm::raw::{Tag, Value};
use minivm_lua::stdlib::raw::console;
use std::io::{self, IsTerminal};

/// What lines are called in messages.
const CHUNK_NAME: &[u8] = b"=stdin";
/// What the message of a chunk ends with that goes on, as the reference implementation has it: nothing but the end was wrong.
const END_MARK: &[u8] = b"<eof>";

/// The prompts of first lines and of those that go on: the variables with them, and what they are without.
const FIRST: (&[u8], &[u8]) = (b"_PROMPT", b"> ");
const NEXT: (&[u8], &[u8]) = (b"_PROMPT2", b">> ");

/// Reads and runs lines up to the end of the input.
pub(super) fn serve(interpreter: &mut Interpreter) -> Result<(), End> {
    let teller = std::mem::replace(&mut interpreter.session.teller, Teller::Prompt);
    loop {
        match take_one(interpreter) {
            // An error ends what was typed, not the session.
            Ok(true) | Err(End::Error) => {}
            Ok(false) => break,
            Err(End::Left(result)) => return Err(End::Left(result)),
        }
    }
    interpreter.show(b"\n")?;
    interpreter.session.teller = teller;
    Ok(())
}

/// Reads and runs one chunk; false at the end of the input.
fn take_one(interpreter: &mut Interpreter) -> Result<bool, End> {
    let Some(line) = read_line(interpreter, FIRST)? else { return Ok(false) };
    // As older versions had it.
    let text = line.strip_prefix(b"=").map_or(line.clone(), |expression| [b"return ", expression].concat());
    let chunk = chunk(interpreter, text)?;
    let results = interpreter.call(chunk, Vec::new())?;
    print(interpreter, results)?;
    Ok(true)
}

/// What was typed as a function: an expression, or statements, which may go on for more lines.
fn chunk(interpreter: &mut Interpreter, mut text: Vec<u8>) -> Result<Value, End> {
    let as_expression = [b"return ", &text[..], b";"].concat();
    if let Ok(chunk) = interpreter.try_to_load(&as_expression, CHUNK_NAME)? {
        return Ok(chunk);
    }
    loop {
        let message = match interpreter.try_to_load(&text, CHUNK_NAME)? {
            Ok(chunk) => return Ok(chunk),
            Err(message) => message,
        };
        let next = if message.ends_with(END_MARK) { read_line(interpreter, NEXT)? } else { None };
        let Some(next) = next else { return Err(interpreter.tell(&message)) };
        text.push(b'\n');
        text.extend_from_slice(&next);
    }
}

/// Prints results by the global `print`.
fn print(interpreter: &mut Interpreter, results: Vec<Value>) -> Result<(), End> {
    if results.is_empty() {
        return Ok(());
    }
    let values = [vec![interpreter.global(b"print")], results].concat();
    match interpreter.call(interpreter.protected_call, values)?.as_slice() {
        [done, error] if !done.is_truthy() => {
            let message = error.as_bytes().unwrap_or(b"(null)");
            let message = [b"error calling 'print' (", message, b")"].concat();
            Err(interpreter.tell(&message))
        }
        _ => Ok(()),
    }
}

/// Shows a prompt and reads a line.
fn read_line(interpreter: &mut Interpreter, (variable, default): (&[u8], &[u8])) -> Result<Option<Vec<u8>>, End> {
    let prompt = match interpreter.global(variable) {
        value if value.tag() == Tag::NIL => default.to_vec(),
        value => {
            let results = interpreter.call(interpreter.to_text, vec![value])?;
            results.first().and_then(Value::as_bytes).unwrap_or_default().to_vec()
        }
    };
    interpreter.show(&prompt)?;
    match console::read_line(&mut interpreter.session.machine) {
        Ok(Some(line)) => {
            // A terminal shows what is typed. Elsewhere the line editor that interpreters are built with repeats it.
            if !io::stdin().is_terminal() {
                interpreter.show(&[&line, &b"\n"[..]].concat())?;
            }
            Ok(Some(line))
        }
        Ok(None) => Ok(None),
        Err(error) => {
            let report = interpreter.session.report(format!("cannot read standard input: {error}"));
            Err(Failure::new(Exit::Unreadable, report).into())
        }
    }
}
