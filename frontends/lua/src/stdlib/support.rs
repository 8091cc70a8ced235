//! The part of the library that is written in Lua: operations that may run metamethods.
//!
//! Host functions call these like any guest function, so that metamethods may yield and nothing runs on the native stack.

use super::arguments::out_of_memory;
use minivm::raw::{HostCall, Raise, Value};
use minivm_isa::program::{Export, FunctionDef, Item};

const SOURCE: &str = include_str!("support.lua");
/// The name of support functions in the machine's registry begins with this.
const PREFIX: &str = "lua.support.";

/// A support function by its name in the source; compiles them all when the first is asked for.
pub(super) fn function(call: &mut HostCall<'_>, name: &str) -> Result<Value, Raise> {
    let registered = format!("{PREFIX}{name}");
    let known = call.registered(&registered);
    if !known.is_nil() {
        return Ok(known);
    }
    load(call)?;
    Ok(call.registered(&registered))
}

fn load(call: &mut HostCall<'_>) -> Result<(), Raise> {
    let compiled = crate::compile(SOURCE.as_bytes(), "=[C]").expect("the support functions are valid");
    let mut program = compiled.into_program();
    let mut names = Vec::new();
    for (index, definition) in program.functions.iter_mut() {
        let FunctionDef::Code(function) = definition else { continue };
        // Errors are to look like those of host functions: without a position, and without names of variables.
        function.spans.clear();
        function.locals.clear();
        if let Some(name) = name_in_source(&function.name) {
            names.push((name, index));
        }
    }
    for (name, index) in &names {
        program.exports.push(Export { name: (*name).to_string(), item: Item::Function(*index) });
    }
    let verified = minivm_isa::verify(program).expect("the support functions stay valid");
    let (instance, _) = call.instantiate(verified).map_err(out_of_memory)?;
    for (name, _) in names {
        let function = call.closure(instance, name, &[]).map_err(out_of_memory)?;
        call.register(&format!("{PREFIX}{name}"), function);
    }
    Ok(())
}

/// What the source calls a function, whose own name tells the line where it begins: `function <[C]:7>`.
fn name_in_source(own_name: &str) -> Option<&'static str> {
    let line: usize = own_name.strip_suffix('>')?.rsplit(':').next()?.parse().ok()?;
    let text = SOURCE.lines().nth(line.checked_sub(1)?)?;
    text.strip_prefix("local function ")?.split('(').next()
}
