//! What programs find in the table of globals: functions of the host.

use crate::{Mode, compile};
use minivm::{Error, HostCall, HostResult, Machine, Value};
use std::io::{self, Write};
use std::sync::Mutex;

/// Names of the machine's values for the globals and the modules that are loaded.
const GLOBALS: &str = "tern globals";
const MODULES: &str = "tern modules";

// ANCHOR: install
/// Makes the library of Tern; gives the table of globals, which chunks capture. Programs write to `output`, and `read` gives the
/// texts of modules. A host that has other libraries may hand out another table of globals, as the `minivm` command does with
/// that of Lua: `print`, `tostring` and `require` mean the same there.
///
/// # Errors
/// When there is no memory for it.
pub fn install(
    machine: &mut Machine,
    output: impl Write + Send + 'static,
    read: impl Fn(&str) -> io::Result<String> + Send + 'static,
) -> Result<Value, Error> {
    let output = Mutex::new(output);
    let functions = [
        ("print", machine.host_function("print", move |call| print(call, &output))?),
        ("tostring", machine.host_function("tostring", tostring)?),
        ("require", machine.host_function("require", move |call| require(call, &read))?),
    ];
    let (globals, modules) = (machine.table(0, 8)?, machine.table(0, 8)?);
    for (name, function) in functions {
        machine.set_name(&globals, name, &function)?;
    }
    machine.register(GLOBALS, &globals)?;
    machine.register(MODULES, &modules)?;
    Ok(globals)
}
// ANCHOR_END: install

/// `print(…)` writes texts as they are and other values as `tostring` gives them, with tabs between.
fn print<'c>(call: &mut HostCall<'c>, output: &Mutex<impl Write>) -> HostResult<'c> {
    let texts: Vec<String> = call.args().into_iter().map(|value| call.describe(value)).collect();
    let line = texts.join("\t") + "\n";
    call.charge(line.len() as u64 / 64)?;
    let mut output = output.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    output.write_all(line.as_bytes()).map_err(|error| call.error(format!("cannot write: {error}")))?;
    call.return_none()
}

fn tostring<'c>(call: &mut HostCall<'c>) -> HostResult<'c> {
    let text = call.describe(call.arg(0));
    let text = call.string(text)?;
    call.return_one(text)
}

// ANCHOR: require
/// `require(name)`: what `name.tern` returns. It runs once, and not on the native stack: the machine calls the chunk, then this
/// function again in state 1.
fn require<'c>(call: &mut HostCall<'c>, read: &impl Fn(&str) -> io::Result<String>) -> HostResult<'c> {
    let (name, modules) = (call.arg(0), call.registered(MODULES));
    if call.state() == 1 {
        let module =
            call.returned().ok().and_then(|results| results.first().copied()).filter(|module| !module.is_nil());
        let module = module.unwrap_or(true.into());
        call.set(modules, name, module)?;
        return call.return_one(module);
    }
    let Some(path) = call.text(name).map(|name| format!("{name}.tern")) else {
        return Err(call.error("the name of a module is a text"));
    };
    let loaded = call.get(modules, name)?;
    if loaded.as_bool() == Some(false) {
        return Err(call.error(format!("{path} is being loaded already")));
    }
    if !loaded.is_nil() {
        return call.return_one(loaded);
    }
    let text = read(&path).map_err(|error| call.error(format!("cannot read {path}: {error}")))?;
    call.charge(text.len() as u64)?;
    let program = compile(&path, &text, Mode::File).map_err(|error| call.error(error.to_string()))?;
    let (instance, _) = call.instantiate(program)?;
    let globals = call.registered(GLOBALS);
    let chunk = call.closure(instance, "main", &[globals])?;
    call.set(modules, name, false)?;
    call.call(chunk, &[name], 1)
}
// ANCHOR_END: require
