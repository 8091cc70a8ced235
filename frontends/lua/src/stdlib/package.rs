//! The `package` library and `require`, for modules written in Lua, and for others where the embedder has loaders.

use super::algorithms::search_path::{Templates, candidates, not_found_message};
use super::arguments::{Answer, Arguments, LibraryFunction, Text, shown};
use super::host::OpenMode;
use super::io::host_name;
use super::io_file::open_with;
use super::load::call_load_file;
use super::support;
use super::work::Work;
use minivm::raw::{HostCall, Raise, Tag, Value};

/// The functions of the library by name.
pub(super) const FUNCTIONS: &[(&str, LibraryFunction)] = &[("loadlib", loadlib), ("searchpath", searchpath)];

/// The functions of `package.searchers`, in order.
pub(super) const SEARCHERS: &[(&str, LibraryFunction)] = &[
    ("searcher_preload", search_preload),
    ("searcher_Lua", search_lua),
    ("searcher_C", search_native),
    ("searcher_Croot", search_native_root),
];

/// Where Lua modules are looked for, unless the environment says otherwise.
pub(super) const DEFAULT_PATH: &str = "/usr/local/share/lua/5.4/?.lua;/usr/local/share/lua/5.4/?/init.lua;\
    /usr/local/lib/lua/5.4/?.lua;/usr/local/lib/lua/5.4/?/init.lua;./?.lua;./?/init.lua";
/// Where native modules are looked for, unless the environment says otherwise. None can be loaded, but programs read the path, and
/// what is not found is told with it.
pub(super) const DEFAULT_NATIVE_PATH: &str = "/usr/local/lib/lua/5.4/?.so;/usr/local/lib/lua/5.4/loadall.so;./?.so";
/// What `package.config` says: separators of folders, templates, the mark, and two that are not used.
pub(super) const CONFIG: &str = "/\n;\n?\n!\n-\n";

/// Names in the machine's registry.
pub(super) const PACKAGE: &str = "lua.package";
pub(super) const LOADED: &str = "lua.package.loaded";
pub(super) const PRELOAD: &str = "lua.package.preload";
/// Loaders for files in other languages, by the ending of the file.
pub(super) const LOADERS: &str = "lua.package.loaders";
/// Where files in other languages are looked for.
pub(super) const OTHERS: &str = "lua.package.others";
/// The function `require` itself.
pub(super) const REQUIRE: &str = "lua.require";

/// What is said of native modules.
const NO_NATIVE: &str = "dynamic libraries not enabled; check your Lua installation";

fn loadlib(call: &mut HostCall<'_>) -> Answer {
    call.check_text(0)?;
    call.check_text(1)?;
    let message = call.string(NO_NATIVE)?;
    let place = call.string("absent")?;
    call.return_values(&[Value::NIL, message, place])
}

/// Units that each file costs which is looked for.
const UNITS_PER_FILE: u64 = 64;

/// The first file of a path that can be opened, or the message that lists them all.
fn search(
    call: &mut HostCall<'_>,
    name: &[u8],
    path: &[u8],
    separators: [&[u8]; 2],
) -> Result<Result<Vec<u8>, Vec<u8>>, Raise> {
    let count = Templates::of(name, path, separators[1]).map_err(|error| call.fail(error))?;
    call.charge(count.files as u64 * UNITS_PER_FILE)?;
    call.charge_looks(count.bytes)?;
    let files = candidates(name, path, separators[0], separators[1]);
    let mut found = None;
    for file in &files {
        let Ok(name) = host_name(file) else { continue };
        if open_with(call, |host| host.open(name, OpenMode::Read)).is_ok() {
            found = Some(file);
            break;
        }
    }
    Ok(match found {
        Some(file) => Ok(file.clone()),
        None => Err(not_found_message(&files)),
    })
}

fn searchpath(call: &mut HostCall<'_>) -> Answer {
    let (name, path) = (call.check_text(0)?, call.check_text(1)?);
    let (separator, folder) = (call.optional_text(2)?, call.optional_text(3)?);
    let separator = separator.as_ref().map_or(&b"."[..], |text| text.bytes());
    let folder = folder.as_ref().map_or(&b"/"[..], |text| text.bytes());
    match search(call, name.bytes(), path.bytes(), [separator, folder])? {
        Ok(file) => call.return_text(file),
        Err(message) => {
            let message = call.string(message)?;
            call.return_values(&[Value::NIL, message])
        }
    }
}

fn search_preload(call: &mut HostCall<'_>) -> Answer {
    let name = call.check_text(0)?;
    let preload = call.registered(PRELOAD);
    let loader = call.heap().table_get(preload, name.0);
    if loader.is_nil() {
        return call.return_text([b"no field package.preload['", shown(name.bytes()), b"']"].concat());
    }
    let place = call.string(":preload:")?;
    call.return_values(&[loader, place])
}

fn search_lua(call: &mut HostCall<'_>) -> Answer {
    if call.state() == SEARCHED {
        return file_is_loaded(call);
    }
    let name = call.check_text(0)?;
    let path = path_field(call, "path")?;
    let file = match search(call, name.bytes(), path.bytes(), [b".", b"/"])? {
        Ok(file) => file,
        // Modules in other languages lie in the working folder.
        Err(message) => {
            let others = call.registered(OTHERS);
            match search(call, name.bytes(), Text(others).bytes(), [b".", b"/"])? {
                Ok(file) => file,
                Err(_) => return call.return_text(message),
            }
        }
    };
    let place = call.string(&file)?;
    if let Some(loader) = loader_for(call, &file) {
        return call.return_values(&[loader, place]);
    }
    call.keep(&[name.0, place])?;
    call_load_file(call, place, SEARCHED)
}

/// What the searcher for Lua files has found was loaded, or was not.
fn file_is_loaded(call: &mut HostCall<'_>) -> Answer {
    let results = call.returned().unwrap_or_default();
    let (name, place) = (Text(call.arg(0)), Text(call.arg(1)));
    match results[..] {
        [_, message] => {
            let message = Text(message);
            let (name, place) = (shown(name.bytes()), place.bytes());
            let parts: [&[u8]; 6] =
                [b"error loading module '", name, b"' from file '", place, b"':\n\t", message.bytes()];
            Err(call.error(parts.concat()))
        }
        [function] => call.return_values(&[function, place.0]),
        _ => call.return_none(),
    }
}

/// A search path of the library.
fn path_field(call: &mut HostCall<'_>, field: &str) -> Result<Text, Raise> {
    let package = call.registered(PACKAGE);
    let path = call.heap().table_get_name(package, field.as_bytes());
    match call.to_text(path)? {
        Some(path) => Ok(path),
        None => Err(call.error(format!("'package.{field}' must be a string"))),
    }
}

/// Finds files that are libraries of the system, which cannot be loaded.
fn search_native(call: &mut HostCall<'_>) -> Answer {
    let name = call.check_text(0)?;
    native(call, name, name.bytes())
}

/// As [`search_native`], for a library of the whole of which the module is a part.
fn search_native_root(call: &mut HostCall<'_>) -> Answer {
    let name = call.check_text(0)?;
    match memchr::memchr(b'.', name.bytes()) {
        Some(dot) => native(call, name, &name.bytes()[..dot]),
        None => call.return_none(),
    }
}

fn native(call: &mut HostCall<'_>, name: Text, looked_for: &[u8]) -> Answer {
    let path = path_field(call, "cpath")?;
    match search(call, looked_for, path.bytes(), [b".", b"/"])? {
        Err(message) => call.return_text(message),
        Ok(file) => {
            let parts: [&[u8]; 6] =
                [b"error loading module '", name.bytes(), b"' from file '", &file, b"':\n\t", NO_NATIVE.as_bytes()];
            Err(call.error(parts.concat()))
        }
    }
}

/// What loads a file in another language, as its ending tells.
fn loader_for(call: &mut HostCall<'_>, file: &[u8]) -> Option<Value> {
    let dot = file.iter().rposition(|&byte| byte == b'.')?;
    let loaders = call.registered(LOADERS);
    let loader = call.heap().table_get_name(loaders, &file[dot + 1..]);
    (loader.tag() == Tag::FUNCTION).then_some(loader)
}

/// Bytes of what searchers say that are kept for the message.
const MESSAGE_BYTES_MAX: usize = 1 << 16;

// States of `require`. It keeps: the name, the message so far or the loader's second value, the number of the searcher.
const SEARCHED: u32 = 1;
const LOADED_NOW: u32 = 2;
const CHECKED: u32 = 3;

pub(super) fn require(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        SEARCHED => after_searcher(call),
        LOADED_NOW => after_loader(call),
        CHECKED => {
            let value = call.returned_one();
            if value.is_truthy() { call.return_one(value) } else { next_searcher(call, b"", 1) }
        }
        _ => {
            let name = call.check_text(0)?;
            call.keep(&[name.0])?;
            let loaded = call.registered(LOADED);
            let value = call.heap().table_get(loaded, name.0);
            if value.is_truthy() {
                return call.return_one(value);
            }
            if !call.metatable(loaded).is_nil() {
                let get = support::function(call, "get")?;
                return call.call(get, &[loaded, name.0], CHECKED);
            }
            next_searcher(call, b"", 1)
        }
    }
}

/// Calls searcher `number`; `message` is what those before it had to say.
fn next_searcher(call: &mut HostCall<'_>, message: &[u8], number: i64) -> Answer {
    let name = Text(call.arg(0));
    let package = call.registered(PACKAGE);
    let searchers = call.heap().table_get_name(package, b"searchers");
    if searchers.tag() != Tag::TABLE {
        return Err(call.error("'package.searchers' must be a table"));
    }
    let searcher = call.heap().table_get_int(searchers, number);
    if searcher.is_nil() {
        return Err(call.error([b"module '", shown(name.bytes()), b"' not found:", message].concat()));
    }
    let message = call.string(message)?;
    call.keep(&[name.0, message, Value::int(number)])?;
    call.call(searcher, &[name.0], SEARCHED)
}

fn after_searcher(call: &mut HostCall<'_>) -> Answer {
    let results = call.returned().unwrap_or_default();
    let result = |index: usize| results.get(index).copied().unwrap_or(Value::NIL);
    let (name, message) = (Text(call.arg(0)), Text(call.arg(1)));
    let number = call.arg(2).as_int().unwrap_or(1);
    let found = result(0);
    if found.tag() == Tag::FUNCTION {
        call.keep(&[name.0, result(1)])?;
        return call.call(found, &[name.0, result(1)], LOADED_NOW);
    }
    let mut message = message.bytes().to_vec();
    if let Some(text) = call.to_text(found)? {
        let room = MESSAGE_BYTES_MAX.saturating_sub(message.len());
        message.extend_from_slice(b"\n\t");
        message.extend_from_slice(&text.bytes()[..text.bytes().len().min(room)]);
    }
    next_searcher(call, &message, number + 1)
}

fn after_loader(call: &mut HostCall<'_>) -> Answer {
    let (name, place) = (call.arg(0), call.arg(1));
    let value = call.returned_one();
    let loaded = call.registered(LOADED);
    if !value.is_nil() {
        set(call, loaded, name, value)?;
    }
    let mut module = call.heap().table_get(loaded, name);
    if module.is_nil() {
        module = Value::TRUE;
        set(call, loaded, name, module)?;
    }
    call.return_values(&[module, place])
}

fn set(call: &mut HostCall<'_>, table: Value, key: Value, value: Value) -> Result<(), Raise> {
    let result = call.heap().table_set(table, key, value);
    result.map_err(|error| super::base::table_error(call, error))
}
