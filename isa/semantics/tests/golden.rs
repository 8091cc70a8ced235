//! The golden files of version 1 mean the same for ever: those with a `main` give the values that stand beside them, line by line.

use minivm_isa::{INSTRUCTIONS, binary, verify};
use minivm_semantics::{Any, Ended, Limits, Machine};
use std::collections::BTreeSet;
use std::path::Path;

/// A value as a line shows it.
fn line(value: &Any) -> Vec<u8> {
    match value {
        Any::Integer(value) => value.to_string().into_bytes(),
        Any::Float(value) => value.to_string().into_bytes(),
        Any::String(bytes) => bytes.to_vec(),
        other => format!("{other:?}").into_bytes(),
    }
}

#[test]
fn golden_files_do_what_they_did() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/v1"));
    let mut used = BTreeSet::new();
    for name in ["control", "dynamic", "exact", "memory", "numbers", "objects", "sum", "vectors"] {
        let file = std::fs::read(folder.join(format!("{name}.mvm"))).unwrap();
        let program = verify(binary::decode(&file).unwrap()).unwrap_or_else(|rejections| panic!("{}", rejections[0]));
        let mut machine = Machine::new(Limits::default());
        let instance = machine.instantiate(program).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let main = machine.exported_function(instance, "main").unwrap();
        let values = match machine.call(&main, &[]) {
            Ended::Finished(values) => values,
            other => panic!("{name}: {other:?}"),
        };
        let output: Vec<u8> = values.iter().flat_map(|value| [line(value), vec![b'\n']].concat()).collect();
        let path = folder.join(format!("{name}.out"));
        if std::env::var_os("MINIVM_BLESS").is_some() && !path.exists() {
            std::fs::write(&path, &output).unwrap();
        }
        let expected = std::fs::read(&path).unwrap();
        let (found, expected) = (output.escape_ascii().to_string(), expected.escape_ascii().to_string());
        assert_eq!(found, expected, "{name}");
        used.extend(machine.used().iter().copied());
    }
    // What traps on purpose ends the program.
    let unused: Vec<&str> =
        INSTRUCTIONS.iter().filter(|info| !used.contains(&info.opcode)).map(|info| info.name).collect();
    assert_eq!(unused, ["trap"], "rows that no golden file has run");
}
