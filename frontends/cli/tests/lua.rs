//! Lua scripts run as they would under `lua`.

mod common;

use common::Folder;

#[test]
fn a_script_gets_its_arguments() {
    let folder = Folder::new();
    folder.write("a.lua", "print(...) print(arg[-1], arg[0], arg[1], arg[2], #arg)");
    folder.run("a.lua one --two").prints("one\t--two\nminivm\ta.lua\tone\t--two\t2\n");
    folder.write("script", "#!/usr/bin/env minivm\nprint('no ending', #arg)");
    folder.run("script").prints("no ending\t0\n");
    folder.run_with("- x", "print('from input', ...)").prints("from input\tx\n");
}

#[test]
fn input_and_output_are_connected() {
    let folder = Folder::new();
    folder.write(
        "ask.lua",
        "io.write('name? ') local name = io.read() print('hello ' .. name) io.stderr:write('done\\n')",
    );
    folder.run_with("ask.lua", "Ada\n").prints("name? hello Ada\n");
    folder.write("lines.lua", "local n = 0 for line in io.lines() do n = n + #line end print(n)");
    folder.run_with("lines.lua", "one\ntwo\nthree").prints("11\n");
}

#[test]
fn exit_codes_are_those_of_the_script() {
    let folder = Folder::new();
    folder.write("exit.lua", "io.write('before') os.exit(tonumber(arg[1]))");
    folder.run("exit.lua 3").exits(3, "before");
    folder.run("exit.lua 300").exits(44, "before");
    folder.write("bool.lua", "os.exit(arg[1] == 'yes')");
    folder.run("bool.lua yes").exits(0, "");
    folder.run("bool.lua no").exits(1, "");
}

#[test]
fn errors_are_told_with_a_traceback() {
    let folder = Folder::new();
    folder.write("e.lua", "local function f(t)\n  print('first') local z = t.x.y\n  return z\nend\nf({})\n");
    let text = folder.run("e.lua").fails(1, "minivm: e.lua:2: attempt to index a nil value (field 'x')\n");
    assert!(text.contains("stack traceback:\n\te.lua:2: in local 'f'\n\te.lua:5: in main chunk"), "{text}");
    folder.run("e.lua").exits(1, "first\n");
    folder.write("object.lua", "error(setmetatable({}, {__tostring = function() return 'my own words' end}))");
    folder.run("object.lua").fails(1, "minivm: my own words\n");
    folder.write("table.lua", "error({})");
    folder.run("table.lua").fails(1, "(error object is a table value)");
    folder.write("number.lua", "error(42, 0)");
    folder.run("number.lua").fails(1, "minivm: 42\n");
}

#[test]
fn limits_hold() {
    let folder = Folder::new();
    folder.write("loop.lua", "print('on') while true do end");
    let text = folder.run("--fuel 100000 loop.lua").fails(124, "after 100000 instructions");
    assert!(text.contains("loop.lua:1: in main chunk"), "{text}");
    folder.run("--fuel 100000 loop.lua").exits(124, "on\n");
    folder.write("memory.lua", "local t = {} for i = 1, 1e9 do t[i] = i end");
    folder.run("--memory-max 4M memory.lua").fails(1, "not enough memory");
    folder.write("caught.lua", "print(pcall(function() local t = {} for i = 1, 1e9 do t[i] = i end end))");
    folder.run("--memory-max 4M caught.lua").prints("false\tnot enough memory\n");
    folder.write("deep.lua", "local function f() return 1 + f() end print(pcall(f)) f()");
    folder.run("deep.lua").fails(1, "stack overflow");
}

#[test]
fn a_function_of_a_module_can_be_called() {
    let folder = Folder::new();
    folder.write(
        "m.lua",
        "print('loading') function global(x) return #x end return {add = function(a, b) return a + b, 'x' end}",
    );
    folder.run("--invoke add m.lua 3 4.5").prints("loading\n7.5\nx\n");
    folder.run("--invoke global m.lua word").prints("loading\n4\n");
    folder.run("--invoke nothing m.lua").fails(2, "there is no function `nothing`");
}

#[test]
fn compiled_scripts_run_like_their_source() {
    let folder = Folder::new();
    folder.write("a.lua", "local x <const> = 20 print(x + 1, ...)");
    folder.run("build a.lua -o a.mvm").prints("");
    folder.run("a.mvm y").prints("21\ty\n");
    let text = folder.run("dis a.mvm").succeeds();
    assert!(text.contains("main chunk"), "{text}");
    let listing = folder.run("explain a.lua").succeeds();
    assert!(listing.contains("a.lua:1: local x <const> = 20"), "{listing}");
}

#[test]
fn modules_are_found_beside_the_working_folder() {
    let folder = Folder::new();
    folder.write("util.lua", "return {double = function(x) return 2 * x end}");
    folder.write("main.lua", "print(require('util').double(21), package.loaded.util ~= nil)");
    folder.run("main.lua").prints("42\ttrue\n");
    folder.write("bad.lua", "return = 1");
    folder.write("main.lua", "require 'bad'");
    folder.run("main.lua").fails(1, "./bad.lua:1: unexpected symbol near '='");
}

#[test]
fn granted_directories_confine_a_script() {
    let folder = Folder::new();
    folder.write("file.txt", "contents");
    folder.write("read.lua", "local f, e = io.open(arg[1]) print(f and f:read('a'), e)");
    folder.run("read.lua file.txt").prints("contents\tnil\n");
    folder.run("--dir .::/data read.lua /data/file.txt").prints("contents\tnil\n");
    folder.run("--dir .::/data read.lua file.txt").prints("nil\tfile.txt: No such file or directory\n");
    folder
        .run("--dir .::/data read.lua /data/../../etc/passwd")
        .exits(0, "nil\t/data/../../etc/passwd: Permission denied\n");
    folder.write("env.lua", "print(os.getenv('A'), os.getenv('NO_COLOR'))");
    folder.run("--env A=1 env.lua").prints("1\t1\n");
    folder.run("--env A=1 --dir . env.lua").prints("1\tnil\n");
}
