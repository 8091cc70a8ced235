//! The base module `std`, which any bytecode program may import, in whatever language it was written.
//!
//! ```
//! use minivm::{Limits, Machine};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = r#"
//! minivm 1
//! sig0 = () dynamic
//! sig1 = () variadic
//! func0 import "std" "print" sig1 () variadic
//! export "main" func1
//! func1 "main" sig0 () dynamic {
//!   registers r0: any
//! block0:
//!   r0 = ref_func func0
//!   call_any r0 ("hello", 42)
//!   return_values ()
//! }
//! "#;
//! # let program = minivm_isa::text::parse(text).map_err(|errors| errors[0].clone())?;
//! # let program = minivm_isa::verify(program).map_err(|rejections| rejections[0].to_string())?;
//! let mut machine = Machine::new(Limits::default());
//! minivm_std::install(&mut machine, Box::new(minivm_std::Process::default()))?;
//! let instance = machine.instantiate(program)?;
//! machine.invoke(instance, "main", &[])?;
//! minivm_std::flush(&mut machine)?;
//! # Ok(())
//! # }
//! ```
//!
//! All functions are dynamic and take any number of arguments: `import "std" "print" () variadic`. Missing arguments are nil, further ones
//! are ignored. Positions in strings count from 0, and `from..to` has `from` in it and `to` not, as for the instructions on strings;
//! positions in lists count from 1, as for `length` and `append`. A list is a table with the values from 1 up to its `length`.
//!
//! | function | gives |
//! |---|---|
//! | `print(values…)` | nothing; writes the texts with tabs between them and a newline after them |
//! | `write(values…)` | nothing; writes the texts and nothing else |
//! | `write_error(values…)` | nothing; the same to standard error |
//! | `flush()` | nothing; lets out what was written |
//! | `read_line()` | the next line without its newline; nil at the end |
//! | `read(count)` | up to so many bytes; nil at the end |
//! | `read_all()` | all that is left |
//! | `to_string(value)` | a string: itself, a number in its shortest form, true, false, nil, else the kind and its number |
//! | `to_number(text, base)` | an integer or a float, nil where the text is no number; with a base from 2 to 36 an integer |
//! | `kind(value)` | the name of its kind: nil, boolean, integer, float, string, table, function, fiber, object, data |
//! | `find(text, part, from)` | where `part` is first, from `from` on (0 without); nil where it is not |
//! | `split(text, separator)` | a list of the parts between separators |
//! | `join(list, separator)` | the texts of a list with a separator between them (nothing without) |
//! | `replace(text, part, by)` | the text with all of `part` replaced |
//! | `repeat(text, count)` | the text so many times |
//! | `upper(text)`, `lower(text)` | the text with letters of ASCII changed |
//! | `trim(text)` | the text without white space at both ends |
//! | `keys(table)` | a list of its keys, in the order of the table |
//! | `push(list, values…)` | nothing; puts values at the end |
//! | `pop(list)` | the last value, which is taken out; nil of an empty list |
//! | `insert(list, index, value)` | nothing; puts a value before the one at `index` |
//! | `remove(list, index)` | the value at `index`, which is taken out |
//! | `sort(list, less)` | nothing; sorts in place, stable, by `less(a, b)` or as `less` compares numbers and strings |
//! | `clock()` | seconds as a float, from anywhere on; nil where no clock is granted |
//! | `time()` | seconds since 1970 as an integer; nil where no clock is granted |
//!
//! No function calls metamethods; `sort` calls `less`, which may fail, yield, and be stopped and saved on its way. Work is charged as
//! fuel by its size. A wrong argument is an error with its number, what is expected, and what was found.
//!
//! For hosts of a language there are also [`install_as_globals`], which gives the functions as a table of globals,
//! [`install_require`], modules of programs that capture such a table, and [`run_command`], which runs files and is a prompt.
//!
//! A program that uses `std` can be saved: what was written is let out before, what was read ahead travels along, and who loads it
//! installs the module first.
#![forbid(unsafe_code)]

mod arguments;
mod chunks;
mod host;
mod lists;
mod output;
mod prompt;
mod sort;
mod text;

use arguments::Function;
pub use chunks::{install_require, run_chunk};
use host::State;
pub use host::{Host, Process};
use minivm::{Error, Machine, SnapshotError, Value};
pub use prompt::{CommandError, Mode, prompt, run_command};
use std::io;

/// The name that programs import the module by.
pub const MODULE: &str = "std";

/// All functions by name.
const FUNCTIONS: &[&[(&str, Function)]] = &[output::FUNCTIONS, text::FUNCTIONS, lists::FUNCTIONS, sort::FUNCTIONS];

/// The names of all functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().copied().flatten().map(|(name, _)| *name)
}

/// Lets programs import the module, with what the host gives it.
///
/// # Errors
/// When there is no memory for it.
pub fn install(machine: &mut Machine, host: Box<dyn Host>) -> Result<(), Error> {
    install_each(machine, host, |_, _, _| Ok(()))
}

/// As [`install`]; gives a table of all functions by name, as languages have it whose globals are a table.
///
/// # Errors
/// When there is no memory for it.
pub fn install_as_globals(machine: &mut Machine, host: Box<dyn Host>) -> Result<Value, Error> {
    let globals = machine.table(0, names().count() as u32)?;
    install_each(machine, host, |machine, name, function| machine.set_name(&globals, name, function))?;
    Ok(globals)
}

fn install_each(
    machine: &mut Machine,
    host: Box<dyn Host>,
    mut each: impl FnMut(&mut Machine, &str, &Value) -> Result<(), Error>,
) -> Result<(), Error> {
    let budget = machine.memory_budget();
    machine.set_shared(State::new(host, budget));
    machine.set_state_codec::<State>(
        "std",
        |state| state.save().map_err(|error| format!("what was written cannot be let out: {error}")),
        |state, bytes| {
            state.load(bytes);
            Ok::<(), SnapshotError>(())
        },
    );
    for &(name, function) in FUNCTIONS.iter().copied().flatten() {
        // Snapshots know functions of the host by their names, and other modules may have the same.
        let value = machine.host_function(format!("{MODULE}.{name}"), function)?;
        machine.define_function(MODULE, name, &value)?;
        each(machine, name, &value)?;
    }
    Ok(())
}

/// From now on everything is let out at once that programs write: where others write to the same stream, so that it comes in order.
pub fn set_at_once(machine: &mut Machine) {
    machine.shared::<State>().is_at_once = true;
}

/// Lets out what programs have written. To be called when a run has ended, however it did.
///
/// # Errors
/// When it cannot be written.
pub fn flush(machine: &mut Machine) -> io::Result<()> {
    machine.shared::<State>().flush()
}
