//! Chunks: `load`, `loadfile` and `dofile`.

use super::arguments::{Answer, Arguments, LibraryFunction, Text, out_of_memory};
use super::host::{HostError, OpenMode, Standard};
use super::io_file::open_with;
use super::library::library;
use super::stream::Stream;
use minivm::{HostCall, Raise, Tag, Value};

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("dofile", dofile), ("load", load), ("loadfile", loadfile)];

/// Name of the table of globals in the machine's registry.
pub(super) const GLOBALS: &str = "lua.globals";

/// A compiled chunk begins with this byte.
const BINARY_MARK: u8 = 0x1b;

// States of `load` while it reads the pieces of a chunk. It keeps: reader, chunk name, mode, environment, whether that was
// given, the table of pieces and their number.
const PIECE: u32 = 1;
const PIECES: usize = 5;
const PIECE_COUNT: usize = 6;

/// What a chunk's name is, and how it may be written.
struct ChunkOptions<'o> {
    name: &'o [u8],
    mode: &'o [u8],
    environment: Value,
    /// Whether it is a file, whose first line may be a comment for the shell.
    is_file: bool,
}

/// Makes a function of a chunk, or the message why not.
fn compile(call: &mut HostCall<'_>, source: &[u8], options: &ChunkOptions<'_>) -> Result<Result<Value, Value>, Raise> {
    let is_binary = source.first() == Some(&BINARY_MARK);
    let (kind, letter) = if is_binary { ("binary", b'b') } else { ("text", b't') };
    if !options.mode.contains(&letter) {
        let message = [b"attempt to load a ", kind.as_bytes(), b" chunk (mode is '", options.mode, b"')"].concat();
        return call.string(message).map(Err);
    }
    if is_binary {
        return call.string("binary chunks cannot be loaded").map(Err);
    }
    let exact_upvalues = library(call).exact_upvalues;
    let how = crate::Options { is_file: options.is_file, exact_upvalues };
    let program = match crate::compile_with(source, options.name, how) {
        Ok(program) => {
            library(call).exact_upvalues |= crate::has_exact_upvalues(&program);
            program
        }
        Err(error) => return call.string(error.message()).map(Err),
    };
    let loaded =
        call.instantiate(program).and_then(|(instance, _)| call.closure(instance, "main", &[options.environment]));
    match loaded {
        Ok(function) => Ok(Ok(function)),
        Err(error) => call.string(error.to_string()).map(Err),
    }
}

/// Returns what `load` returns.
fn answer(call: &mut HostCall<'_>, loaded: Result<Value, Value>) -> Answer {
    match loaded {
        Ok(function) => call.return_one(function),
        Err(message) => call.return_values(&[Value::NIL, message]),
    }
}

/// The environment argument, or the globals if it was not given; nil counts as given.
fn environment(call: &mut HostCall<'_>, index: usize) -> Value {
    if index < call.arg_count() { call.arg(index) } else { call.registered(GLOBALS) }
}

fn load(call: &mut HostCall<'_>) -> Answer {
    if call.state() == PIECE {
        return take_piece(call);
    }
    call.before_loading();
    let chunk = call.arg(0);
    let mode = call.optional_text(2)?;
    let environment = environment(call, 3);
    if let Some(source) = call.to_text(chunk)? {
        let name = call.optional_text(1)?.unwrap_or(source);
        let mode = mode.as_ref().map_or(&b"bt"[..], |mode| mode.bytes());
        let options = ChunkOptions { name: name.bytes(), mode, environment, is_file: false };
        let loaded = compile(call, source.bytes(), &options)?;
        return answer(call, loaded);
    }
    let name = match call.optional_text(1)? {
        Some(name) => name.0,
        None => call.string("=(load)")?,
    };
    let reader = call.check_function(0)?;
    let mode = match mode {
        Some(mode) => mode.0,
        None => call.string("bt")?,
    };
    let pieces = call.table(0, 0)?;
    call.keep(&[reader, name, mode, environment, Value::NIL, pieces, Value::int(0)])?;
    call.call_protected(reader, &[], PIECE, minivm::Protect::Catch, Value::NIL)
}

/// The reader has given a piece of the chunk.
fn take_piece(call: &mut HostCall<'_>) -> Answer {
    if let Some(error) = call.error_returned() {
        return call.return_values(&[Value::NIL, error]);
    }
    let piece = call.returned_one();
    let (pieces, count) = (call.arg(PIECES), call.arg(PIECE_COUNT).as_int().unwrap_or(0).clamp(0, i64::MAX - 1));
    let text = call.to_text(piece)?;
    if text.is_none() && !piece.is_nil() {
        let message = call.position(1) + "reader function must return a string";
        let message = call.string(message)?;
        return call.return_values(&[Value::NIL, message]);
    }
    if let Some(text) = text.filter(|text| !text.bytes().is_empty()) {
        call.heap().table_set_int(pieces, count + 1, text.0).map_err(out_of_memory)?;
        call.set_arg(PIECE_COUNT, Value::int(count + 1));
        let reader = call.arg(0);
        return call.call_protected(reader, &[], PIECE, minivm::Protect::Catch, Value::NIL);
    }
    let mut source = Vec::new();
    let count = count.min(call.heap().table_len(pieces));
    for index in 1..=count {
        source.extend_from_slice(Text(call.heap().table_get_int(pieces, index)).bytes());
    }
    let (name, mode) = (Text(call.arg(1)), Text(call.arg(2)));
    let options = ChunkOptions { name: name.bytes(), mode: mode.bytes(), environment: call.arg(3), is_file: false };
    let loaded = compile(call, &source, &options)?;
    answer(call, loaded)
}

/// Reads a whole file, or standard input.
pub(super) fn read_file(call: &mut HostCall<'_>, name: Option<&[u8]>) -> Result<Vec<u8>, HostError> {
    let mut bytes = Vec::new();
    match name {
        None => library(call).standard(Standard::Input).read_bytes(&mut bytes, usize::MAX)?,
        Some(name) => {
            let file = open_with(call, |host| host.open(name, OpenMode::Read))?;
            Stream::new(file).read_bytes(&mut bytes, usize::MAX)?;
        }
    }
    Ok(bytes)
}

/// Loads a file, or standard input.
pub(super) fn load_file(
    call: &mut HostCall<'_>,
    name: Option<&[u8]>,
    mode: &[u8],
    environment: Value,
) -> Result<Result<Value, Value>, Raise> {
    let chunk_name = name.map_or(b"=stdin".to_vec(), |name| [b"@", name].concat());
    let source = match read_file(call, name) {
        Ok(source) => source,
        Err(error) => {
            let shown = name.unwrap_or(b"stdin");
            let message = [b"cannot open ", shown, format!(": {error}").as_bytes()].concat();
            return call.string(message).map(Err);
        }
    };
    let options = ChunkOptions { name: &chunk_name, mode, environment, is_file: true };
    compile(call, &source, &options)
}

fn loadfile(call: &mut HostCall<'_>) -> Answer {
    let (name, mode) = (call.optional_text(0)?, call.optional_text(1)?);
    let environment = environment(call, 2);
    let mode = mode.as_ref().map_or(&b"bt"[..], |mode| mode.bytes());
    let loaded = load_file(call, name.as_ref().map(|name| name.bytes()), mode, environment)?;
    answer(call, loaded)
}

fn dofile(call: &mut HostCall<'_>) -> Answer {
    if call.state() == 1 {
        return call.return_returned(None);
    }
    let name = call.optional_text(0)?;
    let globals = call.registered(GLOBALS);
    match load_file(call, name.as_ref().map(|name| name.bytes()), b"bt", globals)? {
        Ok(function) if function.tag() == Tag::FUNCTION => call.call(function, &[], 1),
        Ok(_) => call.return_none(),
        Err(message) => Err(Raise::Value(message)),
    }
}
