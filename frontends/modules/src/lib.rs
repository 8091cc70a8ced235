//! Languages calling each other: Lua programs load WebAssembly and MiniVM programs, and these import what Lua makes.
//!
//! [`install`] teaches `require` files that end in `.wasm`, `.wat`, `.mvt`, `.mvm` and `.tern`, and makes the library `wasm`.
//!
//! ```
//! use minivm::{Limits, Machine};
//! use minivm_lua::stdlib::{self, host::NoHost};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut machine = Machine::new(Limits::default());
//! let globals = stdlib::install(&mut machine, Box::new(NoHost))?;
//! minivm_modules::install(&mut machine)?;
//! let source = br#"
//!     local adder = wasm.instantiate('(module (func (export "add") (param i32 i32) (result i32)'
//!         .. ' (i32.add (local.get 0) (local.get 1))))')
//!     return adder.add(2, 3)"#;
//! let program = minivm_lua::compile(source, "=example").map_err(|error| error.to_string())?;
//! let instance = machine.instantiate(program)?;
//! let chunk = machine.closure(instance, "main", &[globals])?;
//! let results = machine.call(&chunk, &[])?;
//! assert_eq!(results[0].as_int(), Some(5));
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! A module's value is the table of its exports: functions are functions; memories, globals and tables are the objects below.
//! Its imports are looked up module by module: in the table given to `wasm.instantiate(path_or_bytes, imports)`, else in what
//! `require` gives for the module's name, so that `package.loaded.env = { f = function(i) … end }` satisfies
//! `(import "env" "f" …)`; last in what the host has defined. A function can be any function, whoever made it. A global can be
//! a `wasm.global`, or a plain value where it is immutable.
//!
//! `minivm FILE` of a program that is not Lua finds its imports in the same way, see [`raw::runner`].
//!
//! A file that ends in `.tern` is a chunk, as one of Lua is: it sees the globals of Lua, and what it returns is the module's value.
//! Any program is such a chunk that has the custom section `minivm.chunk` and a function `main` that captures the globals.
//!
//! # Conversions
//!
//! | WebAssembly | from Lua | to Lua |
//! |---|---|---|
//! | `i32` | an integer from -2^31 to 2^32 - 1, or a float with such a value; a boolean as 0 or 1 | integer, signed |
//! | `i64` | an integer, or a float with an integer value; a boolean as 0 or 1 | integer |
//! | `f32` | a number, rounded to the nearest single | float |
//! | `f64` | a number | float |
//! | `externref` | any value, itself; nil is null | the same value |
//! | `funcref` | any function, or nil for null | the same function |
//! | several results | as many values, in order; missing ones are nil, further ones are dropped | as many values |
//!
//! Strings are not converted to numbers. Arguments and results are checked one by one; an error names the function, the
//! parameter, what was expected and what was found: `bad argument #1 'lhs' to 'add' (i32 expected, got string)`. Missing
//! arguments count as nil, further ones are dropped. A `funcref` that is no function is found out where it is stored or called.
//! A function that is not typed, as all of Lua's, has any signature it is called with.
//!
//! # Objects
//!
//! | object | has |
//! |---|---|
//! | memory | bytes: `string(address, length)`, `write(address, string)`, `fill(address, byte, length)` |
//! | | numbers: `get(type, address)`, `set(type, address, value)`; types are `i8 u8 i16 u16 i32 u32 i64 f32 f64` |
//! | | size: `size()` (also `#memory`), `pages()`, `grow(pages)` |
//! | global | the fields `value`, `type`, `mutable` |
//! | table | `get(index)`, `set(index, value)`, `grow(elements, value)`, `size()` (also `#table`); indices count from 0 |
//!
//! `wasm.compile(path_or_bytes)` gives a module, which `wasm.instantiate` takes in place of a path: its instances share the compiled
//! code, and each is made in a fraction of the time. `module:imports()` and `module:exports()` list what it needs and has, as tables
//! with `module`, `name` and `kind`.
//!
//! `wasm.memory(pages, maximum)`, `wasm.global(type, value, mutable)` and `wasm.table(elements, maximum, type)` make some. Every
//! access is checked; one that is out of bounds is an error.
//!
//! # What passes
//!
//! A call over the border is a call like any other: callbacks may yield, traps and errors unwind through all frames and reach
//! `pcall` with one traceback over all languages, calls in tail position do not pile up, and fuel, memory and depth are counted
//! together. Programs touch nothing but what they import.
//!
//! A machine with all of this can be saved and loaded: memories, globals and tables that several programs and objects share are
//! shared again in the machine that loads them, and a program that is just being loaded goes on being loaded.
#![deny(unsafe_code)]

mod arguments;
mod imports;
pub mod language;
mod library;
mod load;
mod objects;
mod pending;
pub mod raw;
mod read;

use minivm::{Error, InstanceId, Machine, OutOfMemory};
use minivm_isa::Verified;
use minivm_wasm::Features;

/// The endings of files that `require` learns to load.
pub const ENDINGS: [&str; 5] = ["wasm", "wat", "mvm", "mvt", "tern"];

/// Bytes of a file in a binary form from which on its functions are validated and translated when they are first called.
pub const LATER_BYTES_MIN: usize = 32 << 10;

/// The machine as the library sees it.
#[allow(unsafe_code)]
fn raw_machine(machine: &mut Machine) -> &mut minivm::raw::Machine {
    // SAFETY: the library keeps to the contract of `minivm::raw`. Its functions use values and memories only in the state that was
    // given them or had them made (1, 3); what they keep lies in frames, tables, registered values and objects that mark it
    // (1, 5), all of this machine (2, 4), on whose thread it stays (6).
    unsafe { machine.raw() }
}

/// Makes the library `wasm`, and lets `require` load modules in other languages. The library of Lua must be there.
///
/// # Errors
/// When there is no memory for it.
pub fn install(machine: &mut Machine) -> Result<(), OutOfMemory> {
    raw::install(raw_machine(machine))
}

/// The program in the bytes of a file of any language, as it is made when a program loads a file of this name.
///
/// # Errors
/// What is wrong with it.
pub fn compile(name: &str, bytes: &[u8], features: Features) -> Result<Verified, String> {
    read::any_program(name, bytes, features)
}

/// What modules that programs load from now on may use of WebAssembly; all that is supported if this is not called. A state
/// that is saved has it in it.
pub fn set_features(machine: &mut Machine, features: Features) {
    raw::set_features(raw_machine(machine), features);
}

/// Makes what an instance exports a module that Lua can `require`, and that other programs import from.
///
/// # Errors
/// When there is no memory for it, or the instance is of another machine.
pub fn add_module(machine: &mut Machine, name: &str, instance: InstanceId) -> Result<(), Error> {
    let machine = raw_machine(machine);
    let instance = machine.resolve_instance(instance)?;
    Ok(raw::add_module(machine, name, instance)?)
}
