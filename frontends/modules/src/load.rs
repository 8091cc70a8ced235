//! Loading a program for another one: its imports are resolved module by module, then it is linked and started.
//!
//! What calls guest code in between (`require`, the start function) is called by the machine, so that it may yield and nothing
//! runs on the native stack. The state is a host object in the function's frame.

use crate::arguments::{Answer, out_of_memory};
use crate::objects::{module, value_of};
use crate::pending::Pending;
use crate::read;
use minivm::raw::{ExternKind, HostCall, Imports, InstanceId, LinkError, ProgramHandle, Protect, Raise, Tag, Value};
use minivm_isa::Convention;
use minivm_lua::stdlib::modules as lua;

// States.
const REQUIRED: u32 = 1;
const STARTED: u32 = 2;
const INITIALIZED: u32 = 3;
const CHUNK_RAN: u32 = 4;

// What is kept: the state, the imports that were given, the values of modules by name, the number of the next module, and what
// a chunk gets as its arguments: name and file.
const PENDING: usize = 0;
const GIVEN: usize = 1;
const FOUND: usize = 2;
const NEXT: usize = 3;
const NAME: usize = 4;
const FILE: usize = 5;
/// Only of a program that is run and not required: the name of the function that is called at the end, or nil, then its arguments.
const ENTRY: usize = 6;

/// The sections by which a program tells that it is a chunk: `main` captures the globals, and gives the module's value.
const CHUNK_SECTIONS: [&str; 2] = ["lua.lines", minivm_tutorial::CHUNK_SECTION];
/// How errors call a program that is not in a file.
const BYTES: &str = "(bytes)";
/// Copies of a file's name that there may be at a time, in messages above all.
const NAME_COPIES: usize = 6;
/// What a library of WebAssembly wants to be called before anything else.
const INITIALIZE: &str = "_initialize";

/// The loader that `require` calls with the name of a module and its file.
pub(crate) fn load(call: &mut HostCall<'_>) -> Answer {
    if call.state() != 0 {
        return go_on(call);
    }
    call.before_loading();
    let (name, file) = (call.arg(0), call.arg(1));
    let path = file.as_bytes().unwrap_or_default().to_vec();
    let bytes = match lua::read_file(call, &path)? {
        Ok(bytes) => bytes,
        Err(error) => return Err(call.error(format!("cannot read {}: {error}", String::from_utf8_lossy(&path)))),
    };
    let source = String::from_utf8_lossy(&path).into_owned();
    let program = compiled(call, &source, bytes.bytes())?;
    resolve(call, source, program, [Value::NIL, name, file])
}

/// `wasm.instantiate(path, bytes or module [, imports])`.
pub(crate) fn instantiate(call: &mut HostCall<'_>) -> Answer {
    if call.state() != 0 {
        return go_on(call);
    }
    call.before_loading();
    let imports = call.arg(1);
    if !matches!(imports.tag(), Tag::TABLE | Tag::NIL) {
        return Err(crate::arguments::kind_error(call, 1, "table"));
    }
    let value = call.arg(0);
    if let Some((source, program)) = module::program_of(call, value) {
        return resolve(call, source, program, [imports, Value::NIL, Value::NIL]);
    }
    let (source, program) = compile_argument(call)?;
    let file = if source == BYTES { Value::NIL } else { value };
    resolve(call, source, program, [imports, file, file])
}

/// `wasm.compile(path or bytes)`: a module, of which `wasm.instantiate` makes instances that share its code.
pub(crate) fn compile(call: &mut HostCall<'_>) -> Answer {
    call.before_loading();
    let (source, program) = compile_argument(call)?;
    let value = module::make(call, source, program)?;
    call.return_one(value)
}

/// The program in the first argument, or in the file of that name, and how errors call it.
fn compile_argument(call: &mut HostCall<'_>) -> Result<(String, ProgramHandle), Raise> {
    let given = crate::arguments::check_bytes(call, 0)?;
    if read::is_program(&given) {
        let program = compiled(call, BYTES, &given)?;
        return Ok((BYTES.to_owned(), program));
    }
    let _names = call.hold(NAME_COPIES * given.len())?;
    let path = String::from_utf8_lossy(&given).into_owned();
    match lua::read_file(call, &given)? {
        Ok(bytes) => {
            let program = compiled(call, &path, bytes.bytes())?;
            Ok((path, program))
        }
        Err(error) => Err(call.error(format!("cannot read {path}: {error}"))),
    }
}

/// Loads a program that is given, and calls a function that it exports: its arguments are the program as a host object, the name or nil,
/// and the arguments.
pub(crate) fn run(call: &mut HostCall<'_>) -> Answer {
    if call.state() != 0 {
        return go_on(call);
    }
    call.before_loading();
    let count = with(call, |pending| Some(pending.modules.len()))?;
    let found = call.table(0, count as u32)?;
    let mut kept = vec![call.arg(0), Value::NIL, found, Value::int(0), Value::NIL, Value::NIL];
    kept.extend(call.args().get(1..).unwrap_or_default());
    call.keep(&kept)?;
    next_module(call)
}

fn go_on(call: &mut HostCall<'_>) -> Answer {
    match call.state() {
        REQUIRED => required(call),
        STARTED => initialize(call),
        CHUNK_RAN => call.return_returned(None),
        _ => finish(call),
    }
}

/// An error in loading `source`.
fn failure(call: &mut HostCall<'_>, source: &str, message: &str) -> Raise {
    call.error(format!("cannot load '{source}': {message}"))
}

fn compiled(call: &mut HostCall<'_>, source: &str, bytes: &[u8]) -> Result<ProgramHandle, Raise> {
    let mut allowance = call.budget().allowance();
    let program = read::program(source, bytes, crate::raw::features(call), &mut allowance);
    call.budget().note(&allowance);
    match program {
        Ok(program) => Ok(call.load_program(program).map_err(out_of_memory)?),
        Err(_) if allowance.is_exhausted() => Err(out_of_memory(())),
        Err(message) => Err(failure(call, source, &message)),
    }
}

/// Begins with a program: its imports are in what was given, or are yet to be found.
fn resolve(call: &mut HostCall<'_>, source: String, program: ProgramHandle, [given, name, file]: [Value; 3]) -> Answer {
    let pending = Pending::new(source, program);
    let count = pending.modules.len();
    let pending = call.heap().host_object(Box::new(pending), Value::NIL).map_err(out_of_memory)?;
    let found = call.table(0, count as u32)?;
    call.keep(&[pending, given, found, Value::int(0), name, file])?;
    next_module(call)
}

/// Looks at the state of the running function, for what must be there.
///
/// # Errors
/// When it is not: the frame is one of a snapshot that somebody has forged.
fn with<R>(call: &mut HostCall<'_>, look: impl FnOnce(&mut Pending) -> Option<R>) -> Result<R, Raise> {
    let pending = call.arg(PENDING);
    let found = call.heap().with_host_object(pending, look).flatten();
    found.ok_or_else(|| call.error("the state of the module loader is damaged"))
}

/// Finds the values of the modules that are at hand, and asks for the first one that is not.
fn next_module(call: &mut HostCall<'_>) -> Answer {
    loop {
        let next = call.arg(NEXT).as_int().unwrap_or(0);
        let Some(name) = with(call, |pending| Some(pending.modules.get(next as usize).cloned()))? else {
            return link(call);
        };
        let given = call.arg(GIVEN);
        let value =
            if given.is_nil() { lua::loaded(call, &name) } else { call.heap().table_get_name(given, name.as_bytes()) };
        if value.is_nil() && given.is_nil() && !is_defined(call, &name)? {
            let require = lua::require(call);
            let name = call.string(&name)?;
            return call.call_protected(require, &[name], REQUIRED, Protect::Catch, Value::NIL);
        }
        take_module(call, &name, value)?;
    }
}

/// Whether the host has defined everything that is imported from a module.
fn is_defined(call: &mut HostCall<'_>, module: &str) -> Result<bool, Raise> {
    let names: Vec<String> = with(call, |pending| {
        let of_module = pending.wanted.iter().filter(|import| import.module == module);
        Some(of_module.map(|import| import.name.clone()).collect())
    })?;
    Ok(names.iter().all(|name| call.defined(module, name).is_some()))
}

fn take_module(call: &mut HostCall<'_>, name: &str, value: Value) -> Result<(), Raise> {
    let found = call.arg(FOUND);
    call.heap().table_set_name(found, name.as_bytes(), value).map_err(out_of_memory)?;
    let next = call.arg(NEXT).as_int().unwrap_or(0);
    call.set_arg(NEXT, Value::int(next + 1));
    Ok(())
}

/// `require` has given a module, or failed.
fn required(call: &mut HostCall<'_>) -> Answer {
    let next = call.arg(NEXT).as_int().unwrap_or(0) as usize;
    let (source, name) = with(call, |pending| Some((pending.source.clone(), pending.modules.get(next)?.clone())))?;
    if let Some(error) = call.error_returned() {
        // A module of the host that no file has the name of: linking says what there is in it.
        if !call.defined_names(&name).is_empty() {
            take_module(call, &name, Value::NIL)?;
            return next_module(call);
        }
        let Some(message) = error.as_bytes() else { return Err(Raise::Value(error)) };
        let message = String::from_utf8_lossy(message).into_owned();
        let import =
            with(call, |pending| pending.wanted.iter().find(|wanted| wanted.module == name).map(|it| it.name.clone()))?;
        let message = format!("unknown import '{name}.{import}': the module is not found:\n\t{message}");
        return Err(failure(call, &source, &message));
    }
    let value = call.returned_one();
    take_module(call, &name, value)?;
    next_module(call)
}

fn link(call: &mut HostCall<'_>) -> Answer {
    let (source, program, wanted) = with(call, |pending| {
        Some((pending.source.clone(), pending.program.take()?, std::mem::take(&mut pending.wanted)))
    })?;
    let found = call.arg(FOUND);
    let mut imports = Imports::default();
    for import in &wanted {
        let module = call.heap().table_get_name(found, import.module.as_bytes());
        match import.resolve(call, module) {
            Ok(Some(item)) => imports.set(&import.module, &import.name, item),
            Ok(None) => {}
            Err(message) => return Err(failure(call, &source, &message)),
        }
    }
    let (instance, start) = match call.instantiate_with(&program, &imports) {
        Ok(loaded) => loaded,
        Err(LinkError::Trap(code)) => return Err(Raise::Trap(code)),
        Err(error) => return Err(failure(call, &source, &error.to_string())),
    };
    with(call, |pending| {
        pending.instance = Some(instance);
        Some(())
    })?;
    if call.arg_count() > ENTRY {
        call.register(crate::raw::LINKED, Value::TRUE);
    }
    match start {
        Some(start) => call.call(start, &[], STARTED),
        None => initialize(call),
    }
}

/// The program has started: a chunk runs now, a library of WebAssembly initializes itself.
fn initialize(call: &mut HostCall<'_>) -> Answer {
    let instance = with(call, |pending| pending.instance)?;
    if call.program(instance).custom.iter().any(|section| CHUNK_SECTIONS.contains(&section.name.as_str())) {
        let globals = lua::globals(call);
        let chunk = call.closure(instance, "main", &[globals]).map_err(|error| call.error(error.to_string()))?;
        let arguments = [call.arg(NAME), call.arg(FILE)];
        return call.call(chunk, &arguments, CHUNK_RAN);
    }
    let exports = call.exports(instance);
    let initialize = exports.into_iter().find(|(name, _)| name == INITIALIZE).and_then(|(_, item)| item.function());
    match initialize {
        Some(function) if takes_nothing(call, instance) => call.call(function, &[], INITIALIZED),
        _ => finish(call),
    }
}

fn takes_nothing(call: &HostCall<'_>, instance: InstanceId) -> bool {
    let program = call.program(instance);
    let export = program.exports.iter().find(|export| export.name == INITIALIZE);
    export.is_some_and(|export| match export.item {
        minivm_isa::program::Item::Function(function) => {
            let signature = &program.signatures[program.functions[function].signature()];
            signature.convention == Convention::Typed && signature.params.is_empty()
        }
        _ => false,
    })
}

/// The table of exports.
fn finish(call: &mut HostCall<'_>) -> Answer {
    let instance = with(call, |pending| pending.instance)?;
    let exports = call.exports(instance);
    if call.arg_count() > ENTRY {
        if call.arg(ENTRY).is_nil() {
            return call.return_none();
        }
        let entry = call.arg(ENTRY).as_bytes().unwrap_or_default().to_vec();
        let found = exports.iter().find(|(name, _)| name.as_bytes() == entry).and_then(|(_, item)| item.function());
        let Some(function) = found else {
            let message = format!("no exported function '{}'", String::from_utf8_lossy(&entry));
            return Err(call.error(message));
        };
        let arguments = call.args().get(ENTRY + 1..).unwrap_or_default().to_vec();
        return call.tail_call(function, &arguments);
    }
    let table = call.table(0, exports.len() as u32)?;
    for (name, item) in exports {
        debug_assert!(item.kind() != ExternKind::Function || item.function().is_some());
        let value = value_of(call, item)?;
        call.heap().table_set_name(table, name.as_bytes(), value).map_err(out_of_memory)?;
    }
    call.return_one(table)
}
