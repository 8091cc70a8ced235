//! Writes random modules that use everything of WebAssembly that has one result: `generated_modules FOLDER FROM TO`, for
//! conformance/generated.sh, which compares what they do here and in wasmtime. A module is the same for a number for ever, as long as
//! wasm-smith makes the same of the same bytes.

use arbitrary::Unstructured;
use minivm_isa::Type;
use minivm_isa::program::Item;
use std::path::Path;
use wasm_smith::{Config, Module};

/// Bytes that a module is made of.
const ENTROPY_BYTES: usize = 6_000;
/// Calls and loop rounds before a module traps.
const STEPS_MAX: u32 = 1_000;

fn config(number: u64) -> Config {
    Config {
        // Every other module traps where it may, so that long runs are not cut short in all of them.
        disallow_traps: number.is_multiple_of(2),
        canonicalize_nans: true,
        export_everything: true,
        allow_start_export: false,
        min_funcs: 4,
        min_types: 6,
        max_imports: 0,
        max_instructions: 400,
        max_memories: 2,
        memory_max_size_required: true,
        max_memory32_bytes: 4 << 16,
        max_memory64_bytes: 4 << 16,
        max_tables: 3,
        max_table_elements: 100,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        custom_page_sizes_enabled: false,
        compact_imports_enabled: false,
        ..Config::default()
    }
}

fn module(number: u64) -> Option<Vec<u8>> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    let entropy: Vec<u8> = (0..ENTROPY_BYTES).map(|_| next()).collect();
    let mut module = Module::new(config(number), &mut Unstructured::new(&entropy)).ok()?;
    module.ensure_termination(STEPS_MAX).ok()?;
    Some(module.to_bytes())
}

/// What a module exports that consists of numbers, a line each.
fn exports(bytes: &[u8]) -> Result<String, Box<dyn std::error::Error>> {
    let program = minivm_wasm::translate(bytes, "module")?;
    let number = |ty: &Type| match ty {
        Type::I32 => Some("i32"),
        Type::I64 => Some("i64"),
        Type::F32 => Some("f32"),
        Type::F64 => Some("f64"),
        _ => None,
    };
    let numbers = |types: &[Type]| Some(types.iter().map(number).collect::<Option<Vec<_>>>()?.join(","));
    let mut lines = String::new();
    for export in &program.exports {
        // A name may be any text.
        let name: String = export.name.bytes().map(|byte| format!("{byte:02x}")).collect();
        let line = match export.item {
            Item::Function(function) => {
                let signature = &program.signatures[program.functions[function].signature()];
                numbers(&signature.params)
                    .zip(numbers(&signature.results))
                    .map(|(params, results)| format!("call\tx{name}\t{params}\t{results}\n"))
            }
            Item::Global(global) => number(&program.globals[global].ty).map(|ty| format!("global\tx{name}\t{ty}\t\n")),
            Item::Memory(_) => Some(format!("memory\tx{name}\t\t\n")),
            Item::Table(_) => None,
        };
        lines += &line.unwrap_or_default();
    }
    Ok(lines)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, from, to] = &arguments[..] else { return Err("generated_modules FOLDER FROM TO".into()) };
    for number in from.parse()?..to.parse()? {
        if let Some(bytes) = module(number) {
            let file = |ending| Path::new(folder).join(format!("{number}.{ending}"));
            std::fs::write(file("exports"), exports(&bytes)?)?;
            std::fs::write(file("wasm"), bytes)?;
        }
    }
    Ok(())
}
