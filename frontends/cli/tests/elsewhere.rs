//! What a snapshot leaves at home: code, by reference, and files that are open.

mod common;

use common::Folder;

const MODULE: &str =
    "(module (func (export \"twice\") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))";
const MAIN: &str = "local helper, module = require 'helper', require 'module'
local made = load('return function(n) return n + 1 end', '=made')()
local sum = 0
for i = 1, 100 do sum = sum + helper.square(i) + made(i) + module.twice(i) end
print(sum, ...)";
const HELPER: &str = "return { square = function(n) return n * n end }";

fn referring() -> Folder {
    let folder = Folder::new();
    folder.write("module.wat", MODULE);
    folder.write("helper.lua", HELPER);
    folder.write("main.lua", MAIN);
    folder.run("run --fuel 3300 --snapshot-to whole.mvs main.lua x").exits(124, "");
    folder.run("run --fuel 3300 --snapshot-to slim.mvs --by-reference main.lua x").exits(124, "");
    folder
}

#[test]
fn code_stays_at_home() {
    let folder = referring();
    assert!(folder.read_bytes("slim.mvs").len() < folder.read_bytes("whole.mvs").len());
    folder.run("resume whole.mvs").prints("353600\tx\n");
    folder.run("resume --trust slim.mvs").prints("353600\tx\n");
    // Files that a snapshot names are not opened for somebody who does not trust it.
    folder.run("resume slim.mvs").fails(66, "without the code of `./helper.lua`, and no file given has it");
    folder.run("inspect slim.mvs").fails(66, "say where the file is");
    folder.run("resume slim.mvs --program helper.lua --program module.wat --program main.lua").prints("353600\tx\n");
    // It stays there when it goes on and is stopped again.
    folder.run("resume --trust slim.mvs --fuel 50 --snapshot-to again.mvs --by-reference").exits(124, "");
    folder.run("resume --trust again.mvs").prints("353600\tx\n");
    let programs = "--program main.lua --program helper.lua --program module.wat";
    folder.run(&format!("inspect again.mvs {programs}")).succeeds();
    // A chunk that is in no file has come along; a file that is not there has not.
    folder.write("helper.lua", "return { square = function(n) return n end }");
    folder.run("resume --trust again.mvs").fails(66, "the code of `./helper.lua`, and its code has changed since");
    folder.write("elsewhere.lua", HELPER);
    folder.run("resume --trust again.mvs --program elsewhere.lua").prints("353600\tx\n");
    folder.run(&format!("inspect again.mvs {programs} --program elsewhere.lua")).succeeds();
    folder.run("resume --trust again.mvs --program main.lua").fails(66, "has changed since");
    folder.run("resume whole.mvs").prints("353600\tx\n");
}

#[test]
fn code_that_changed_before_the_state_was_saved_comes_along() {
    let folder = Folder::new();
    let change = "local file = io.open('main.lua', 'w') file:write('print(1)') file:close() while not arg.go do end";
    folder.write("main.lua", change);
    folder.run("run --fuel 9000 --snapshot-to slim.mvs --by-reference main.lua").exits(124, "");
    folder.run("resume --fuel 100 slim.mvs").fails(124, "stopped after 100 instructions");
}

#[test]
fn program_files_are_found_in_what_is_granted() {
    let folder = referring();
    folder
        .run("run --dir .::/app --fuel 5000 --snapshot-to a.mvs --by-reference main.lua")
        .fails(1, "module 'helper' not found");
    folder.write("granted.lua", format!("package.path = '/app/?.lua;/app/?.wat' {MAIN}"));
    folder.run("run --dir .::/app --fuel 3300 --snapshot-to a.mvs --by-reference granted.lua").exits(124, "");
    folder.run("resume --trust a.mvs").prints("353600\n");
    folder.write("module.wat", "(module)");
    folder.run("resume --trust a.mvs").fails(66, "the code of `/app/module.wat`");
}

const READER: &str = "local input, output = io.open('in.txt'), io.open('out.txt', 'w')
output:setvbuf('full')
for line in input:lines() do
  output:write(line:upper(), '\\n')
  for i = 1, 20 do end
end
output:close() print(input:read('a') == '', pcall(output.write, output, 'x'))";

#[test]
fn files_of_lua_are_opened_again_where_they_were() {
    let folder = Folder::new();
    folder.write("in.txt", "one\ntwo\nthree\nfour\n");
    folder.write("reader.lua", READER);
    folder
        .run("run --fuel 80 --snapshot-to a.mvs reader.lua")
        .fails(69, "the file 'in.txt' of the `io` library is open");
    folder.run("run --fuel 80 --snapshot-to a.mvs --snapshot-reopens-files reader.lua").exits(124, "");
    assert_ne!(folder.read("out.txt"), "ONE\nTWO\nTHREE\nFOUR\n");
    // Nothing is opened again unless that is wanted, and granted.
    folder
        .run("resume --trust a.mvs")
        .fails(69, "the file 'in.txt' is open in it, and files are not opened again here");
    folder.run("resume --reopen-files a.mvs").fails(69, "the file 'in.txt' cannot be opened again: No such file");
    let resume = "resume --trust --reopen-files";
    folder.run(&format!("{resume} a.mvs --fuel 30 --snapshot-to b.mvs")).fails(69, "the file 'in.txt'");
    folder.run(&format!("{resume} a.mvs --fuel 30 --snapshot-to b.mvs --snapshot-reopens-files")).exits(124, "");
    folder.run(&format!("{resume} b.mvs")).prints("true\tfalse\tattempt to use a closed file\n");
    assert_eq!(folder.read("out.txt"), "ONE\nTWO\nTHREE\nFOUR\n");
    // Only what is granted now is opened.
    folder.write("elsewhere/in.txt", "");
    folder
        .run("resume --reopen-files --dir elsewhere::. b.mvs")
        .fails(69, "the file 'out.txt' cannot be opened again: No such file");
}

#[test]
fn files_can_be_closed_or_cannot_be_opened_again() {
    let folder = Folder::new();
    folder.write(
        "temporary.lua",
        "local file = io.tmpfile() file:write('x') while io.type(file) == 'file' do end print(io.type(file))",
    );
    let line = "run --fuel 80 --snapshot-to a.mvs";
    folder.run(&format!("{line} temporary.lua")).fails(69, "a temporary file of the `io` library is open");
    let reopens = format!("{line} --snapshot-reopens-files temporary.lua");
    folder.run(&reopens).fails(69, "a temporary file cannot be opened again: it has no name");
    folder.run(&format!("{line} --snapshot-closes-files temporary.lua")).exits(124, "");
    folder.run("resume a.mvs").prints("closed file\n");
    folder
        .run(&format!("{line} --snapshot-closes-files --snapshot-reopens-files a.lua"))
        .fails(2, "cannot be used with");
}

/// Opens `in` of the first granted directory, and `in` through `sub`; prints eight bytes of each, with much to do in between.
const WASI: &str = r#"(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "in") (data (i32.const 8) "sub")
  (data (i32.const 16) "\40\00\00\00\04\00\00\00")
  (func $check (param i32) (if (local.get 0) (then (call $exit (local.get 0)))))
  (func $copy (param $fd i32)
    (call $check (call $read (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 32)))
    (call $check (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32))))
  (func (export "_start") (local $n i32)
    (call $check (call $open (i32.const 3) (i32.const 1) (i32.const 8) (i32.const 3) (i32.const 2) (i64.const 0x2002) (i64.const 2) (i32.const 0) (i32.const 48)))
    (call $check (call $open (i32.load (i32.const 48)) (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 52)))
    (call $copy (i32.load (i32.const 52)))
    (loop $again (br_if $again (i32.lt_s (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))
    (call $copy (i32.load (i32.const 52)))
    (call $check (call $open (i32.load (i32.const 48)) (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 52)))
    (call $copy (i32.load (i32.const 52)))))"#;

#[test]
fn files_of_wasi_are_opened_again_where_they_were() {
    let folder = Folder::new();
    folder.write("data/sub/in", "abcdefgh");
    folder.write("app.wat", WASI);
    folder.run("--dir data app.wat").prints("abcdefghabcd");
    folder
        .run("run --dir data --fuel 300 --snapshot-to a.mvs app.wat")
        .fails(69, "the directory 'sub' in 'data' (descriptor 4) is open");
    folder.run("run --dir data --fuel 300 --snapshot-to a.mvs --snapshot-reopens-files app.wat").exits(124, "abcd");
    folder.run("resume --dir data --reopen-files a.mvs").prints("efghabcd");
    folder
        .run("resume --dir data a.mvs")
        .fails(69, "'sub' in 'data' is open in it, and files are not opened again here");
    folder.run("resume a.mvs").fails(69, "the directory 'data' is not granted here");
    folder.run("inspect a.mvs").succeeds();
    folder.write("other/sub/file", "");
    folder
        .run("resume --reopen-files --dir other::data a.mvs")
        .fails(69, "'sub/in' in 'data' cannot be opened again: No such file");
    // Closed, the number is that of nothing.
    folder.run("run --dir data --fuel 300 --snapshot-to b.mvs --snapshot-closes-files app.wat").exits(124, "abcd");
    folder.run("resume --dir data b.mvs").exits(8, "");
}
