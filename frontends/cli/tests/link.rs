//! What modules import from: programs that are preloaded, files beside them, stubs; scripts of the testsuite.

mod common;

use common::Folder;

const MAIN: &str = r#"(module
    (import "lib" "twice" (func $twice (param i32) (result i32)))
    (import "lib" "calls" (global $calls (mut i32)))
    (func (export "run") (param i32) (result i32 i32) (call $twice (local.get 0)) (global.get $calls)))"#;

const LIBRARY: &str = r#"(module
    (import "deep.base" "two" (global $two i32))
    (global $calls (export "calls") (mut i32) (i32.const 0))
    (func $start (global.set $calls (i32.const 10)))
    (start $start)
    (func (export "_initialize") (global.set $calls (i32.add (global.get $calls) (i32.const 5))))
    (func (export "twice") (param i32) (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i32.mul (local.get 0) (global.get $two))))"#;

const BASE: &str = r#"(module (global (export "two") i32 (i32.const 2)))"#;

#[test]
fn modules_are_found_beside_the_main_one() {
    let folder = Folder::new();
    folder.write("app/main.wat", MAIN);
    folder.run("--invoke run app/main.wat 21").fails(69, "unknown import 'lib.twice'");
    folder.write("app/lib.wat", LIBRARY);
    folder.run("--invoke run app/main.wat 21").fails(69, "unknown import 'deep.base.two'");
    folder.write("app/deep/base.wat", BASE);
    folder.run("--invoke run app/main.wat 21").prints("42\n16\n");
    // A sandbox sees no file but the one that is run.
    folder.run("run --sandbox --invoke run app/main.wat 21").fails(69, "unknown import 'lib.twice'");
    // Nor does a name reach out of the folder.
    folder.write("main.wat", r#"(module (import "../lib" "twice" (func)) (func (export "run")))"#);
    folder.run("--invoke run main.wat").fails(69, "unknown import '../lib.twice'");
    // Modules that import from one another in a circle find nothing.
    folder.write("a.wat", r#"(module (import "b" "f" (func)) (func (export "f")))"#);
    folder.write("b.wat", r#"(module (import "a" "f" (func)) (func (export "f")))"#);
    folder.run("--invoke f a.wat").fails(69, "unknown import 'b.f'");
}

#[test]
fn programs_are_preloaded() {
    let folder = Folder::new();
    folder.write("main.wat", MAIN);
    folder.write("other/library.wat", LIBRARY);
    folder.write("two.wat", BASE);
    let preloads = "--preload deep.base=two.wat --preload lib=other/library.wat";
    folder.run(&format!("run {preloads} --invoke run main.wat 4")).prints("8\n16\n");
    folder.run(&format!("run --sandbox {preloads} --invoke run main.wat 4")).prints("8\n16\n");
    folder
        .run("run --preload lib=other/library.wat --invoke run main.wat 4")
        .fails(69, "unknown import 'deep.base.two'");
    folder.run("run --preload lib=none.wat --invoke run main.wat 4").fails(66, "none.wat");
    folder.write("lib.lua", "return {}");
    folder.run("run --preload lib=lib.lua --invoke run main.wat 4").fails(2, "cannot be imported as a module");
    // What runs before counts, too, and can be stopped and saved.
    folder.run(&format!("run --fuel 3 --snapshot-to s.mvs {preloads} --invoke run main.wat 4")).fails(124, "3 instr");
    folder.run("resume s.mvs").prints("8\n16\n");
    // Lua programs have them as modules.
    folder.write("main.lua", "print(require 'lib'.twice(5), require 'lib'.calls.value)");
    folder.run(&format!("run {preloads} main.lua")).prints("10\t16\n");
}

#[test]
fn missing_functions_can_be_stubs() {
    let folder = Folder::new();
    folder.write(
        "main.wat",
        r#"(module
            (import "env" "vector" (func $vector (param v128) (result v128)))
            (import "env" "never" (func $never (result i32)))
            (import "env" "never" (func $again (result i32)))
            (func (export "run") (param i32) (result i32)
                (if (result i32) (local.get 0) (then (call $never)) (else (i32.const 7))))
            (func (export "twice") (result i32) (i32.add (call $again) (call $never)))
            (func (export "vector") (param v128) (result v128) (call $vector (local.get 0))))"#,
    );
    folder.run("--invoke run main.wat 0").fails(69, "unknown import 'env.vector'");
    folder.run("run --stub-imports --invoke run main.wat 0").prints("7\n");
    folder.run("run --stub-imports --invoke run main.wat 1").fails(1, "unknown import 'env.never' was called");
    folder.run("run --stub-imports --invoke twice main.wat").fails(1, "unknown import 'env.never' was called");
    let vector = r#"$M run --stub-imports --invoke vector main.wat 'i64x2 1 2'"#;
    folder.shell(vector).fails(1, "unknown import 'env.vector' was called");
    folder.write("memory.wat", r#"(module (import "env" "memory" (memory 1)) (func (export "run")))"#);
    folder.run("run --stub-imports --invoke run memory.wat").fails(69, "unknown import 'env.memory'");
}

#[test]
fn numbers_are_passed_bit_for_bit() {
    let folder = Folder::new();
    folder.write(
        "main.wat",
        r#"(module
            (func (export "f32") (param f32) (result f32 i32) (local.get 0) (i32.reinterpret_f32 (local.get 0)))
            (func (export "mixed") (param i32 v128 f64) (result v128 f64 i64)
                (i32x4.add (local.get 1) (i32x4.splat (local.get 0))) (local.get 2) (i64.const -1)))"#,
    );
    folder.run("--invoke f32 main.wat nan:0x200001").prints("nan:0x200001\n2141192193\n");
    folder.run("--invoke f32 main.wat -0x1.8p-1").prints("-0.75\n-1086324736\n");
    folder.run("--invoke f32 main.wat nan:0x0").fails(2, "`nan:0x0` is not a valid f32");
    let line = "$M --invoke mixed main.wat 1 'i32x4 1 0xffffffff 3 4' 0x1p4";
    folder.shell(line).prints("i32x4 0x00000002 0x00000000 0x00000004 0x00000005\n16\n-1\n");
    folder.shell("$M --invoke mixed main.wat 1 'i32x4 1' 2").fails(2, "`i32x4 1` is not a valid v128");
    // The types of results are saved.
    let line = "$M --fuel 2 --snapshot-to s.mvs --invoke mixed main.wat 1 'i32x4 1 2 3 4' nan:0x1; $M resume s.mvs";
    folder.shell(line).prints("i32x4 0x00000002 0x00000003 0x00000004 0x00000005\nnan:0x1\n-1\n");
}

#[test]
fn modules_that_lua_loads_use_wasi_where_it_is_granted() {
    let folder = Folder::new();
    folder.write(
        "hello.wat",
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_open"
                (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\n")
            (func (export "hello") (result i32) (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
            (func (export "open") (result i32)
                (call $open (i32.const 3) (i32.const 0) (i32.const 8) (i32.const 5) (i32.const 0) (i64.const 2)
                    (i64.const 0) (i32.const 0) (i32.const 40))))"#,
    );
    folder.write("sub/hello", "");
    folder.write(
        "main.lua",
        "local m = require 'hello' print 'before' io.stdout:flush() print(m.hello(), m.open()) m = nil
         print(pcall(wasm.instantiate('hello.wat', {}).hello))",
    );
    folder.run("main.lua").fails(1, "wasi_snapshot_preview1");
    // Without a folder there is nothing that could be opened: 8 is a bad descriptor.
    folder.run("--wasi main.lua").prints("before\nhello\n0\t8\nhello\ntrue\t0\n");
    folder.run("run --sandbox --wasi --dir sub::/ main.lua").fails(1, "hello");
    folder.run("run --wasi --dir .::. --dir sub::/ main.lua").succeeds();
}

#[test]
fn a_program_is_told_another_name() {
    let folder = Folder::new();
    folder.write("main.lua", "print(arg[0], ...)");
    folder.run("--argv0 /bin/tool main.lua x").prints("/bin/tool\tx\n");
}

#[test]
fn scripts_of_the_testsuite_are_run() {
    let folder = Folder::new();
    folder.write(
        "suite/good.wast",
        r#"(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
           (assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))
           (assert_invalid (module (func (result i32))) "type mismatch")"#,
    );
    folder.run("wast suite/good.wast").prints("1 scripts, 0 with failures: 2 assertions hold, 0 do not\n");
    folder.write(
        "suite/deep/bad.wast",
        r#"(module (func (export "one") (result i32) (i32.const 1)) (func (export "loop") (loop (br 0))))
           (assert_return (invoke "one") (i32.const 2))
           (assert_trap (invoke "one") "unreachable")
           (assert_return (invoke "one") (i32.const 1))
           (assert_return (invoke "loop"))"#,
    );
    let told = folder.run("wast --fuel 1000 --verbose suite").fails_with_output(1);
    for part in [
        "suite/deep/bad.wast:2: expected",
        "suite/deep/bad.wast:3: expected trap 'unreachable'",
        "suite/deep/bad.wast:5: ",
        "suite/deep/bad.wast: 1 assertions hold, 3 do not",
        "suite/good.wast: 2 assertions hold, 0 do not",
        "2 scripts, 1 with failures: 3 assertions hold, 3 do not",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    folder.write("wrong.wast", "(module");
    folder.run("wast wrong.wast").fails(65, "wrong.wast");
    folder.run("wast missing.wast").fails(66, "missing.wast");
}
