//! `--snapshot-to`, `resume` and `inspect` in processes of their own.

mod common;

use std::path::Path;
use std::process::{Command, Output};

fn minivm(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_minivm")).args(arguments).output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const LUA: &str = "
local squares = setmetatable({}, { __index = function(t, k) return k * k end })
local co = coroutine.wrap(function(...) for i = 1, 1000 do coroutine.yield(i, ...) end end)
local sum = 0
for i = 1, 200 do sum = sum + squares[i] + select('#', co('x', 'y')) end
print('sum', sum, ...)
print(pcall(function() local t = nil; return t.x end))
";

/// WebAssembly that calls whatever it is given for each number.
const KERNEL: &str = r#"(module (import "tools" "square" (func $square (param i32) (result i32)))
    (import "env" "each" (func $each (param i32)))
    (memory (export "memory") 1)
    (func (export "squares") (param $count i32) (local $i i32)
        (loop $again
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
            (call $each (call $square (local.get $i)))
            (br_if $again (i32.lt_s (local.get $i) (local.get $count))))))"#;

/// A program that the builder could have made.
const TOOLS: &str = "minivm 1
sig0 = (i32) -> (i32)
export \"square\" func0
func0 \"square\" sig0 (i32) -> (i32) {
  registers r1: i32
block0:
  r1 = i32_mul r0, r0
  return_values (r1)
}
";

const MIXED: &str = "local seen = {}
package.loaded.env = { each = function(n) seen[#seen + 1] = n if #seen % 4 == 0 then coroutine.yield(#seen) end end }
local kernel = require 'kernel'
local turns = coroutine.wrap(function() kernel.squares(10) end)
print(1, 3, turns() + 2) turns() turns()
local sum = 0 for _, n in ipairs(seen) do sum = sum + n end
print(sum, kernel.memory:get('i32', 8))
";

/// Runs what these words say in slices of so much fuel, each in a process of its own; what it printed in all.
fn in_slices(fuel: &str, words: &[&str]) -> (String, i32, u32) {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one.mvs"), folder.path().join("other.mvs"));
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let mut arguments = vec!["run", "--fuel", fuel, "--snapshot-to"];
    let (one, other) = (path(&one), path(&other));
    arguments.push(&one);
    arguments.extend(words);
    let mut output = minivm(&arguments);
    let (mut printed, mut count) = (text(&output.stdout), 0);
    while output.status.code() == Some(124) {
        count += 1;
        assert!(count < 200, "it never ends: {}", text(&output.stderr));
        std::fs::rename(&one, &other).unwrap();
        output = minivm(&["resume", "--trust", &other, "--fuel", fuel, "--snapshot-to", &one]);
        printed += &text(&output.stdout);
    }
    assert!(!Path::new(&one).exists(), "a program that ended is not saved");
    (printed, output.status.code().unwrap(), count)
}

#[test]
fn a_lua_program_goes_on_in_other_processes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sum.lua");
    std::fs::write(&file, LUA).unwrap();
    let whole = minivm(&["run", file.to_str().unwrap(), "a", "b"]);
    let (printed, code, count) = in_slices("300", &[file.to_str().unwrap(), "a", "b"]);
    assert_eq!((printed.as_str(), code), (text(&whole.stdout).as_str(), 0));
    assert!(printed.starts_with("sum\t2687300\ta\tb\n") && count > 5, "{printed} in {count} slices");
}

#[test]
fn a_mixed_program_goes_on_in_other_processes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("kernel.wat", KERNEL);
    write("tools.mvt", TOOLS);
    write("mixed.lua", MIXED);
    let whole =
        Command::new(env!("CARGO_BIN_EXE_minivm")).arg("mixed.lua").current_dir(folder.path()).output().unwrap();
    assert_eq!(text(&whole.stdout), "1\t3\t6\n385\t10\n", "{}", text(&whole.stderr));
    let file = folder.path().join("mixed.lua");
    let path = format!("package.path = '{0}/?.wat;{0}/?.mvt'\n{MIXED}", folder.path().display());
    std::fs::write(&file, path).unwrap();
    let (printed, code, count) = in_slices("37", &[file.to_str().unwrap()]);
    assert_eq!((printed, code), (text(&whole.stdout), 0));
    assert!(count > 5, "{count} slices");
}

#[test]
fn a_call_prints_its_results_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fib.wat");
    let module = "(module (func $f (export \"fib\") (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 2))))))))";
    std::fs::write(&file, module).unwrap();
    let snapshot = folder.path().join("fib.mvs");
    let (file, snapshot) = (file.to_str().unwrap(), snapshot.to_str().unwrap());
    let stopped = minivm(&["run", "--fuel", "1000", "--snapshot-to", snapshot, "--invoke", "fib", file, "15"]);
    assert_eq!(stopped.status.code(), Some(124), "{}", text(&stopped.stderr));
    let inspected = minivm(&["inspect", snapshot]);
    assert!(text(&inspected.stdout).contains("fib"), "{}", text(&inspected.stdout));
    assert_eq!(text(&minivm(&["resume", snapshot]).stdout), "610\n");
    assert_eq!(text(&minivm(&["resume", snapshot]).stdout), "610\n");
}

/// Start functions, `_initialize`, the file of a Lua program: all of it can be stopped.
#[test]
fn what_comes_before_a_call_goes_on_in_other_processes() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("library.wat");
    let module = "(module (global $sum (mut i32) (i32.const 0)) (start $start)
        (func $count (param $to i32) (local $i i32) (loop $again
            (global.set $sum (i32.add (global.get $sum) (i32.const 1)))
            (br_if $again (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $to)))))
        (func $start (call $count (i32.const 30)))
        (func (export \"_initialize\") (call $count (i32.const 20)))
        (func (export \"sum\") (param i32) (result i32) (call $count (i32.const 10))
            (i32.add (global.get $sum) (local.get 0))))";
    std::fs::write(&library, module).unwrap();
    let (printed, code, count) = in_slices("25", &["--invoke", "sum", library.to_str().unwrap(), "1000"]);
    assert_eq!((printed.as_str(), code), ("1060\n", 0));
    assert!(count > 10, "{count} slices");

    let only_start = folder.path().join("start.wat");
    std::fs::write(&only_start, module.replace("(export \"sum\")", "")).unwrap();
    let (printed, code, count) = in_slices("25", &[only_start.to_str().unwrap()]);
    assert_eq!((printed.as_str(), code), ("", 0));
    assert!(count > 5, "{count} slices");

    let script = folder.path().join("script.lua");
    let program =
        "local sum = 0 for i = 1, 50 do sum = sum + i end return { sum = function(n) return sum + n, 'done' end }";
    std::fs::write(&script, program).unwrap();
    let (printed, code, count) = in_slices("20", &["--invoke", "sum", script.to_str().unwrap(), "1000"]);
    assert_eq!((printed.as_str(), code), ("2275\ndone\n", 0));
    assert!(count > 5, "{count} slices");
    let missing = minivm(&["run", "--invoke", "total", script.to_str().unwrap()]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("there is no function `total`"), "{}", text(&missing.stderr));
}

/// A start function that traps is an error of the program, and leaves a snapshot as other errors do.
#[test]
fn a_start_function_may_fail() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fails.wat");
    std::fs::write(&file, "(module (func $start (unreachable)) (start $start) (func (export \"main\")))").unwrap();
    let kept = folder.path().join("kept.mvs");
    let (file, kept) = (file.to_str().unwrap(), kept.to_str().unwrap());
    let output = minivm(&["run", "--snapshot-on-error", kept, file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("unreachable"), "{}", text(&output.stderr));
    assert!(text(&minivm(&["inspect", kept]).stdout).contains("start"));
}

#[test]
fn inspect_shows_stack_heap_and_locals() {
    let folder = tempfile::tempdir().unwrap();
    let (file, snapshot) = (folder.path().join("a.lua"), folder.path().join("a.mvs"));
    std::fs::write(&file, "local function spin(n)\n  local name = 'here'\n  while n do end\nend\nspin(7)\n").unwrap();
    let (file, snapshot) = (file.to_str().unwrap(), snapshot.to_str().unwrap());
    let stopped = minivm(&["run", "--fuel", "500", "--snapshot-to", snapshot, file]);
    assert_eq!(stopped.status.code(), Some(124));
    assert!(text(&stopped.stderr).contains("minivm resume"), "{}", text(&stopped.stderr));
    let shown = text(&minivm(&["inspect", snapshot]).stdout);
    for part in ["Lua", "a.lua:3", "name = \"here\"", "n    = 7", "  table "] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}

#[test]
fn what_cannot_travel_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (file, snapshot) = (folder.path().join("a.lua"), folder.path().join("a.mvs"));
    std::fs::write(&file, "local f = io.open(arg[0])\nwhile io.type(f) == 'file' do end\nprint(io.type(f))").unwrap();
    let (file, snapshot) = (file.to_str().unwrap(), snapshot.to_str().unwrap());
    let refused = minivm(&["run", "--fuel", "500", "--snapshot-to", snapshot, file]);
    assert_eq!(refused.status.code(), Some(69));
    assert!(text(&refused.stderr).contains("a.lua' of the `io` library is open"), "{}", text(&refused.stderr));
    assert!(!Path::new(snapshot).exists());
    let closing = minivm(&["run", "--fuel", "500", "--snapshot-to", snapshot, "--snapshot-closes-files", file]);
    assert_eq!(closing.status.code(), Some(124), "{}", text(&closing.stderr));
    assert_eq!(text(&minivm(&["resume", snapshot]).stdout), "closed file\n");
}

#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.mvs");
    let path = file.to_str().unwrap();
    assert_eq!(minivm(&["resume", path]).status.code(), Some(66));
    for bytes in [&b""[..], b"\0mvs", b"\0mvs\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x"] {
        std::fs::write(&file, bytes).unwrap();
        let output = minivm(&["resume", path]);
        assert_eq!(output.status.code(), Some(65));
        assert!(text(&output.stderr).contains("damaged"), "{}", text(&output.stderr));
    }
}

#[test]
fn a_warm_program_begins_where_its_top_level_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (file, warm) = (folder.path().join("app.lua"), folder.path().join("app.mvm"));
    let source = "local primes = {}\nfor i = 2, 2000 do local ok = true for j = 2, i // 2 do if i % j == 0 then ok = false break end end
        if ok then primes[#primes + 1] = i end end\nprint('built')\nreturn function(n) print(primes[tonumber(n)], #arg) end";
    std::fs::write(&file, source).unwrap();
    let (file, warm) = (file.to_str().unwrap(), warm.to_str().unwrap());
    let built = minivm(&["build", file, "--warm", "-o", warm]);
    assert_eq!((text(&built.stdout).as_str(), built.status.code()), ("built\n", Some(0)), "{}", text(&built.stderr));
    assert_eq!(text(&minivm(&[warm, "100"]).stdout), "541\t1\n");
    assert_eq!(text(&minivm(&["run", warm, "303"]).stdout), "1999\t1\n");
    assert_eq!(minivm(&["resume", warm]).status.code(), Some(2));
    // Cold, it is stopped long before its top level ends; warm, it needs a few instructions.
    let cold = minivm(&["run", "--fuel", "100000", file, "100"]);
    assert_eq!((text(&cold.stdout).as_str(), cold.status.code()), ("", Some(124)), "{}", text(&cold.stderr));
    assert_eq!(text(&minivm(&["run", "--fuel", "50", warm, "100"]).stdout), "541\t1\n");
}
