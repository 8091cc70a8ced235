//! Modules of languages whose programs are chunks: each is a function `main`, which captures the table of globals, and what it
//! returns is the module.

use minivm::{Error, HostCall, HostResult, Machine, Value};
use minivm_isa::Verified;

/// Names of the machine's values for the globals and the modules that are loaded.
const GLOBALS: &str = "std.globals";
const MODULES: &str = "std.modules";

/// Puts a function `require(name)` into a table of globals, which chunks capture. `load` compiles the module of that name, and says
/// how many units of fuel the program pays for that; its errors are errors of the program.
///
/// A module runs once, and not on the native stack: the machine calls the chunk, then `require` again in its next state. So a
/// program that stops inside of a module that is being loaded can be saved like any other.
///
/// ```
/// use minivm::{Limits, Machine};
/// # use minivm_builder::{ProgramBuilder, Signature, Type, Verified};
/// # fn chunk(result: &str, requires: Option<&str>) -> Result<Verified, String> {
/// #     let mut program = ProgramBuilder::new();
/// #     let mut f = program.function("main", Signature::dynamic(0, true));
/// #     f.capture(Type::Any, "_ENV");
/// #     let result = match requires {
/// #         Some(name) => {
/// #             let globals = f.capture_get(0);
/// #             let require = f.get(globals, "require");
/// #             let module = f.call_any_one(require, (name,));
/// #             f.concat((result, module)).into()
/// #         }
/// #         None => f.string(result),
/// #     };
/// #     f.return_values((result,));
/// #     let main = program.add(f).map_err(|error| error.to_string())?;
/// #     program.export_function("main", main);
/// #     program.finish().map_err(|error| error.to_string())
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut machine = Machine::new(Limits::default());
/// let globals = machine.table(0, 1)?;
/// minivm_std::install_require(&mut machine, &globals, |name| match name {
///     "part" => Ok((chunk("the part", None)?, 10)),           // a compiler, as a rule
///     _ => Err(format!("there is no module {name}")),
/// })?;
/// let program = chunk("whole and ", Some("part"))?;
/// let results = minivm_std::run_chunk(&mut machine, program, &globals, &[])?;
/// assert_eq!(machine.text(&results[0])?, "whole and the part");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When there is no memory for it.
pub fn install_require(
    machine: &mut Machine,
    globals: &Value,
    load: impl Fn(&str) -> Result<(Verified, u64), String> + Send + 'static,
) -> Result<(), Error> {
    let modules = machine.table(0, 8)?;
    machine.register(GLOBALS, globals)?;
    machine.register(MODULES, &modules)?;
    let function = machine.host_function("std.require", move |call| require(call, &load))?;
    machine.set_name(globals, "require", &function)
}

/// Runs a chunk to its end: what it returns.
///
/// # Errors
/// When it has no function `main` that captures one value, cannot be linked, or fails.
pub fn run_chunk(
    machine: &mut Machine,
    program: Verified,
    globals: &Value,
    arguments: &[Value],
) -> Result<Vec<Value>, Error> {
    let instance = machine.instantiate(program)?;
    let chunk = machine.closure(instance, "main", std::slice::from_ref(globals))?;
    machine.call(&chunk, arguments)
}

// ANCHOR: require
fn require<'c>(call: &mut HostCall<'c>, load: &impl Fn(&str) -> Result<(Verified, u64), String>) -> HostResult<'c> {
    let (name, modules) = (call.arg(0), call.registered(MODULES));
    if call.state() == 1 {
        let module =
            call.returned().ok().and_then(|results| results.first().copied()).filter(|module| !module.is_nil());
        let module = module.unwrap_or(true.into());
        call.set(modules, name, module)?;
        return call.return_one(module);
    }
    let Some(text) = call.text(name).map(str::to_owned) else {
        return Err(call.error("the name of a module is a string"));
    };
    let loaded = call.get(modules, name)?;
    if loaded.as_bool() == Some(false) {
        return Err(call.error(format!("module '{text}' is being loaded already")));
    }
    if !loaded.is_nil() {
        return call.return_one(loaded);
    }
    let (program, units) = load(&text).map_err(|why| call.error(why))?;
    call.charge(units)?;
    let (instance, _) = call.instantiate(program)?;
    let globals = call.registered(GLOBALS);
    let chunk = call.closure(instance, "main", &[globals])?;
    call.set(modules, name, false)?;
    call.call(chunk, &[name], 1)
}
// ANCHOR_END: require
