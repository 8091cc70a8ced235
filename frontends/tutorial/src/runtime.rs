//! What programs find in the table of globals: functions of the host.

use crate::{Mode, compile};
use minivm::{Error, Machine, Value};
use minivm_std::Host;
use std::io;

// ANCHOR: install
/// Makes the library of Tern; gives the table of globals, which chunks capture. `host` is where programs write to, and `read` gives
/// the texts of modules. A host that has other libraries may hand out another table of globals, as the `minivm` command does with
/// that of Lua: `print`, `tostring` and `require` mean the same there.
///
/// # Errors
/// When there is no memory for it.
pub fn install(
    machine: &mut Machine,
    host: Box<dyn Host>,
    read: impl Fn(&str) -> io::Result<String> + Send + 'static,
) -> Result<Value, Error> {
    let globals = minivm_std::install_as_globals(machine, host)?;
    let tostring = machine.get_name(&globals, "to_string")?;
    machine.set_name(&globals, "tostring", &tostring)?;
    minivm_std::install_require(machine, &globals, move |name| {
        let path = format!("{name}.tern");
        let text = read(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
        let program = compile(&path, &text, Mode::File).map_err(|error| error.to_string())?;
        Ok((program, text.len() as u64))
    })?;
    Ok(globals)
}
// ANCHOR_END: install
