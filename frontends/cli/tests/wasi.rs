//! What the command line grants reaches programs that use WASI.

mod common;

use common::Folder;

/// A program of a few calls. `$say` writes a piece of memory to a descriptor; results lie at 0.
fn program(body: &str) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "proc_raise" (func $proc_raise (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 1000) "hello\n")
  (data (i32.const 1100) "file.txt")
  (func $say (param $fd i32) (param $at i32) (param $length i32)
    (i32.store (i32.const 16) (local.get $at))
    (i32.store (i32.const 20) (local.get $length))
    (drop (call $fd_write (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 0))))
  (func $read (param $fd i32)
    (i32.store (i32.const 16) (i32.const 2000))
    (i32.store (i32.const 20) (i32.const 100))
    (drop (call $fd_read (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 0))))
  (func (export "_start") {body}))"#
    )
}

#[test]
fn output_and_exit_codes_come_through() {
    let folder = Folder::new();
    folder.write("hello.wat", program("(call $say (i32.const 1) (i32.const 1000) (i32.const 6))"));
    folder.run("hello.wat").prints("hello\n");
    folder.write(
        "exit.wat",
        program("(call $say (i32.const 1) (i32.const 1000) (i32.const 6)) (call $proc_exit (i32.const 7))"),
    );
    folder.run("exit.wat").exits(7, "hello\n");
    folder.write("error.wat", program("(call $say (i32.const 2) (i32.const 1000) (i32.const 6)) unreachable"));
    folder.run("error.wat").fails(1, "hello\nminivm: ");
    folder.write("abort.wat", program("(drop (call $proc_raise (i32.const 6)))"));
    folder.run("abort.wat").exits(134, "");
    folder.write("fault.wat", program("(drop (call $args_get (i32.const 0) (i32.const -1)))"));
    folder.run("fault.wat").fails(1, "out of bounds memory access");
}

#[test]
fn arguments_and_variables_are_handed_over() {
    let folder = Folder::new();
    let args = "(drop (call $args_sizes_get (i32.const 4) (i32.const 8)))
        (drop (call $args_get (i32.const 3000) (i32.const 4000)))
        (call $say (i32.const 1) (i32.const 4000) (i32.load (i32.const 8)))";
    folder.write("args.wat", program(args));
    folder.run("args.wat one --env").prints("args.wat\0one\0--env\0");
    folder.write("environ.wat", program(&args.replace("args", "environ")));
    folder.run("--env A=1 --env B=x=y environ.wat").prints("A=1\0B=x=y\0");
    folder.run("environ.wat").prints("");
    folder.run("--env =x environ.wat").fails(2, "expected NAME=VALUE");
}

#[test]
fn input_is_read() {
    let folder = Folder::new();
    let body = "(call $read (i32.const 0)) (call $say (i32.const 1) (i32.const 2000) (i32.load (i32.const 0)))";
    folder.write("cat.wat", program(body));
    folder.run_with("cat.wat", "typed in").prints("typed in");
}

#[test]
fn only_granted_directories_are_seen() {
    let folder = Folder::new();
    folder.write("file.txt", "contents");
    let body = "(call $proc_exit (call $path_open (i32.const 3) (i32.const 0) (i32.const 1100) (i32.const 8)
          (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 4)))";
    folder.write("open.wat", program(body));
    // 8 is EBADF: there is no descriptor 3.
    folder.run("open.wat").exits(8, "");
    folder.run("--dir . open.wat").exits(0, "");
    folder.run("--dir no/such open.wat").fails(66, "cannot open the directory no/such");
    let body = "(drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 1100) (i32.const 8)
          (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 4)))
        (call $read (i32.load (i32.const 4)))
        (call $say (i32.const 1) (i32.const 2000) (i32.load (i32.const 0)))";
    folder.write("cat.wat", program(body));
    folder.run("--dir .::/data cat.wat").prints("contents");
}

/// The main thread waits while another one counts and ends the program with what it has counted.
const THREADS: &str = r#"(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "memory" (memory 1 1 shared))
  (func (export "wasi_thread_start") (param i32 i32)
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
      (br_if $again (i32.lt_u (i32.load (i32.const 4)) (i32.const 50000))))
    (call $exit (i32.div_u (i32.load (i32.const 4)) (local.get 1))))
  (func (export "_start")
    (drop (call $spawn (i32.const 1000)))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))"#;

#[test]
fn threads_run_in_turn_and_in_another_process() {
    let folder = Folder::new();
    folder.write("threads.wat", THREADS);
    folder.run("threads.wat").exits(50, "");
    folder.run("--fuel 30000 --snapshot-to threads.mvs threads.wat").fails(124, "it is saved");
    folder.run("resume --fuel 30000 --snapshot-to threads.mvs threads.mvs").fails(124, "it is saved");
    folder.run("resume threads.mvs").exits(50, "");
    folder.write(
        "wait.wat",
        &THREADS.replace("(call $exit", "(drop").replace("(call $spawn (i32.const 1000))", "(i32.const 0)"),
    );
    folder.run("wait.wat").fails(1, "it waits for ever on a shared memory: there is no other thread");
}
