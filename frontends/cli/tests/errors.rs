//! `--snapshot-on-error`: a program that fails is saved as it was when it failed.

mod common;

use common::Folder;

const FAILING: &str = "local function half(n)
  local rest = n % 2
  if rest ~= 0 then error('odd: ' .. n) end
  return n // 2
end
local guard <close> = setmetatable({}, { __close = function() print('cleaned up') end })
print('begins')
print(half(4))
print(half(7))
";

#[test]
fn a_program_that_fails_is_saved_as_it_was() {
    let folder = Folder::new();
    folder.write("a.lua", FAILING);
    let plain = folder.run("run a.lua");
    let told = plain.fails(1, "a.lua:3: odd: 7");
    plain.exits(1, "begins\n2\ncleaned up\n");

    let saved = folder.run("run --snapshot-on-error a.mvs a.lua");
    let text = saved.fails(1, "minivm inspect a.mvs");
    assert!(text.starts_with(&told), "{text}");
    saved.exits(1, "begins\n2\ncleaned up\n");

    let shown = folder.run("inspect a.mvs").succeeds();
    for part in ["odd: 7", "a.lua:3", "n    = 7", "rest = 1", "a.lua:9"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    // As often as one likes: the error is told again, after the clean-ups.
    for _ in 0..2 {
        let again = folder.run("resume a.mvs");
        assert_eq!(again.fails(1, "odd: 7"), told);
        again.exits(1, "cleaned up\n");
    }
}

#[test]
fn a_trap_is_saved_and_a_success_is_not() {
    let folder = Folder::new();
    folder.write(
        "a.wat",
        "(module (func $divide (param $a i32) (param $b i32) (result i32) (i32.div_s (local.get $a) (local.get $b)))
         (func (export \"ratio\") (param $n i32) (param $m i32) (result i32) (call $divide (local.get $n) (local.get $m))))",
    );
    folder.run("run --snapshot-on-error a.mvs --invoke ratio a.wat 7 2").prints("3\n");
    folder.run("inspect a.mvs").fails(66, "a.mvs");
    let told = folder.run("run --snapshot-on-error a.mvs --invoke ratio a.wat 7 0").fails(1, "divide");
    let shown = folder.run("inspect a.mvs").succeeds();
    for part in ["divide", "a = 7", "b = 0", "m = 0"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let again = folder.run("resume a.mvs").fails(1, "divide");
    assert!(told.starts_with(&again), "{told} and {again}");
}

#[test]
fn what_cannot_travel_is_told_after_the_error() {
    let folder = Folder::new();
    folder.write("a.lua", "local f = io.open(arg[0])\nerror('after all')");
    let text = folder.run("run --snapshot-on-error a.mvs a.lua").fails(69, "after all");
    assert!(text.contains("the file 'a.lua' of the `io` library is open"), "{text}");
    folder.run("inspect a.mvs").fails(66, "a.mvs");
}

#[test]
fn a_traceback_tells_of_inlined_calls() {
    let folder = Folder::new();
    folder.write("inlined.wasm", include_bytes!("../../wasm/tests/data/inlined.wasm"));
    let lines = "inlined.c:4: integer divide by zero\nstack traceback:\n\tinlined.c:4: in function 'divide'\n\tinlined.c:9: in \
                 function 'share'\n\tinlined.c:14: in function 'average'";
    let told = folder.run("--invoke average inlined.wasm 7 0").fails(1, "divide");
    assert!(told.contains(lines), "{told}");
    // Programs see what is the same wherever they run.
    let script = "local module = wasm.instantiate('inlined.wasm')\n\
                  print(select(2, xpcall(module.average, debug.traceback, 7, 0)):match('in function .-\\n'))";
    folder.write("a.lua", script);
    folder.run("a.lua").prints("in function 'average'\n\n");
}
