//! What runs before the function that is wanted: start functions, `_initialize`, the file that defines it.
//!
//! It is all one run: a function of the host calls one after the other, so that the program can be stopped and saved during
//! each of them.

use super::Session;
use minivm::raw::heap::OutOfMemory;
use minivm::raw::{HostCall, Machine, Outcome, Raise, Value};
use std::sync::{Arc, Mutex, PoisonError};

/// Arguments: what comes before, the function, its arguments.
const AFTER: &str = "minivm.after";
/// Arguments: a Lua chunk, the globals, the name of the function, its arguments.
const NAMED: &str = "minivm.named";

/// The functions of the host that begin a run.
pub(super) struct Launcher {
    after: Value,
    named: Value,
    /// A name for which a program has no function.
    missing: Arc<Mutex<Option<String>>>,
}

impl Launcher {
    pub(super) fn new(machine: &mut Machine) -> Result<Self, OutOfMemory> {
        let missing = Arc::new(Mutex::new(None));
        let after = machine.host_function(AFTER, call_after)?;
        machine.keep(after);
        let tell = missing.clone();
        let named = machine.host_function(NAMED, move |call| call_named(call, &tell))?;
        machine.keep(named);
        Ok(Launcher { after, named, missing })
    }

    /// The call that runs `before` and then this one.
    pub(super) fn after(&self, before: Value, (function, values): (Value, Vec<Value>)) -> (Value, Vec<Value>) {
        (self.after, [vec![before, function], values].concat())
    }

    /// The call that runs a Lua chunk and then the function of this name: one of the table that the chunk returns, else a
    /// global one.
    pub(super) fn named(&self, chunk: Value, globals: Value, name: Value, values: Vec<Value>) -> (Value, Vec<Value>) {
        (self.named, [vec![chunk, globals, name], values].concat())
    }
}

impl Session {
    /// The name of a function that was wanted and is not there.
    pub(super) fn missing(&self) -> Option<String> {
        self.launcher
            .as_ref()
            .and_then(|launcher| launcher.missing.lock().unwrap_or_else(PoisonError::into_inner).take())
    }
}

fn call_after(call: &mut HostCall<'_>) -> Result<Outcome, Raise> {
    match call.state() {
        0 => call.call(call.arg(0), &[], 1),
        _ => {
            // A frame of a forged snapshot may have fewer.
            let values = call.args();
            call.tail_call(call.arg(1), values.get(2..).unwrap_or_default())
        }
    }
}

fn call_named(call: &mut HostCall<'_>, missing: &Mutex<Option<String>>) -> Result<Outcome, Raise> {
    if call.state() == 0 {
        return call.call(call.arg(0), &[], 1);
    }
    let name = call.arg(2).as_bytes().unwrap_or_default().to_vec();
    let tables = [call.returned_one(), call.arg(1)].into_iter().filter(|value| value.is_table());
    let found = tables.map(|table| call.heap().table_get_name(table, &name)).find(|value| value.is_function());
    match found {
        Some(function) => {
            let values = call.args();
            call.tail_call(function, values.get(3..).unwrap_or_default())
        }
        None => {
            *missing.lock().unwrap_or_else(PoisonError::into_inner) = Some(String::from_utf8_lossy(&name).into_owned());
            Err(Raise::Value(Value::NIL))
        }
    }
}
