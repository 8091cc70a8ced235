//! The golden files of version 1 do on the machine what they have always done: they give the values that stand beside them.

use minivm::raw::Limits;
use minivm_conformance::small_stack::with_small_stack;
use minivm_isa::{binary, verify};
use std::fs;
use std::path::Path;

fn check(folder: &Path, name: &str) -> Result<(), String> {
    let file = fs::read(folder.join(format!("{name}.mvm"))).map_err(|error| error.to_string())?;
    let program = binary::decode(&file).map_err(|error| error.to_string())?;
    let program = verify(program).map_err(|rejections| rejections[0].to_string())?;
    let mut machine = minivm_conformance::native::machine(Limits::default());
    let instance = machine.instantiate(program).map_err(|error| error.to_string())?;
    let main = machine.exported_function(instance, "main").ok_or("it exports no main")?;
    let values = machine.call(main, &[]).map_err(|failure| format!("{failure:?}"))?;
    let lines: String = values.iter().map(|&value| machine.describe(value) + "\n").collect();
    let expected = fs::read(folder.join(format!("{name}.out"))).map_err(|error| error.to_string())?;
    let expected = String::from_utf8_lossy(&expected);
    if lines == expected { Ok(()) } else { Err(format!("it gives\n{lines}and not\n{expected}")) }
}

#[test]
fn golden_files_do_what_they_did() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../isa/tests/golden/v1"));
    let entries = fs::read_dir(folder).expect("there are golden files");
    let files: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    let outputs = files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "out"));
    let names: Vec<&str> = outputs.filter_map(|file| file.file_stem()?.to_str()).collect();
    assert!(names.len() >= 7, "{names:?}");
    let failures: Vec<String> = with_small_stack(|| {
        names.iter().filter_map(|name| check(folder, name).err().map(|error| format!("{name}: {error}"))).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
