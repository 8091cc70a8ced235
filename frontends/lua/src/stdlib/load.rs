//! Chunks: `load`, `loadfile` and `dofile`.
//!
//! Compiling is paid for by the length of the source before it begins. A long chunk is compiled by a thread, so that the run can be
//! stopped meanwhile; where it goes on in another process, another thread begins again.

use super::arguments::{Answer, Arguments, LibraryFunction, Text, out_of_memory, shown};
use super::host::{HostError, OpenMode, Standard};
use super::io::host_name;
use super::io_file::{FileObject, new_file, open_with};
use super::library::library;
use super::long_text;
use super::stream::{Origin, Stream};
use super::work::{COMPILE_UNITS_PER_BYTE, WINDOW_BYTES};
use crate::chunks::{MARK, is_precompiled};
use crate::codegen::{Compilation, Compiled};
use minivm::raw::memory::Buffer;
use minivm::raw::{HostCall, LinkError, Raise, Tag, Value};
use minivm_isa::TrapCode;
use std::time::Duration;

/// The functions by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("dofile", dofile), ("load", load), ("loadfile", loadfile)];

/// Name of `load` in the machine's registry.
pub(super) const LOAD: &str = "lua.load";
/// Name of the table of globals in the machine's registry.
pub(super) const GLOBALS: &str = "lua.globals";
/// Name of [`load_file`] in the machine's registry.
pub(super) const LOAD_FILE: &str = "lua.load.file";
/// Name of the function that reads from a file in the machine's registry.
pub(super) const READ: &str = "lua.load.read";

// States: of `load` while it reads the pieces of a chunk and joins them, of others while something is loaded for them; of both
// while the chunk is compiled.
const PIECE: u32 = 1;
const JOINED: u32 = 2;
const LOADED: u32 = 3;
const COMPILING: u32 = 4;
/// State in which the source of a file is at hand.
const READY: u32 = 5;

// What `load` keeps while it reads: reader, chunk name, mode, environment, the bytes so far, the table of pieces and their number.
const PIECE_BYTES: usize = 4;
const PIECES: usize = 5;
const PIECE_COUNT: usize = 6;

/// A chunk that is at hand.
struct Chunk {
    source: Text,
    name: Text,
    /// How it may be written.
    mode: Text,
    environment: Value,
    /// Whether it is a file, whose first line may be a comment for the shell.
    is_file: bool,
}

/// Chunks that are longer are compiled by a thread that the function waits for in short spells.
const AT_ONCE_BYTES_MAX: usize = 1 << 14;
/// How long it waits before the machine looks whether the run is to stop.
const SPELL: Duration = Duration::from_millis(1);
/// Compilations that are under way, of runs that were stopped, at most.
const COMPILATIONS_MAX: usize = 8;

impl Chunk {
    /// Pays for compiling it, and makes a function of it, or the message why not.
    fn compile(self, call: &mut HostCall<'_>) -> Answer {
        let source = self.source.bytes();
        let precompiled = precompiled_part(source, self.is_file);
        let is_binary = precompiled.is_some();
        let (kind, letter) = if is_binary { ("binary", b'b') } else { ("text", b't') };
        if !self.mode.bytes().contains(&letter) {
            let mode = shown(self.mode.bytes());
            let message = [b"attempt to load a ", kind.as_bytes(), b" chunk (mode is '", mode, b"')"].concat();
            return return_message(call, message);
        }
        call.charge(source.len() as u64 * COMPILE_UNITS_PER_BYTE)?;
        if let Some(bytes) = precompiled {
            return self.load_precompiled(call, bytes);
        }
        if source.len() > AT_ONCE_BYTES_MAX {
            let is_file = Value::bool(self.is_file);
            call.keep(&[self.source.0, self.name.0, self.mode.0, self.environment, is_file])?;
            return call.go_on(COMPILING);
        }
        let mut allowance = call.budget().allowance();
        let options = options(call, self.is_file);
        let compiled = crate::compile_with(source, self.name.bytes(), options, &mut allowance);
        return_compiled(call, (compiled, allowance), self.environment)
    }
}

impl Chunk {
    /// Makes a function of a precompiled chunk, which is checked first.
    fn load_precompiled(&self, call: &mut HostCall<'_>, bytes: &[u8]) -> Answer {
        let mut allowance = call.budget().allowance();
        match crate::chunks::load(bytes, &mut allowance) {
            Ok(program) => return_compiled(call, (Ok(program), allowance), self.environment),
            Err(_) if allowance.is_exhausted() => {
                call.budget().note(&allowance);
                no_memory(call)
            }
            Err(why) => {
                call.budget().note(&allowance);
                let name = match self.name.bytes() {
                    [b'@' | b'=', name @ ..] => shown(name),
                    [MARK, ..] => b"binary string",
                    name => shown(name),
                };
                return_message(call, [name, b": bad binary format (", why.as_bytes(), b")"].concat())
            }
        }
    }
}

/// The part of a source that is a precompiled chunk, if it is one. In a file, a comment may stand before it.
fn precompiled_part(source: &[u8], is_file: bool) -> Option<&[u8]> {
    let bytes = if is_file { &source[crate::syntax::file_start(source)..] } else { source };
    let bytes = match bytes {
        [b'\n', rest @ ..] if is_file && source.len() > bytes.len() => rest,
        bytes => bytes,
    };
    is_precompiled(bytes).then_some(bytes)
}

/// How a chunk is compiled here.
fn options(call: &mut HostCall<'_>, is_file: bool) -> crate::Options {
    crate::Options { is_file, exact_upvalues: library(call).exact_upvalues }
}

/// Waits for a thread that compiles the chunk which the function keeps.
fn go_on_compiling(call: &mut HostCall<'_>) -> Answer {
    let (source, name, environment, is_file) =
        (Text(call.arg(0)), Text(call.arg(1)), call.arg(3), call.arg(4).is_truthy());
    let allowance = call.budget().allowance();
    let options = options(call, is_file);
    let compilations = &mut library(call).compilations;
    let found = compilations.iter().position(|one| one.is_of(source.bytes(), name.bytes(), options));
    let mut compilation = match found {
        Some(index) => compilations.swap_remove(index),
        // Each may take as much memory as is left, so that there is one at a time.
        None if compilations.iter().any(|other| !other.is_done(SPELL)) => return Err(call.look_around()),
        None => match Compilation::begin(source.bytes(), name.bytes(), options, allowance.clone()) {
            Ok(begun) => begun,
            Err(error) => return return_compiled(call, (Err(error), allowance), environment),
        },
    };
    match compilation.wait(SPELL) {
        Some(compiled) => return_compiled(call, compiled, environment),
        None => {
            let compilations = &mut library(call).compilations;
            compilations.truncate(COMPILATIONS_MAX - 1);
            compilations.insert(0, compilation);
            Err(call.look_around())
        }
    }
}

/// Returns a compiled chunk as a function.
fn return_compiled(call: &mut HostCall<'_>, (compiled, allowance): Compiled, environment: Value) -> Answer {
    call.budget().note(&allowance);
    let program = match compiled {
        Ok(program) => {
            library(call).exact_upvalues |= crate::has_exact_upvalues(&program);
            program
        }
        Err(_) if allowance.is_exhausted() => return no_memory(call),
        Err(error) => return return_message(call, error.message()),
    };
    let loaded = call.instantiate(program).and_then(|(instance, _)| call.closure(instance, "main", &[environment]));
    match loaded {
        Ok(function) => call.return_one(function),
        Err(LinkError::Trap(TrapCode::OutOfMemory)) => no_memory(call),
        Err(error) => return_message(call, error.to_string()),
    }
}

/// There is not enough memory for a chunk. Where no garbage is left, that is a message like those about its grammar.
fn no_memory(call: &mut HostCall<'_>) -> Answer {
    if call.has_collected() { return_message(call, "not enough memory") } else { Err(out_of_memory(())) }
}

/// Returns nil and why nothing was loaded.
fn return_message(call: &mut HostCall<'_>, message: impl AsRef<[u8]>) -> Answer {
    let message = call.string(message)?;
    call.return_values(&[Value::NIL, message])
}

/// The environment argument, or the globals if it was not given; nil counts as given.
fn environment(call: &mut HostCall<'_>, index: usize) -> Value {
    if index < call.arg_count() { call.arg(index) } else { call.registered(GLOBALS) }
}

/// The mode argument.
fn mode(call: &mut HostCall<'_>, index: usize) -> Result<Text, Raise> {
    match call.optional_text(index)? {
        Some(mode) => Ok(mode),
        None => call.string("bt").map(Text),
    }
}

pub(super) fn load(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        PIECE => return take_piece(call),
        JOINED => {
            let source = call.returned_one();
            return compile_pieces(call, source);
        }
        COMPILING => return go_on_compiling(call),
        _ => call.before_loading(),
    }
    let chunk = call.arg(0);
    let mode = mode(call, 2)?;
    let environment = environment(call, 3);
    if let Some(source) = call.to_text(chunk)? {
        let name = call.optional_text(1)?.unwrap_or(source);
        return Chunk { source, name, mode, environment, is_file: false }.compile(call);
    }
    let name = match call.optional_text(1)? {
        Some(name) => name.0,
        None => call.string("=(load)")?,
    };
    let reader = call.check_function(0)?;
    let pieces = call.table(0, 0)?;
    call.keep(&[reader, name, mode.0, environment, Value::int(0), pieces, Value::int(0)])?;
    call.call_protected(reader, &[], PIECE, minivm::raw::Protect::Catch, Value::NIL)
}

/// The reader has given a piece of the chunk.
fn take_piece(call: &mut HostCall<'_>) -> Answer {
    if let Some(error) = call.error_returned() {
        return call.return_values(&[Value::NIL, error]);
    }
    let piece = call.returned_one();
    let number = |index| call.arg(index).as_int().unwrap_or(0).clamp(0, i64::MAX / 2);
    let (pieces, count, bytes) = (call.arg(PIECES), number(PIECE_COUNT), number(PIECE_BYTES));
    let text = call.to_text(piece)?;
    if text.is_none() && !piece.is_nil() {
        let message = call.position(1) + "reader function must return a string";
        return return_message(call, message);
    }
    if let Some(text) = text.filter(|text| !text.bytes().is_empty()) {
        call.heap().table_set_int(pieces, count + 1, text.0).map_err(out_of_memory)?;
        call.set_arg(PIECE_COUNT, Value::int(count + 1));
        call.set_arg(PIECE_BYTES, Value::int(bytes + text.bytes().len() as i64));
        let reader = call.arg(0);
        return call.call_protected(reader, &[], PIECE, minivm::raw::Protect::Catch, Value::NIL);
    }
    if count < 2 {
        let source = if count == 0 { call.string("")? } else { call.heap().table_get_int(pieces, 1) };
        return compile_pieces(call, source);
    }
    long_text::join(call, [pieces, Value::int(count), Value::int(bytes), Value::NIL], JOINED)
}

fn compile_pieces(call: &mut HostCall<'_>, source: Value) -> Answer {
    let (name, mode, environment) = (Text(call.arg(1)), Text(call.arg(2)), call.arg(3));
    Chunk { source: Text(source), name, mode, environment, is_file: false }.compile(call)
}

/// Reads a whole file, all at once.
///
/// # Errors
/// When there is not enough memory for it; the inner error is what the outside reports.
pub(super) fn read_file(call: &mut HostCall<'_>, name: &[u8]) -> Result<Result<Buffer, HostError>, Raise> {
    let file = match open_with(call, |host| host.open(name, OpenMode::Read)) {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    let (mut stream, mut bytes) = (Stream::new(file), call.buffer());
    loop {
        match stream.read_bytes(bytes.spare(WINDOW_BYTES)?, WINDOW_BYTES) {
            Ok(false) => {}
            Ok(true) => return Ok(Ok(bytes)),
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// `load_file(name, mode, environment)`: the function that a file is, or nil and a message; standard input without a name.
pub(super) fn load_file(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        COMPILING => return go_on_compiling(call),
        LOADED => return file_is_read(call),
        READY => {
            let (source, name, mode) = (Text(call.arg(0)), Text(call.arg(1)), Text(call.arg(2)));
            return Chunk { source, name, mode, environment: call.arg(3), is_file: true }.compile(call);
        }
        _ => call.before_loading(),
    }
    let name = call.optional_text(0)?;
    let opened = match &name {
        None => Ok(FileObject::Standard(Standard::Input)),
        Some(name) => {
            let origin = Origin { name: name.bytes().to_vec(), mode: OpenMode::Read };
            let opened =
                host_name(name.bytes()).and_then(|name| open_with(call, |host| host.open(name, OpenMode::Read)));
            opened.map(|file| FileObject::Open(Box::new(Stream::opened(file, origin))))
        }
    };
    let file = match opened {
        Ok(file) => new_file(call, file)?,
        Err(error) => return return_unreadable(call, "open", name, error.message.as_bytes()),
    };
    let (name, mode, environment) = (call.arg(0), call.arg(1), call.arg(2));
    call.keep(&[name, mode, environment, file])?;
    let (read, all) = (call.registered(READ), call.string("a")?);
    call.call(read, &[file, all], LOADED)
}

/// The file has been read.
fn file_is_read(call: &mut HostCall<'_>) -> Answer {
    let results = call.returned().unwrap_or_default();
    let (name, mode, environment, file) = (call.arg(0), call.arg(1), call.arg(2), call.arg(3));
    let name = name.as_bytes().map(|_| Text(name));
    call.heap().with_host_object(file, |file: &mut FileObject| *file = FileObject::Closed);
    let Some(source) = results.first().copied().filter(|source| source.as_bytes().is_some()) else {
        let message = results.get(1).copied().unwrap_or_default();
        return return_unreadable(call, "read", name, message.as_bytes().unwrap_or_default());
    };
    let chunk_name = name.map_or(b"=stdin".to_vec(), |name| [b"@", name.bytes()].concat());
    let chunk_name = call.string(chunk_name)?;
    call.keep(&[source, chunk_name, mode, environment])?;
    call.go_on(READY)
}

/// Returns what cannot be done with a file, and why.
fn return_unreadable(call: &mut HostCall<'_>, verb: &str, name: Option<Text>, error: &[u8]) -> Answer {
    let name = name.as_ref().map_or(&b"stdin"[..], |name| shown(name.bytes()));
    return_message(call, [b"cannot ", verb.as_bytes(), b" ", name, b": ", error].concat())
}

fn loadfile(call: &mut HostCall<'_>) -> Answer {
    let name = call.optional_text(0)?.map_or(Value::NIL, |name| name.0);
    let mode = mode(call, 1)?;
    let environment = environment(call, 2);
    let load_file = call.registered(LOAD_FILE);
    call.tail_call(load_file, &[name, mode.0, environment])
}

/// Has a file loaded; what comes back is the function, or nil and a message.
pub(super) fn call_load_file(call: &mut HostCall<'_>, name: Value, state: u32) -> Answer {
    let (load_file, mode, globals) = (call.registered(LOAD_FILE), call.string("bt")?, call.registered(GLOBALS));
    call.call(load_file, &[name, mode, globals], state)
}

fn dofile(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        0 => {
            let name = call.optional_text(0)?.map_or(Value::NIL, |name| name.0);
            call_load_file(call, name, LOADED)
        }
        LOADED => match call.returned().unwrap_or_default()[..] {
            [function] if function.tag() == Tag::FUNCTION => call.call(function, &[], 1),
            [_, message] => Err(Raise::Value(message)),
            _ => call.return_none(),
        },
        _ => call.return_returned(None),
    }
}
