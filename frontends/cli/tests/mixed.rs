//! Lua scripts with modules in other languages: `require` sees what is granted, and one budget holds for all.

mod common;

use common::Folder;

const MODULE: &str = r#"(module
    (import "env" "f" (func $f (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "spin") (loop $again (br $again)))
    (func (export "back") (param i32) (result i32) (call $f (local.get 0))))"#;

#[test]
fn modules_are_found_where_files_are_granted() {
    let folder = Folder::new();
    folder.write("module.wat", MODULE);
    folder.write("env.lua", "return { f = function(i) return i * 2 end }");
    folder.write("a.lua", "local m = require 'module' print(m.add(2, 3), m.back(21))");
    folder.run("a.lua").prints("5\t42\n");
    folder.run("--dir .::. a.lua").prints("5\t42\n");
    folder.write("b.lua", "package.path = '../?.wat' print((pcall(require, 'module')))");
    folder.run("--dir .::. b.lua").prints("false\n");
    folder.run("build module.wat -o built.mvm").succeeds();
    folder.write("c.lua", "local m = require 'built' print(m.back(4))");
    folder.run("c.lua").prints("8\n");
    folder.run("build env.lua -o environment.mvm").succeeds();
    folder.write("d.lua", "print(require 'environment'.f(5))");
    folder.run("d.lua").prints("10\n");
}

#[test]
fn one_budget_holds_for_all() {
    let folder = Folder::new();
    folder.write("module.wat", MODULE);
    folder.write(
        "spin.lua",
        "local m = wasm.instantiate('module.wat', { env = { f = print } }) pcall(m.spin) print 'never'",
    );
    folder.run("--fuel 1000000 spin.lua").fails(124, "after 1000000 instructions");
    folder.write(
        "turns.lua",
        "local m m = wasm.instantiate('module.wat', { env = { f = function(i) return i end } }) while true do m.back(1) end",
    );
    folder.run("--fuel 1000001 turns.lua").fails(124, "after 1000001 instructions");
    folder.write(
        "grow.lua",
        "local m = wasm.instantiate('module.wat', { env = { f = print } }) print(m.grow(1000), m.memory:grow(1000), m.grow(1))",
    );
    folder.run("--memory-max 16M grow.lua").prints("-1\tnil\t1\n");
    folder.run("grow.lua").prints("1\t1001\t2001\n");
    folder.write(
        "deep.lua",
        "local m m = wasm.instantiate('module.wat', { env = { f = function(i) return 1 + m.back(i) end } }) m.back(1)",
    );
    folder.run("deep.lua").fails(1, "stack overflow");
}
