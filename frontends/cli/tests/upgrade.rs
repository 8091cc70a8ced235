//! `minivm upgrade`: programs of version 0 become ones of version 1, and nothing else is touched.

mod common;

use common::Folder;
use std::fs;

/// A program of version 0, which prints this.
const PRINTS: &str = "11\t16\t610\t1\t4\tfalse\tcounter.lua:19: attempt to perform arithmetic on a nil value\n";

fn old(folder: &Folder) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../isa/tests/golden/v0/counter.mvm");
    folder.write("old.mvm", fs::read(path).expect("a golden file"));
}

#[test]
fn a_program_of_version_0_is_upgraded_in_place_or_elsewhere() {
    let folder = Folder::new();
    old(&folder);
    let before = folder.read_bytes("old.mvm");
    folder.run("old.mvm").prints(PRINTS);
    let said = folder.run("upgrade old.mvm -o new.mvm").succeeds();
    let size = folder.read_bytes("new.mvm").len();
    let counts = "old.mvm: version 0 is now version 1, 6 functions, 57 instructions";
    assert_eq!(said, format!("{counts}, {size} bytes, in `new.mvm`\n"));
    assert_eq!(folder.read_bytes("old.mvm"), before);
    assert_eq!(folder.run("upgrade old.mvm -o -").bytes(), folder.read_bytes("new.mvm"));
    assert_eq!(folder.read_bytes("new.mvm")[..8], *b"\0mvm\x01\0\0\0");
    assert_eq!(folder.run("dis old.mvm").succeeds(), folder.run("dis new.mvm").succeeds());
    folder.shell("\"$M\" upgrade - < old.mvm > piped.mvm").succeeds();
    assert_eq!(folder.read_bytes("piped.mvm"), folder.read_bytes("new.mvm"));
    folder.run("upgrade old.mvm").prints(&format!("{counts}, {size} bytes\n"));
    assert_eq!(folder.read_bytes("old.mvm"), folder.read_bytes("new.mvm"));
    folder.run("old.mvm").prints(PRINTS);
    // A section that is not known here stays, too.
    let with_section = [&folder.read_bytes("new.mvm")[..], &[0xf0, 2, 1, 2]].concat();
    folder.write("new.mvm", &with_section);
    folder.run("upgrade new.mvm").prints("new.mvm: is of version 1 already, and valid\n");
    folder.run("upgrade new.mvm -o same.mvm").prints("new.mvm: is of version 1 already, and valid, in `same.mvm`\n");
    assert_eq!(folder.read_bytes("new.mvm"), with_section);
    assert_eq!(folder.read_bytes("same.mvm"), with_section);
    folder.run("new.mvm").prints(PRINTS);
}

#[test]
fn what_cannot_be_upgraded_is_refused_and_left_alone() {
    let folder = Folder::new();
    old(&folder);
    let whole = folder.read_bytes("old.mvm");
    let newer = [b"\0mvm\x02\0\0\0", &whole[8..]].concat();
    let snapshot = b"\0mvs\0\0\0\0".to_vec();
    folder.write("program.lua", "print 'hello'\n");
    for (name, bytes, part) in [
        ("newer.mvm", newer, "this is format version 2, but this build reads versions 0 to 1"),
        ("half.mvm", whole[..whole.len() / 2].to_vec(), "at byte 0x"),
        ("text.mvt", b"; old\nminivm 0\n".to_vec(), "the text form is read as it is"),
        ("state.mvs", snapshot, "it is a snapshot"),
        ("other.bin", b"\x7fELF".to_vec(), "`other.bin` is not a program in binary form"),
        ("empty.mvm", Vec::new(), "`empty.mvm` is not a program in binary form"),
    ] {
        folder.write(name, bytes.clone());
        folder.run(&format!("upgrade {name}")).fails(65, part);
        folder.run(&format!("upgrade {name} -o out.mvm")).fails(65, part);
        assert_eq!(folder.read_bytes(name), bytes, "{name}");
    }
    folder.run("upgrade program.lua").fails(65, "`minivm build FILE -o OUT.mvm` compiles a program");
    folder.run("upgrade missing.mvm").fails(66, "cannot read `missing.mvm`");
    folder.run("upgrade old.mvm -o no/where.mvm").fails(73, "cannot write `no/where.mvm`");
    assert!(!folder.has("out.mvm"));
}
