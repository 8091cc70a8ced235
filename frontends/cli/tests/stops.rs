//! Programs that are stopped from outside: by the time that they may take, and by signals.
#![cfg(unix)]

mod common;

use common::Folder;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const LOOP: &str = "io.write('on') local n = 0 while true do n = n + 1 end";

#[test]
fn the_time_of_a_program_is_limited() {
    let folder = Folder::new();
    folder.write("loop.lua", LOOP);
    let begun = Instant::now();
    let stopped = folder.run("--timeout 0.3 loop.lua");
    stopped.exits(124, "on");
    let text = stopped.fails(124, "stopped after 0.3 seconds: the time is used up");
    assert!(text.contains("loop.lua:1: in main chunk"), "{text}");
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    folder.write("loop.wat", r#"(module (func (export "f") (loop $l (br $l))))"#);
    folder.run("--timeout 0.1 --fuel 100000000000000 --invoke f loop.wat").fails(124, "after 0.1 seconds");
    folder.run("--timeout 60 --fuel 1000 --invoke f loop.wat").fails(124, "after 1000 instructions");
    folder.write("done.lua", "print('done')");
    folder.run("--timeout 600 done.lua").prints("done\n");
    folder.run("--timeout 0 loop.lua").fails(124, "the time is used up");
    folder.write("finaliser.lua", "setmetatable({}, {__gc = function() while true do end end}) io.write('on')");
    let stopped = folder.run("--timeout 0.3 finaliser.lua");
    stopped.exits(124, "on");
}

#[test]
fn what_runs_out_of_time_is_saved_and_goes_on() {
    let folder = Folder::new();
    folder.write("count.lua", "local n = 0 for i = 1, 3000000 do n = n + i end print(n)");
    let mut stopped = folder.run("run --timeout 0.02 --snapshot-to a.mvs count.lua");
    stopped.fails(124, "`minivm resume a.mvs` goes on");
    for _ in 0..10_000 {
        stopped = folder.run("resume --timeout 0.5 --snapshot-to a.mvs a.mvs");
        if stopped.has_succeeded() {
            break;
        }
        stopped.fails(124, "stopped after 0.5 seconds");
    }
    stopped.prints("4500001500000\n");
}

/// A program that has begun to run.
fn spawn(folder: &Folder, line: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minivm"));
    command.args(line.split_whitespace()).env("NO_COLOR", "1").current_dir(folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the command was built")
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.expect("there is `kill`").success());
}

/// What is left of the output, what was told, and how it ended.
fn ended(mut child: Child, output: &mut impl Read) -> (String, String, std::process::ExitStatus) {
    let (mut text, mut told) = (String::new(), String::new());
    output.read_to_string(&mut text).expect("it is text");
    child.stderr.take().expect("it is piped").read_to_string(&mut told).expect("it is text");
    (text, told, child.wait().expect("it ends"))
}

const TELLS: &str = "io.stderr:write('begun\\n'):flush() io.write('buffered') while true do end";

/// Waits for the line that a program writes to its standard error.
fn wait_for_begin(child: &mut Child) {
    let mut line = String::new();
    let mut errors = BufReader::with_capacity(1, child.stderr.take().expect("it is piped"));
    errors.read_line(&mut line).expect("it is text");
    assert_eq!(line, "begun\n");
    child.stderr = Some(errors.into_inner());
}

#[test]
fn an_interrupt_stops_it_after_what_it_has_written() {
    let folder = Folder::new();
    folder.write("loop.lua", TELLS);
    let mut child = spawn(&folder, "loop.lua");
    wait_for_begin(&mut child);
    signal(&child, "INT");
    let mut output = child.stdout.take().expect("it is piped");
    let (text, told, status) = ended(child, &mut output);
    assert_eq!((text.as_str(), told.as_str(), status.signal()), ("buffered", "", Some(2)));
}

#[test]
fn an_interrupt_stops_it_while_it_waits_for_input() {
    let folder = Folder::new();
    folder.write("wait.lua", "io.stderr:write('begun\\n'):flush() print(io.read())");
    for line in ["wait.lua", "--timeout 0.5 wait.lua"] {
        let mut child = spawn(&folder, line);
        wait_for_begin(&mut child);
        let has_timeout = line.contains("timeout");
        if !has_timeout {
            signal(&child, "INT");
        }
        let mut output = child.stdout.take().expect("it is piped");
        // Its input stays open.
        let input = child.stdin.take();
        let (_, told, status) = ended(child, &mut output);
        drop(input);
        match has_timeout {
            true => {
                assert_eq!(status.code(), Some(124));
                assert!(told.contains("while it waited for something outside"), "{told}");
            }
            false => assert_eq!(status.signal(), Some(2)),
        }
    }
}

#[test]
fn what_is_stopped_by_a_signal_is_saved() {
    let folder = Folder::new();
    let text = "local n = 0 io.stderr:write('begun\\n'):flush() for i = 1, 100000000 do n = n + 1 end print(n)";
    folder.write("long.lua", text);
    for (name, on) in [("INT", ""), ("USR1", "--snapshot-on SIGUSR1")] {
        let mut child = spawn(&folder, &format!("run --snapshot-to a.mvs {on} long.lua"));
        wait_for_begin(&mut child);
        signal(&child, name);
        let mut output = child.stdout.take().expect("it is piped");
        let (_, told, status) = ended(child, &mut output);
        assert!(told.contains("`minivm resume a.mvs` goes on"), "{told}");
        match name {
            "INT" => assert_eq!(status.signal(), Some(2)),
            _ => assert_eq!(status.code(), Some(124)),
        }
        folder.run("inspect a.mvs").succeeds();
    }
}

#[test]
fn the_time_is_over_while_all_threads_wait() {
    let folder = Folder::new();
    let program = |main: &str| {
        format!(
            r#"(module
              (import "env" "memory" (memory 1 1 shared))
              (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
              (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
              (func $input
                (i64.store (i32.const 64) (i64.const 0x0a00000080))
                (drop (call $read (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 80))))
              (func $wait (param i64) (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (local.get 0))))
              (func (export "wasi_thread_start") (param i32 i32)
                (if (local.get 1) (then (call $input)) (else (call $wait (i64.const 3600000000000)))))
              (func (export "_start") {main}))"#
        )
    };
    let (reads, waits) = ("(drop (call $spawn (i32.const 1)))", "(drop (call $spawn (i32.const 0)))");
    for main in [
        format!("{reads} (call $wait (i64.const -1))"),
        format!("{waits} (call $wait (i64.const -1))"),
        format!("{waits} {waits} (call $input)"),
    ] {
        folder.write("wait.wat", program(&main));
        let mut child = spawn(&folder, "--timeout 0.5 wait.wat");
        let mut output = child.stdout.take().expect("it is piped");
        // Its input stays open.
        let input = child.stdin.take();
        let (_, told, status) = ended(child, &mut output);
        drop(input);
        assert_eq!(status.code(), Some(124), "{main}: {told}");
        assert!(told.contains("stopped after 0.5 seconds"), "{main}: {told}");
    }
}
