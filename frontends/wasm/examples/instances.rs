//! What a first and a second instance of a module take: `cargo run --profile measure -p minivm-wasm --example instances [FILE.wasm]`.
//! Without a file it is a module of about 4 MB with 12,000 functions.

use minivm::{Limits, Machine};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

const FUNCTIONS: usize = 12_000;

/// A module whose functions call the next ones, half of them from a table, too.
fn module() -> Vec<u8> {
    let mut text = String::from("(module (memory (export \"memory\") 20) (table funcref (elem");
    for number in (0..FUNCTIONS).step_by(2) {
        let _ = write!(text, " $f{number}");
    }
    text += "))";
    for number in 0..FUNCTIONS {
        let _ = write!(text, "(func $f{number} (param i32 i32) (result i32) (local.get 0)");
        for step in 0..40 {
            let _ = write!(text, "(i32.load offset={step} (local.get 1)) i32.xor i32.const {number} i32.add");
        }
        let next = (number + 1) % FUNCTIONS;
        text += " (i32.lt_u (local.get 1) (i32.const 3)) if (param i32) (result i32)";
        let _ = write!(text, " (i32.add (local.get 1) (i32.const 1)) call $f{next} end)");
    }
    text += "(export \"run\" (func $f0)))";
    minivm_wasm::parse_text(text.as_bytes(), "instances").expect("the text is right").into_owned()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bytes = match std::env::args_os().nth(1) {
        Some(file) => std::fs::read(file)?,
        None => module(),
    };
    let begun = Instant::now();
    let program = minivm_isa::verify(minivm_wasm::translate(&bytes, "instances")?);
    let program = Arc::new(program.map_err(|rejections| rejections[0].to_string())?);
    println!("module of {} bytes: translated and verified in {:.2?}", bytes.len(), begun.elapsed());
    let mut machine = Machine::new(Limits::default());
    for name in ["first", "second", "third"] {
        let (before, begun) = (machine.memory_budget().used(), Instant::now());
        let instance = machine.instantiate(program.clone())?;
        let taken = begun.elapsed();
        let memory = machine.memory(instance, "memory").map_or(0, <[u8]>::len) as u64;
        let used = machine.memory_budget().used() - before - memory;
        println!("{name} instance: {taken:.2?}, {used} bytes besides its memory");
        if machine.export_signature(instance, "run")?.is_some() {
            let begun = Instant::now();
            machine.invoke(instance, "run", &[minivm::Value::int(1), minivm::Value::int(0)])?;
            println!("  first call: {:.2?}", begun.elapsed());
        }
    }
    Ok(())
}
