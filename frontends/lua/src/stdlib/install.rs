//! Putting the libraries into a machine.

use super::algorithms::number;
use super::algorithms::utf8::{CHARACTER_PATTERN, Mode};
use super::arguments::{LibraryFunction, number_value};
use super::host::{LuaHost, Standard};
use super::io_file::{FileObject, METHODS};
use super::library::Library;
use super::{
    base, coroutine, debug, errors, fast_paths, io, io_file, load, long_text, math, os, package, string, string_format,
    string_gsub, string_pack, string_search, table, utf8,
};
use crate::codegen::SUPPORT_MODULE;
use minivm::raw::heap::OutOfMemory;
use minivm::raw::{Intrinsic, Machine, Value};

/// Installs the standard library and returns the table of globals, which is the environment of chunks.
///
/// # Errors
/// When there is no memory for it.
pub fn install(machine: &mut Machine, mut host: Box<dyn LuaHost>) -> Result<Value, OutOfMemory> {
    let path = host.variable(b"LUA_PATH_5_4").or_else(|| host.variable(b"LUA_PATH"));
    let native_path = host.variable(b"LUA_CPATH_5_4").or_else(|| host.variable(b"LUA_CPATH"));
    machine.host_state().set(Library::new(host));
    super::snapshots::set_open_files(machine, super::snapshots::OpenFiles::default());
    // A reader that is not paid for reads nothing long.
    machine.set_number_reader(|text| {
        if text.len() > minivm::raw::FAST_PATH_BYTES_MAX { None } else { number::parse(text).map(number_value) }
    });
    let mut installer = Installer { machine };
    let globals = installer.base()?;
    let loaded = installer.table(16)?;
    installer.machine.register(package::LOADED, loaded);
    installer.machine.register(minivm::raw::MODULES, loaded);
    let mut libraries = vec![("_G", globals)];
    libraries.push(("string", installer.string()?));
    libraries.push(("table", installer.library("table", &[table::FUNCTIONS])?));
    libraries.push(("math", installer.math()?));
    libraries.push(("utf8", installer.utf8()?));
    libraries.push(("coroutine", installer.coroutine()?));
    libraries.push(("io", installer.io()?));
    libraries.push(("os", installer.library("os", &[os::FUNCTIONS])?));
    libraries.push(("debug", installer.debug()?));
    libraries.push(("package", installer.package(globals, [path, native_path])?));
    for (name, library) in libraries {
        installer.set(globals, name, library)?;
        installer.set(loaded, name, library)?;
    }
    for &(name, function) in errors::SUPPORT {
        installer.machine.define(SUPPORT_MODULE, name, function)?;
        installer.machine.set_internal(SUPPORT_MODULE, name);
    }
    Ok(globals)
}

/// The table of globals of a machine into which the libraries were put; nil in another one.
pub fn globals(machine: &Machine) -> Value {
    machine.registered(load::GLOBALS)
}

/// Tells the libraries of a program that the host has compiled and is going to run: if the debug library might look at its
/// upvalues, then also at those of what it loads.
pub fn expect(machine: &mut Machine, program: &minivm_isa::Program) {
    machine.host_state().get::<Library>().exact_upvalues |= crate::has_exact_upvalues(program);
}

/// Makes the search paths of `require` what they are without `LUA_PATH` and `LUA_CPATH`.
///
/// # Errors
/// When there is no memory for it.
pub fn reset_paths(machine: &mut Machine) -> Result<(), OutOfMemory> {
    let library = machine.registered(package::PACKAGE);
    for (field, path) in [("path", package::DEFAULT_PATH), ("cpath", package::DEFAULT_NATIVE_PATH)] {
        let path = machine.string(path)?;
        machine.heap().table_set_name(library, field.as_bytes(), path)?;
    }
    Ok(())
}

/// Hands on what programs have printed; for the end of a run.
///
/// # Errors
/// What the host reports.
pub fn flush(machine: &mut Machine) -> Result<(), super::host::HostError> {
    let library = machine.host_state().get::<Library>();
    library.standard(Standard::Output).flush()?;
    library.standard(Standard::Error).flush()
}

/// Whether no state of a function changes anything before it succeeds, so that it may begin again after a collection, when memory
/// was short. Those that read, write, sort or shift are not among them.
fn changes_nothing(own_name: &str) -> bool {
    const LIBRARIES: &[&str] = &["string.", "utf8.", "debug.", "text.", "package."];
    const FUNCTIONS: &[&str] = &[
        "coroutine.create",
        "coroutine.wrap",
        "dofile",
        "load",
        "load_file",
        "loadfile",
        "os.date",
        "os.getenv",
        "rawset",
        "select",
        "table.concat",
        "table.insert",
        "table.pack",
        "table.unpack",
        "tonumber",
        "tostring",
    ];
    const EXCEPTIONS: &[&str] = &["string.gmatch.next"];
    let is_one = FUNCTIONS.contains(&own_name) || LIBRARIES.iter().any(|library| own_name.starts_with(library));
    is_one && !EXCEPTIONS.contains(&own_name)
}

struct Installer<'m> {
    machine: &'m mut Machine,
}

impl Installer<'_> {
    fn table(&mut self, entries: u32) -> Result<Value, OutOfMemory> {
        self.machine.heap().table_value(0, entries)
    }

    fn set(&mut self, table: Value, name: &str, value: Value) -> Result<(), OutOfMemory> {
        self.machine.heap().table_set_name(table, name.as_bytes(), value)
    }

    fn set_text(&mut self, table: Value, name: &str, text: &[u8]) -> Result<(), OutOfMemory> {
        let text = self.machine.string(text)?;
        self.set(table, name, text)
    }

    /// Adds functions to a table. Their own names are with the library's, as tracebacks show them.
    fn add(&mut self, table: Value, library: &str, functions: &[(&str, LibraryFunction)]) -> Result<(), OutOfMemory> {
        for &(name, function) in functions {
            let own_name = if library.is_empty() { name.to_string() } else { [library, name].join(".") };
            let is_restartable = changes_nothing(&own_name);
            let value = match fast_paths::form(&own_name) {
                Some(form) => self.machine.intrinsic(own_name, form, function)?,
                None => self.machine.host_function(own_name, function)?,
            };
            if is_restartable {
                self.machine.set_restartable(value);
            }
            self.set(table, name, value)?;
        }
        Ok(())
    }

    fn library(&mut self, name: &str, groups: &[&[(&str, LibraryFunction)]]) -> Result<Value, OutOfMemory> {
        let table = self.table(groups.iter().map(|group| group.len() as u32).sum())?;
        for group in groups {
            self.add(table, name, group)?;
        }
        Ok(table)
    }

    /// Makes a function that only the libraries know.
    fn register(&mut self, registered: &str, own_name: &str, function: LibraryFunction) -> Result<(), OutOfMemory> {
        let value = self.machine.host_function(own_name, function)?;
        if changes_nothing(own_name) {
            self.machine.set_restartable(value);
        }
        self.machine.register(registered, value);
        Ok(())
    }

    fn base(&mut self) -> Result<Value, OutOfMemory> {
        let globals = self.library("", &[base::FUNCTIONS, errors::FUNCTIONS, load::FUNCTIONS])?;
        self.machine.register(load::GLOBALS, globals);
        let next = self.machine.intrinsic("next", Intrinsic::Next, base::next)?;
        self.set(globals, "next", next)?;
        self.machine.register(base::NEXT, next);
        let sequence_next = self.machine.intrinsic("ipairs.next", Intrinsic::SequenceNext, base::sequence_next)?;
        self.machine.register(base::SEQUENCE_NEXT, sequence_next);
        self.register(minivm::raw::LESS_EQUAL, "less_equal", base::less_equal)?;
        self.register(load::LOAD, "load", load::load)?;
        self.register(load::LOAD_FILE, "load_file", load::load_file)?;
        self.register(load::READ, "read", io_file::read_method)?;
        self.register(minivm::raw::FINALISER_ERROR, "finaliser_error", base::finaliser_error)?;
        self.set_text(globals, "_VERSION", b"Lua 5.4")?;
        Ok(globals)
    }

    fn string(&mut self) -> Result<Value, OutOfMemory> {
        let groups = [
            string::FUNCTIONS,
            string_format::FUNCTIONS,
            string_search::FUNCTIONS,
            string_gsub::FUNCTIONS,
            string_pack::FUNCTIONS,
        ];
        let library = self.library("string", &groups)?;
        self.register(long_text::JOIN, "string.join", long_text::join_pieces)?;
        self.register(long_text::PARTS, "string.parts", long_text::parts)?;
        self.register(string_search::GMATCH_NEXT, "string.gmatch.next", string_search::gmatch_next)?;
        let metatable = self.library("string", &[string::METAMETHODS])?;
        self.set(metatable, "__index", library)?;
        // It is a table, so it can be set.
        let _ = self.machine.set_string_metatable(metatable);
        Ok(library)
    }

    fn math(&mut self) -> Result<Value, OutOfMemory> {
        let library = self.library("math", &[math::FUNCTIONS])?;
        // Its name in older versions.
        let atan = self.machine.heap().table_get_name(library, b"atan");
        self.set(library, "atan2", atan)?;
        for (name, value) in math::CONSTANTS {
            self.set(library, name, value)?;
        }
        Ok(library)
    }

    fn utf8(&mut self) -> Result<Value, OutOfMemory> {
        let library = self.library("utf8", &[utf8::FUNCTIONS])?;
        self.set_text(library, "charpattern", CHARACTER_PATTERN)?;
        let [strict, lax] = utf8::CODES_NEXT;
        self.register(strict, "utf8.codes.next", |call| utf8::codes_next(call, Mode::Strict))?;
        self.register(lax, "utf8.codes.next.lax", |call| utf8::codes_next(call, Mode::Lax))?;
        Ok(library)
    }

    fn coroutine(&mut self) -> Result<Value, OutOfMemory> {
        let wrapped = self.machine.intrinsic("coroutine.wrapped", coroutine::WRAPPED_INTRINSIC, coroutine::wrapped)?;
        self.machine.register(coroutine::WRAPPED, wrapped);
        let library = self.library("coroutine", &[coroutine::FUNCTIONS])?;
        for &(name, intrinsic, function) in coroutine::INTRINSICS {
            let value = self.machine.intrinsic(format!("coroutine.{name}"), intrinsic, function)?;
            self.set(library, name, value)?;
        }
        Ok(library)
    }

    fn io(&mut self) -> Result<Value, OutOfMemory> {
        let library = self.library("io", &[io::FUNCTIONS])?;
        let methods = self.library("file", &[METHODS])?;
        let metatable = self.library("file", &[io_file::METAMETHODS])?;
        self.set(metatable, "__index", methods)?;
        self.set_text(metatable, "__name", io_file::FILE_KIND.as_bytes())?;
        self.machine.register(io_file::METATABLE, metatable);
        self.register(io_file::LINES_NEXT, "io.lines.next", io_file::lines_next)?;
        let streams = [
            ("stdin", Standard::Input, Some(io::INPUT)),
            ("stdout", Standard::Output, Some(io::OUTPUT)),
            ("stderr", Standard::Error, None),
        ];
        for (name, stream, default) in streams {
            let object = Box::new(FileObject::Standard(stream));
            let file = self.machine.heap().host_object(object, metatable)?;
            self.set(library, name, file)?;
            if let Some(default) = default {
                self.machine.register(default, file);
            }
        }
        Ok(library)
    }

    fn debug(&mut self) -> Result<Value, OutOfMemory> {
        let registry = self.table(0)?;
        self.machine.register(debug::REGISTRY, registry);
        let (hooks, metatable) = (self.table(0)?, self.table(1)?);
        self.set_text(metatable, "__mode", b"k")?;
        self.machine.heap().set_own_metatable(hooks, metatable)?;
        self.set(registry, debug::HOOKS, hooks)?;
        let loaded = self.machine.registered(package::LOADED);
        self.set(registry, "_LOADED", loaded)?;
        let (upvalues, metatable) = (self.table(0)?, self.table(1)?);
        self.set_text(metatable, "__mode", b"v")?;
        self.machine.heap().set_own_metatable(upvalues, metatable)?;
        self.machine.register(debug::UPVALUES, upvalues);
        let library = self.library("debug", &[debug::FUNCTIONS])?;
        // They are made in any case, for states that are loaded.
        let is_granted = self.machine.host_state().get::<Library>().host.grants_debug();
        let reaching = if is_granted { library } else { self.table(debug::REACHING.len() as u32)? };
        self.add(reaching, "debug", debug::REACHING)?;
        Ok(library)
    }

    fn package(&mut self, globals: Value, [path, native_path]: [Option<Vec<u8>>; 2]) -> Result<Value, OutOfMemory> {
        let library = self.library("package", &[package::FUNCTIONS])?;
        self.machine.register(package::PACKAGE, library);
        let loaded = self.machine.registered(package::LOADED);
        self.set(library, "loaded", loaded)?;
        let preload = self.table(0)?;
        self.machine.register(package::PRELOAD, preload);
        self.set(library, "preload", preload)?;
        let searchers = self.table(0)?;
        for (index, &(name, function)) in package::SEARCHERS.iter().enumerate() {
            let value = self.machine.host_function(format!("package.{name}"), function)?;
            self.machine.heap().table_set_int(searchers, index as i64 + 1, value)?;
        }
        self.set(library, "searchers", searchers)?;
        for (field, given, default) in
            [("path", path, package::DEFAULT_PATH), ("cpath", native_path, package::DEFAULT_NATIVE_PATH)]
        {
            let path = given.map_or(default.into(), |path| with_default(&path, default.as_bytes()));
            self.set_text(library, field, &path)?;
        }
        self.set_text(library, "config", package::CONFIG.as_bytes())?;
        let require = self.machine.host_function("require", package::require)?;
        self.machine.register(package::REQUIRE, require);
        self.set(globals, "require", require)?;
        Ok(library)
    }
}

/// A path of the environment, where `;;` stands for the default one.
fn with_default(path: &[u8], default: &[u8]) -> Vec<u8> {
    let Some(at) = memchr::memmem::find(path, b";;") else { return path.to_vec() };
    let (before, after) = (&path[..at], &path[at + 2..]);
    let parts: Vec<&[u8]> = [before, default, after].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(&b';')
}
