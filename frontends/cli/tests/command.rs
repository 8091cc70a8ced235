//! The command as its users see it: what it prints, and the code it leaves with.

mod common;

use common::Folder;

const ADD: &str = r#"(module (func (export "add") (param i32 i64) (result i32 i64)
    (i32.add (local.get 0) (i32.const 1)) (i64.mul (local.get 1) (i64.const 2))))"#;

#[test]
fn an_export_is_called_and_its_results_are_printed() {
    let folder = Folder::new();
    folder.write("add.wat", ADD);
    folder.run("run --invoke add add.wat 41 -4").prints("42\n-8\n");
    folder.run("--invoke add add.wat 0xff 5").prints("256\n10\n");
    folder.run("--invoke add add.wat 1").fails(2, "takes 2 arguments, not 1");
    folder.run("--invoke add add.wat 1 x").fails(2, "`x` is not a valid i64");
    folder.run("--invoke no add.wat").fails(2, "no exported function `no`");
    folder.run("add.wat").fails(69, "it exports the functions add");
}

#[test]
fn floats_are_printed_in_their_own_precision() {
    let folder = Folder::new();
    folder.write("f.wat", r#"(module (func (export "f") (param f32 f64) (result f32 f64) local.get 0 local.get 1))"#);
    folder.run("--invoke f f.wat 0.1 0.1").prints("0.1\n0.1\n");
    folder.run("--invoke f f.wat -inf 1e3").prints("-inf\n1000\n");
}

#[test]
fn programs_are_built_printed_and_verified() {
    let folder = Folder::new();
    folder.write("add.wat", ADD);
    folder.run("build add.wat -o add.mvm").prints("");
    folder.run("build add.wat -o add.mvt").prints("");
    let text = folder.run("dis add.mvm").succeeds();
    assert_eq!(text, folder.read("add.mvt"));
    assert!(text.starts_with("minivm 1\n") && text.contains("i64_mul"), "{text}");
    folder.run("verify add.mvm").prints("add.mvm: valid MiniVM bytecode, 1 functions, 3 instructions\n");
    folder.run("--invoke add add.mvm 1 1").prints("2\n2\n");
    folder.run("--invoke add add.mvt 1 1").prints("2\n2\n");
    let listing = folder.run("explain add.wat add").succeeds();
    assert!(listing.contains("i32_add r0, 1") && listing.contains(" | "), "{listing}");
    folder.run("explain add.wat sub").fails(2, "no function `sub`");
}

#[test]
fn the_content_tells_the_language_where_the_name_does_not() {
    let folder = Folder::new();
    folder.write("add.wat", ADD);
    folder.run("build add.wat -o program").succeeds();
    folder.run("--invoke add program 1 1").prints("2\n2\n");
    folder.run_with("--invoke add - 1 1", ADD).prints("2\n2\n");
    folder.write("picture", b"\x89PNG\0\0".as_slice());
    folder.run("picture").fails(65, "cannot tell what `picture` is");
}

#[test]
fn what_is_not_valid_is_shown_with_its_place() {
    let folder = Folder::new();
    folder.write("bad.lua", "local x = 1\nlocal y = = 2\n");
    folder.run("bad.lua").fails(65, "bad.lua:2:11\n  |\n2 | local y = = 2\n  |           ^");
    folder.write("bad.wat", "(module\n  (func i32.ad))");
    folder.run("verify bad.wat").fails(65, "bad.wat:2:9\n");
    folder.write("type.wat", "(module (func (result i32) i64.const 1))");
    folder.run("type.wat").fails(65, "expected i32, found i64");
    folder.write("pages.wat", "(module (memory 1 1 (pagesize 1)))");
    folder.run("verify pages.wat").succeeds();
    folder.run("verify --features=-custom-page-sizes pages.wat").fails(69, "'custom-page-sizes', switched off");
    folder.write("sub.wat", "(module (type (sub (func))))");
    folder.run("verify --features=-gc sub.wat").fails(69, "not supported: the WebAssembly proposal 'gc'");
    folder.write("tail.wat", "(module (func $f (return_call $f)))");
    folder.run("verify --features=-tail-call tail.wat").fails(69, "'tail-call', switched off");
    folder.run("verify --features -multi-value,all tail.wat").succeeds();
    folder.run("verify --features=-tail tail.wat").fails(2, "unknown WebAssembly proposal 'tail'");
    folder.write("bad.mvt", "minivm 1\nnonsense\n");
    folder.run("dis bad.mvt").fails(65, "bad.mvt:2:1\n");
    folder.write("reg.mvt", "minivm 1\nsig0 = () -> (i32)\nfunc0 \"f\" sig0 {\nblock0:\n  return_values ()\n}\n");
    folder.run("verify reg.mvt").fails(65, "rule ");
    for (name, bytes) in [("cut.wasm", &b"\0asm\x01"[..]), ("cut.mvm", b"\0mvm\0"), ("new.mvm", b"\0mvm\x09\0\0\0")] {
        folder.write(name, bytes);
        folder.run(name).fails(65, name);
    }
}

/// Every command that takes a program says of a bad one what is wrong and where, and fails.
#[test]
fn bad_files_are_refused_by_every_command() {
    let folder = Folder::new();
    folder.write("good.wat", ADD);
    folder.run("build good.wat -o good.mvm").succeeds();
    let binary = folder.read_bytes("good.mvm");
    folder.write("half.mvm", &binary[..binary.len() / 2]);
    folder.write("empty.wasm", b"");
    folder.write("empty.mvm", b"");
    folder.write("empty.mvt", b"");
    folder.write("header.mvt", "; no version\n\nsig0 = () dynamic\n");
    folder.write("old.mvt", "minivm 9\n");
    folder.write("word.mvt", "minivm 1\nfunc0 \"f\" sig0 () dynamic {\nblock0:\n  retrun_values ()\n}\n");
    let unassigned = "minivm 1\nsig0 = () -> (i32)\nfunc0 \"f\" sig0 () -> (i32) {\n  registers r0: i32\nblock0:\n  \
                      return_values (r0)\n}\n";
    folder.write("unassigned.mvt", unassigned);
    folder.write("name.wat", "(module\n  (func call $nope))");
    folder.write("open.lua", "local x = 1\nprint(x");
    folder.write("bytes.lua", b"\x1bLua\x54".as_slice());
    let bad = [
        ("half.mvm", 65, &["half.mvm", "at byte 0x"][..]),
        ("empty.wasm", 65, &["unexpected end-of-file", "--> empty.wasm", "at byte 0x0 of the module"]),
        ("empty.mvm", 65, &["this is no MiniVM program", "--> empty.mvm"]),
        ("empty.mvt", 65, &["begins with `minivm 1`", "--> empty.mvt:1:1"]),
        ("header.mvt", 65, &["begins with `minivm 1`", "--> header.mvt:3:1", "sig0 = () dynamic"]),
        ("old.mvt", 65, &["this is text form 9, but this build reads versions 0 to 1", "--> old.mvt:1:8"]),
        ("word.mvt", 65, &["there is no instruction 'retrun_values'", "--> word.mvt:4:3"]),
        (
            "unassigned.mvt",
            65,
            &["func0 'f', block0, instruction 0", "rule assigned", "--> unassigned.mvt", "1 rejection"],
        ),
        ("name.wat", 65, &["unknown func", "--> name.wat:2:14"]),
        ("open.lua", 65, &["')' expected near <eof>", "--> open.lua:2:8"]),
        ("bytes.lua", 65, &["unexpected symbol", "--> bytes.lua:1:1"]),
        ("missing.wasm", 66, &["cannot read `missing.wasm`: no such file"]),
        (".", 66, &["cannot read `.`: is a directory"]),
    ];
    for (file, code, parts) in bad {
        for command in ["", "run ", "verify ", "dis ", "explain ", "build -o out.mvm "] {
            let ended = folder.run(&format!("{command}{file}"));
            for part in parts {
                ended.fails(code, part);
            }
            ended.exits(code, "");
        }
    }
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let folder = Folder::new();
    folder.run("missing.lua").fails(66, "cannot read `missing.lua`: no such file");
    folder.run("bulid").fails(66, "there is a command `minivm build`");
    folder.write("add.wat", ADD);
    folder.run("build add.wat -o no/where.mvm").fails(73, "cannot write `no/where.mvm`");
}

#[test]
fn traps_fuel_and_memory_end_a_program() {
    let folder = Folder::new();
    folder.write("trap.wat", r#"(module (func $inner unreachable) (func (export "_start") call $inner))"#);
    let text = folder.run("trap.wat").fails(1, "minivm: ");
    assert!(text.contains("unreachable") && text.contains("in function 'inner'"), "{text}");
    folder.write("loop.wat", r#"(module (func (export "_start") (loop br 0)))"#);
    let text = folder.run("--fuel 1000 loop.wat").fails(124, "after 1000 instructions");
    assert!(text.contains("loop.wat:1: in function '_start'"), "{text}");
    folder.write("start.wat", "(module (func $f (loop br 0)) (start $f))");
    folder.run("--fuel 1000 start.wat").fails(124, "fuel");
    folder.write("deep.wat", r#"(module (func $f (export "_start") call $f))"#);
    folder.run("deep.wat").fails(1, "stack overflow");
    folder.write("memory.wat", r#"(module (memory 100) (func (export "_start")))"#);
    folder.run("memory.wat").prints("");
    folder.run("--memory-max 1M memory.wat").fails(1, "not enough memory");
    folder.write("hello.lua", "print('hello')");
    let text = folder.run("--memory-max 1K hello.lua").fails(1, "not enough memory");
    assert!(text.contains("--> hello.lua"), "{text}");
    folder.write("import.wat", r#"(module (import "env" "f" (func)))"#);
    folder.run("import.wat").fails(69, "unknown import 'env.f'");
}

#[test]
fn a_wrong_command_line_is_explained() {
    let folder = Folder::new();
    folder.run("--no-such-option x.lua").fails(2, "Usage: minivm");
    folder.run("build x.lua").fails(2, "--output");
    folder.run("--memory-max lots x.lua").fails(2, "such as 4096, 64K, 16M or 2G");
    folder.run("--fuel 3 dis x.lua").fails(2, "options of `run`");
    let help = folder.run("--help").succeeds();
    assert!(help.contains("Exit codes:") && help.contains("completions"), "{help}");
    assert!(folder.run("--version").succeeds().starts_with("minivm "));
    for shell in ["bash", "zsh", "fish"] {
        assert!(folder.run(&format!("completions {shell}")).succeeds().contains("minivm"));
    }
}

#[test]
fn colours_come_when_asked_for() {
    let folder = Folder::new();
    folder.write("bad.lua", "x = = 2\n");
    let text = folder.run("--color always bad.lua").fails(65, "bad.lua");
    assert!(text.contains("\u{1b}["), "{text:?}");
    let text = folder.run("bad.lua --color always").fails(65, "bad.lua");
    assert!(!text.contains("\u{1b}["), "{text:?}");
}
