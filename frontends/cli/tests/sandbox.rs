//! What a program may touch: in a sandbox, when it is resumed, and when a snapshot is only looked at.

mod common;

use common::Folder;
use std::process::Command;
use std::time::Duration;

/// Tries everything that reaches out, and says what it got.
const LUA: &str = "local function try(f, ...) print(pcall(f, ...)) end
for _, name in ipairs { '/etc/hostname', 'inside/secret.txt', '../x' } do
  try(io.open, name) try(io.lines, name) try(io.input, name) try(loadfile, name) try(dofile, name) try(os.remove, name)
end
try(io.open, 'made.txt', 'w') try(io.output, 'made.txt') try(io.open, 'inside/made.txt', 'a')
try(io.tmpfile) try(os.tmpname) try(os.rename, 'inside/secret.txt', 'moved.txt')
print(os.getenv('HOME'), os.execute()) try(os.execute, 'true') try(io.popen, 'true')
try(require, 'module') try(package.loadlib, 'libc.so.6', 'system')
print(os.clock() == 0) try(os.time) try(os.date) print(os.date('!%Y', 0))
print(math.random(1000), math.random(1000))
for _, name in ipairs { 'getlocal', 'getmetatable', 'getregistry', 'getupvalue', 'setmetatable', 'setupvalue', 'upvaluejoin' } do
  if debug[name] then print(name) end
end
print(debug.traceback ~= nil, debug.getinfo(1, 'f').func, debug.getinfo(print, 'f').func == print)";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("inside/main.lua", LUA);
    folder.write("inside/secret.txt", "secret");
    folder.write("inside/module.lua", "return 'module'");
    folder.write("outside.txt", "outside");
    folder
}

#[test]
fn a_sandbox_grants_nothing_by_itself() {
    let folder = folder();
    let shown = folder.run("run --sandbox inside/main.lua").succeeds();
    assert_eq!(shown, folder.run("run --sandbox inside/main.lua").succeeds(), "it is the same each time");
    for line in ["No such file or directory", "not permitted", "not granted", "module 'module' not found"] {
        assert!(shown.contains(line), "{line} is not in {shown}");
    }
    for line in
        ["secret\n", "file (", "getlocal", "getupvalue", "true\tmodule", "function: 0", "true\t/tmp", "true\ttrue"]
    {
        assert!(!shown.contains(line), "{line} is in {shown}");
    }
    assert!(shown.contains("1970") && shown.ends_with("true\tnil\ttrue\n"), "{shown}");
    insta::assert_snapshot!(shown);
    assert_eq!(folder.read("inside/secret.txt"), "secret");
    assert!(!folder.has("made.txt") && !folder.has("inside/made.txt"));
}

#[test]
fn what_is_granted_in_a_sandbox_is_there_and_no_more() {
    let folder = folder();
    folder.link("../outside.txt", "inside/link");
    folder.link("/etc", "inside/etc");
    folder.write(
        "escapes.lua",
        "for _, name in ipairs { 'in/secret.txt', 'in/link', 'in/../outside.txt', '../outside.txt', 'in/etc/passwd', '/etc/passwd',
            'in//etc/passwd', './in/../../outside.txt', 'outside.txt', '/proc/self/environ', 'in/./link', 'in' } do
            local file = io.open(name) print(name, file and file:read(3))
        end
        print(os.rename('in/secret.txt', '../gone.txt'), os.remove('in/../outside.txt'), os.remove('in/etc/passwd'))
        print(io.open('in/link', 'w'), io.open('in/made.txt', 'w') ~= nil, os.getenv('GIVEN'), os.getenv('HOME'))
        print(os.time() > 1700000000)",
    );
    let shown = folder.run("run --sandbox --dir inside::in --env GIVEN=x --clock escapes.lua").succeeds();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "in/secret.txt\tsec");
    assert!(lines[1..12].iter().all(|line| line.ends_with("\tnil")), "{shown}");
    assert_eq!(lines[12].matches("nil").count(), 3, "{shown}");
    assert!(lines[13].starts_with("nil\t") && lines[13].ends_with("true\tx\tnil"), "{shown}");
    assert_eq!(lines[14], "true");
    assert_eq!((folder.read("outside.txt").as_str(), folder.has("inside/made.txt")), ("outside", true));
}

#[test]
fn randomness_is_only_there_when_it_is_granted() {
    let folder = Folder::new();
    folder.write("random.lua", "print(math.random(1 << 60)) math.randomseed() print(math.random(1 << 60))");
    let run = |line: &str| folder.run(line).succeeds();
    assert_eq!(run("run --sandbox random.lua"), run("run --sandbox random.lua"));
    assert_ne!(run("run --sandbox --random random.lua"), run("run --sandbox --random random.lua"));
    assert_ne!(run("random.lua"), run("random.lua"));
}

/// Prints what the clock, the random source and the environment give, and the number of granted directories.
const WASI: &str = r#"(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\40\00\00\00\20\00\00\00")
  (func (export "_start") (local $n i32)
    (loop $again (br_if $again (i32.lt_s (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 500))))
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 0x40)))
    (drop (call $random (i32.const 0x48) (i32.const 8)))
    (drop (call $environ (i32.const 0x50) (i32.const 0x54)))
    (i32.store (i32.const 0x58) (call $prestat (i32.const 3) (i32.const 0x80)))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))))"#;

#[test]
fn wasi_in_a_sandbox_sees_what_is_granted() {
    let folder = Folder::new();
    folder.write("app.wat", WASI);
    let bytes = |line: &str| folder.run(line).bytes();
    let number = |bytes: &[u8]| u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
    let sandboxed = bytes("run --sandbox app.wat");
    assert_eq!(sandboxed, bytes("run --sandbox app.wat"));
    assert!(number(&sandboxed) < 1_000_000_000, "a clock that counts from nothing");
    assert_eq!((sandboxed[16], sandboxed[24]), (0, 8), "no variable, and no directory");
    let granted = bytes("run --sandbox --clock --random --env A=1 --dir .::/ app.wat");
    assert!(number(&granted) > 1_700_000_000_000_000_000);
    assert_ne!(granted[8..16], sandboxed[8..16]);
    assert_eq!((granted[16], granted[24]), (1, 0));
    // A program that is resumed is in a sandbox, whatever it was granted before.
    folder.run("run --fuel 100 --snapshot-to a.mvs app.wat").exits(124, "");
    assert!(number(&bytes("resume a.mvs")) < 1 << 60);
    assert_eq!(bytes("resume a.mvs")[8..16], sandboxed[8..16]);
    assert_ne!(bytes("resume --random a.mvs")[8..16], bytes("resume --trust a.mvs")[8..16]);
    assert!(number(&bytes("resume --clock a.mvs")) > 1_700_000_000_000_000_000);
}

#[test]
fn what_is_resumed_is_in_a_sandbox() {
    let folder = folder();
    let reaching = "local getupvalue, secret = debug.getupvalue, tostring(7)
        local function f() return secret end
        for i = 1, 200 do end
        print(io.open('inside/secret.txt') ~= nil, os.getenv('HOME') ~= nil, (pcall(os.time)))
        print(pcall(getupvalue, f, 1))";
    folder.write("reaching.lua", reaching);
    folder.run("run --fuel 100 --snapshot-to a.mvs reaching.lua").exits(124, "");
    let shown = folder.run("resume a.mvs").succeeds();
    assert!(shown.starts_with("false\tfalse\tfalse\nfalse\t") && shown.contains("not granted"), "{shown}");
    folder.run("resume --trust a.mvs").prints("true\ttrue\ttrue\ntrue\tsecret\t7\n");
    let granted = folder.run("resume --dir inside --clock a.mvs").succeeds();
    assert!(granted.starts_with("true\tfalse\ttrue\n"), "{granted}");
}

/// A snapshot of a program that has a file open, whose name is as long as `name`, with this name in place of it.
fn naming(folder: &Folder, name: &str, mode: &str) {
    let own = "o".repeat(name.len());
    folder.write(&own, "x");
    folder.write("open.lua", format!("local file = io.open('{own}', '{mode}') while file do end"));
    folder.run("run --fuel 50 --snapshot-to a.mvs --snapshot-reopens-files open.lua").exits(124, "");
    let payload = minivm::raw::snapshot_file::unpack(&folder.read_bytes("a.mvs")).expect("it was just saved");
    let at = |wanted: &[u8], from: usize| payload[from..].windows(wanted.len()).position(|found| found == wanted);
    let (mut forged, mut from) = (payload.clone(), 0);
    while let Some(found) = at(own.as_bytes(), from) {
        from += found + own.len();
        forged[from - own.len()..from].copy_from_slice(name.as_bytes());
    }
    folder.write("forged.mvs", minivm::raw::snapshot_file::pack_stored(&forged));
}

#[test]
fn looking_at_a_snapshot_touches_no_file_that_it_names() {
    let folder = Folder::new();
    for mode in ["r", "w", "a", "r+", "w+", "a+"] {
        naming(&folder, "victim", mode);
        folder.write("victim", "precious");
        let shown = folder.run("inspect forged.mvs").succeeds();
        assert!(shown.contains("file = userdata"), "{shown}");
        folder.run("resume --trust --fuel 10 forged.mvs").fails(69, "the file 'victim' is open in it");
        folder.run("resume --fuel 10 --reopen-files forged.mvs").fails(69, "cannot be opened again");
        assert_eq!(folder.read("victim"), "precious");
        folder.remove("victim");
        folder.run("inspect forged.mvs").succeeds();
        assert!(!folder.has("victim"), "nothing makes it");
        folder
            .run("resume --trust --reopen-files --fuel 10 forged.mvs")
            .fails(69, "cannot be opened again: No such file");
        assert!(!folder.has("victim"), "nothing makes it");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_that_a_snapshot_names_is_not_waited_for() {
    let folder = Folder::new();
    for mode in ["r", "w", "a", "r+"] {
        naming(&folder, "pipe", mode);
        assert!(Command::new("mkfifo").arg("pipe").current_dir(folder.path()).status().expect("it is there").success());
        folder.run_within(Duration::from_secs(20), "inspect forged.mvs").succeeds();
        let resumed = folder.run_within(Duration::from_secs(20), "resume --trust --reopen-files --fuel 10 forged.mvs");
        resumed.fails(69, "cannot be opened again");
        folder.remove("pipe");
    }
}

#[test]
fn a_snapshot_is_looked_at_within_a_limit() {
    let folder = Folder::new();
    folder.write("large.lua", "local t = ('x'):rep(300 << 20) while t do end");
    folder.run("run --fuel 100 --snapshot-to a.mvs large.lua").exits(124, "");
    assert!(folder.read_bytes("a.mvs").len() < 3 << 20);
    let told = folder.run("inspect a.mvs").fails(1, "not enough memory");
    assert!(told.contains("--memory-max"), "{told}");
    assert!(folder.run("inspect --memory-max 400M a.mvs").succeeds().contains("string"));
    folder.run("resume --memory-max 100M --fuel 10 a.mvs").fails(1, "not enough memory");
    folder.run("resume --memory-max 400M --fuel 10 a.mvs").fails(124, "stopped after 10 instructions");
}

#[test]
fn what_a_snapshot_says_does_not_reach_the_terminal_as_it_is() {
    let folder = Folder::new();
    folder.write("names.lua", "local zq_name = 1 while zq_name do end");
    folder.run("run --fuel 100 --snapshot-to a.mvs names.lua").exits(124, "");
    let mut payload = minivm::raw::snapshot_file::unpack(&folder.read_bytes("a.mvs")).expect("it was just saved");
    for at in 0..payload.len() - 4 {
        if &payload[at..at + 4] == b"zq_n" {
            payload[at] = 0x1b;
        }
    }
    folder.write("forged.mvs", minivm::raw::snapshot_file::pack_stored(&payload));
    let shown = folder.run("inspect forged.mvs").succeeds();
    assert!(shown.contains("\\u{1b}q_name") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn the_help_says_what_is_granted() {
    let folder = Folder::new();
    let [all, run, resume] = ["--help", "run --help", "resume --help"].map(|line| folder.run(line).succeeds());
    let granted = |shown: &str| {
        let begin = shown.find("What a program may touch").expect("it says so");
        shown[begin..].split("\n\n").next().unwrap_or_default().trim_end().to_owned()
    };
    assert_eq!((granted(&all), granted(&run)), (granted(&run), granted(&resume)));
    insta::assert_snapshot!(granted(&run));
}

#[test]
fn the_help_of_commands_that_load_snapshots() {
    let folder = Folder::new();
    insta::assert_snapshot!("resume_help", folder.run("resume --help").succeeds());
    insta::assert_snapshot!("inspect_help", folder.run("inspect --help").succeeds());
}

#[test]
fn commands_are_run_for_scripts_that_are_not_confined() {
    let folder = Folder::new();
    folder.write("main.lua", "print(os.execute('exit 3')) print(pcall(io.popen, 'true')) print(os.execute())");
    assert!(folder.run("main.lua").succeeds().starts_with("nil\texit\t3\ntrue\tfile ("));
    for confined in
        ["run --sandbox main.lua", "--dir . main.lua", "run --sandbox --dir . --env A=1 --clock --random main.lua"]
    {
        insta::allow_duplicates! { insta::assert_snapshot!("no_commands", folder.run(confined).succeeds()) }
    }
}
