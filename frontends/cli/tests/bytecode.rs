//! Programs of bytecode, of whatever language: `std`, modules in other languages, `fmt`.

mod common;

use common::Folder;

const HELLO: &str = r#"minivm 1
; Says hello to its arguments.
sig0 = () variadic
func0 import "std" "print" sig0 () variadic
export "main" func1

func1 "main" sig0 () variadic {
  registers r0: any
block0:
  r0 = ref_func func0
  varargs_to_open
  call_any_open r0 ("hello")
  return_values ()
}
"#;

#[test]
fn a_program_runs_without_lua() {
    let folder = Folder::new();
    folder.write("hello.mvt", HELLO);
    folder.run("hello.mvt one two").prints("hello\tone\ttwo\n");
    folder.run("build hello.mvt -o hello.mvm").succeeds();
    folder.run("run --sandbox hello.mvm").prints("hello\n");
    folder.write("wrong.mvt", HELLO.replace("\"print\"", "\"prynt\""));
    let text = folder.run("wrong.mvt").fails(69, "unknown import 'std.prynt': 'std' has clock, find, flush");
    assert!(text.contains("print"), "{text}");
    folder.run("--fuel 2 --snapshot-to h.mvs hello.mvt x").fails(124, "it is saved");
    folder.run("resume h.mvs").prints("hello\tx\n");
    folder.write("clock.mvt", HELLO.replace("\"print\"", "\"clock\"").replace("call_any_open", "tail_call_any_open"));
    folder.write("clock.mvt", folder.read("clock.mvt").replace("  return_values ()\n", ""));
    folder.run("run --sandbox --invoke main clock.mvt").prints("nil\n");
    let seconds: f64 = folder.run("--invoke main clock.mvt").succeeds().trim().parse().expect("it is a number");
    assert!(seconds >= 0.0);
}

/// Imports from a module of Lua, one of WebAssembly and one of bytecode.
const MIXED: &str = r#"minivm 1
sig0 = () dynamic
sig1 = () variadic
func0 import "std" "print" sig1 () variadic
func1 import "names" "of" sig1 () variadic
func2 import "adder" "add" sig1 () variadic
func3 import "twice" "twice" sig1 () variadic
export "main" func4

func4 "main" sig1 () variadic {
  registers r0: any, r1: any, r2: any, r3: any
block0:
  r0 = ref_func func1
  r1 = call_any r0 (3)
  r0 = ref_func func2
  r2 = call_any r0 (2, 3)
  r0 = ref_func func3
  r3 = call_any r0 ("ab")
  r0 = ref_func func0
  call_any r0 (r1, r2, r3)
  return_values ()
}
"#;

#[test]
fn imports_are_found_as_require_finds_modules() {
    let folder = Folder::new();
    folder.write("main.mvt", MIXED);
    folder.write("names.lua", "return { of = function(n) return ('n'):rep(n) end, other = 1 }");
    folder.write(
        "adder.wat",
        "(module (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))",
    );
    let twice = "minivm 1\nsig0 = (any) dynamic\nexport \"twice\" func0\nfunc0 \"twice\" sig0 (any) dynamic {\n  registers r1: any\nblock0:\n  \
                 r1 = concat (r0, r0)\n  return_values (r1)\n}\n";
    folder.write("twice.mvt", twice);
    folder.run("main.mvt").prints("nnn\t5\tabab\n");
    folder.run("build twice.mvt -o twice.mvm").succeeds();
    folder.remove("twice.mvt");
    folder.run("--invoke main main.mvt").prints("nnn\t5\tabab\n");
    folder.run("--sandbox main.mvt").fails(69, "unknown import 'names.of'");
    folder.run("--sandbox --dir . main.mvt").prints("nnn\t5\tabab\n");
    for fuel in [1, 10, 60] {
        folder.run(&format!("--fuel {fuel} --snapshot-to m.mvs main.mvt")).fails(124, "it is saved");
        folder.run("inspect m.mvs").succeeds();
        folder.run("resume --trust m.mvs").prints("nnn\t5\tabab\n");
    }
    folder.write("names.lua", "return { offer = 1, off = 2 }");
    let text = folder.run("main.mvt").fails(69, "unknown import 'names.of'");
    assert!(text.contains("no such field, but off, offer"), "{text}");
    folder.remove("names.lua");
    let text = folder.run("main.mvt").fails(69, "unknown import 'names.of'");
    assert!(text.contains("./names.lua"), "{text}");
}

#[test]
fn a_main_that_captures_is_refused_with_the_reason() {
    let folder = Folder::new();
    folder.write(
        "captures.mvt",
        "minivm 1\nsig0 = () dynamic\nexport \"main\" func0\nfunc0 \"main\" sig0 () dynamic {\n  captures any, cell\n  \
         capture_names \"first\", \"second\"\nblock0:\n  return_values ()\n}\n",
    );
    let text = "`main` cannot be called from outside: it captures first, second";
    folder.run("captures.mvt").fails(69, text);
    folder.run("--invoke main captures.mvt").fails(69, text);
}

#[test]
fn named_globals_and_captured_variables_are_shown() {
    let folder = Folder::new();
    folder.write(
        "counter.mvt",
        "minivm 1\nsig0 = () dynamic\nglobal0 \"count\" = mutable any 41\nglobal1 = mutable any nil\nglobal2 \"missing\" = mutable any nil\n\
         export \"main\" func0\nfunc0 \"main\" sig0 () dynamic {\n  registers r0: any\nblock0:\n  r0 = closure func1 (\"a value\")\n  \
         tail_call_any r0 ()\n}\nfunc1 \"inner\" sig0 () dynamic {\n  captures any\n  capture_names \"captured\"\n  registers r0: any\nblock0:\n  \
         r0 = global_get global2\n  call_any r0 ()\n  return_values ()\n}\n",
    );
    folder.run("counter.mvt").fails(1, "attempt to call a nil value (global 'missing')");
    folder.run("run --snapshot-on-error c.mvs counter.mvt").fails(1, "saved");
    let text = folder.run("inspect c.mvs").succeeds();
    assert!(text.contains("captured = \"a value\"  (captured)"), "{text}");
    assert!(text.contains("  count   = 41\n  missing = nil\n"), "{text}");
}

#[test]
fn text_is_laid_out_with_its_comments() {
    let folder = Folder::new();
    let untidy = HELLO
        .replace("  registers", " \tregisters")
        .replace("func1 \"main\"", "\n\nfunc1   \"main\"")
        .replace(" = ", "=");
    folder.write("untidy.mvt", &untidy);
    folder.write("tidy.mvt", HELLO);
    folder.run("fmt --check tidy.mvt").prints("");
    folder.run("fmt --check tidy.mvt untidy.mvt").fails(65, "`untidy.mvt` is not laid out, from line 3 on");
    assert_eq!(folder.read("untidy.mvt"), untidy);
    folder.run_with("fmt -", &untidy).prints(HELLO);
    folder.run("fmt untidy.mvt").prints("");
    assert_eq!(folder.read("untidy.mvt"), HELLO);
    folder.write("wrong.mvt", "minivm 1\nfunc0 {\n");
    folder.run("fmt wrong.mvt untidy.mvt").fails(65, "wrong.mvt:2:7");
    folder.run("fmt none.mvt").fails(66, "cannot read `none.mvt`");
}

#[test]
fn snapshots_of_any_host_are_shown() {
    let folder = Folder::new();
    let text = "minivm 1\nsig0 = () dynamic\nfunc0 import \"game\" \"wait\" sig0 () dynamic\nexport \"main\" func1\n\
                func1 \"main\" sig0 () dynamic {\n  registers r0: any, r1: any\n  local \"player\" r1 1..3\nblock0:\n  r1 = copy \"knight\"\n  \
                r0 = ref_func func0\n  call_any r0 ()\n  return_values (r1)\n}\n";
    let program = minivm_isa::verify(minivm_isa::text::parse(text).expect("it is a program")).expect("it is valid");
    let mut machine = minivm::Machine::new(minivm::Limits::default());
    machine.define("game", "wait", |call| call.return_none()).expect("there is memory");
    let level = machine.object("level", 7_u32, &minivm::Value::Nil).expect("there is memory");
    machine.set_object_codec("level", |level: &u32| Ok(vec![*level as u8]), |bytes| Ok(u32::from(bytes[0])));
    machine.register("level", &level).expect("it is of this machine");
    let instance = machine.instantiate(program).expect("it links");
    let main = machine.exported_function(instance, "main").expect("it is exported");
    machine.prepare(&main, &[]).expect("it is of this machine");
    machine.step(2);
    let saved = machine.save(b"a note of the game", minivm::CodeForm::Whole).expect("it can be saved");
    folder.write("plain.mvs", &saved);
    folder.write("packed.mvs", minivm::snapshot_file::pack(&saved).expect("there is memory"));
    for file in ["plain.mvs", "packed.mvs"] {
        let text = folder.run(&format!("inspect {file}")).succeeds();
        assert!(text.contains(&format!("{file}: stopped")) && text.contains("player = \"knight\""), "{text}");
        folder.run(&format!("resume {file}")).fails(69, "another host has saved it");
    }
    assert!(saved.len() > folder.read_bytes("packed.mvs").len());
    assert_eq!(machine.load(&folder.read_bytes("packed.mvs")), Ok(b"a note of the game".to_vec()));
    assert_eq!(machine.load(&saved), Ok(b"a note of the game".to_vec()));
}
