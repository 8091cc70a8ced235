//! Runs a WASI command module on wasm3: `wasm3-run FILE`. The binding has no way to pass arguments to the guest.

use std::{env, fs, process::ExitCode};

use wasm3::{Environment, Module};

const STACK_BYTES: u32 = 1 << 20;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("wasm3-run: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let path = env::args().nth(1).ok_or("usage: wasm3-run FILE")?;
    let bytes = fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
    let text = |error: wasm3::error::Error| error.to_string();
    let environment = Environment::new().map_err(text)?;
    let runtime = environment.create_runtime(STACK_BYTES).map_err(text)?;
    let parsed = Module::parse(&environment, bytes).map_err(text)?;
    let mut module = runtime.load_module(parsed).map_err(text)?;
    module.link_wasi().map_err(text)?;
    let start = module.find_function::<(), ()>("_start").map_err(text)?;
    match start.call() {
        // The guest leaves through proc_exit, which wasm3 reports as a trap.
        Err(error) if !error.to_string().contains("program called exit") => Err(error.to_string()),
        _ => Ok(()),
    }
}
