//! What holds for the program of every case: its text and binary forms say the same as it does, and the verifier accepts it.

use libtest_mimic::{Arguments, Trial};
use minivm_conformance::cases::{self, Case};
use minivm_isa::{Program, binary, text, verify};
use std::fs;
use std::path::PathBuf;

fn main() {
    let arguments = Arguments::from_args();
    let lua = cases::lua().into_iter().chain(cases::lua_programs()).chain(benchmarks("lua", "lua"));
    let wasm = cases::c_programs().into_iter().chain(benchmarks("c", "wasm"));
    let trial = |case: Case, compile: fn(&Case) -> Result<Program, String>| {
        Trial::test(case.name.clone(), move || Ok(compile(&case).and_then(|program| check(&program))?))
    };
    let text = cases::text().into_iter();
    let mut trials: Vec<Trial> = lua.map(|case| trial(case, compile_lua)).collect();
    trials.extend(wasm.map(|case| trial(case, compile_wasm)));
    trials.extend(text.map(|case| trial(case, parse_text)));
    libtest_mimic::run(&arguments, trials).exit();
}

/// The benchmark programs are programs too, and larger than most cases.
fn benchmarks(folder: &str, ending: &str) -> Vec<Case> {
    let folder = cases::folder().with_file_name("bench").join(folder);
    let sources =
        cases::entries(&folder).into_iter().filter(|path| path.extension().is_some_and(|found| found == ending));
    let case = |source: PathBuf| {
        let name = format!("bench/{}", source.file_name().expect("it is a file").to_string_lossy());
        Case { name, source, arguments: Vec::new(), input: Vec::new() }
    };
    sources.map(case).collect()
}

fn source(case: &Case) -> Result<Vec<u8>, String> {
    fs::read(&case.source).map_err(|error| format!("{}: {error}", case.name))
}

fn compile_lua(case: &Case) -> Result<Program, String> {
    let program = minivm_lua::compile_file(&source(case)?, format!("@{}", case.file_name()));
    Ok(program.map_err(|error| error.to_string())?.into_program())
}

fn compile_wasm(case: &Case) -> Result<Program, String> {
    minivm_wasm::translate(&source(case)?, &case.file_name()).map_err(|error| error.to_string())
}

fn parse_text(case: &Case) -> Result<Program, String> {
    let text = String::from_utf8(source(case)?).map_err(|error| error.to_string())?;
    text::parse(&text).map_err(|errors| errors[0].to_string())
}

fn check(program: &Program) -> Result<(), String> {
    let rejections = verify::check(program);
    if let Some(first) = rejections.first() {
        return Err(format!("{} rejections, the first: {first}", rejections.len()));
    }
    let bytes = binary::encode(program);
    let decoded = binary::decode(&bytes).map_err(|error| format!("the binary form is not read back: {error}"))?;
    if decoded != *program {
        return Err("the binary form says something else".to_owned());
    }
    if binary::encode(&decoded) != bytes {
        return Err("the binary form differs when written again".to_owned());
    }
    let written = program.to_string();
    let parsed = text::parse(&written).map_err(|errors| format!("the text form is not read back: {}", errors[0]))?;
    if parsed.to_string() != written {
        return Err("the text form differs when written again".to_owned());
    }
    if parsed != *program {
        return Err("the text form says something else".to_owned());
    }
    Ok(())
}
