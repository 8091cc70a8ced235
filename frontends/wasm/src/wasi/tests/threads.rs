//! Threads take turns, in an order that depends on nothing but what they do; also in slices, and in another machine.

use crate::wasi::link::test_machine;
use crate::wasi::raw::{Deadlock, define, shared_memories};
use crate::wasi::{Captured, Linked, WasiBuilder};
use minivm::raw::{CodeForm, Failure, Limits, Machine, RunState, Value};
use minivm_isa::verify::{Verified, verify};
use std::time::Duration;

/// What all modules begin with. `print` uses bytes of its own for each thread, 32 from 1024 + 32 * thread on.
const HEAD: &str = r#"(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "memory" (memory 1 1 shared))
  (func $print (param $thread i32) (param $byte i32) (local $at i32)
    (local.set $at (i32.add (i32.const 1024) (i32.mul (local.get $thread) (i32.const 32))))
    (i32.store (local.get $at) (i32.add (local.get $at) (i32.const 16)))
    (i32.store offset=4 (local.get $at) (i32.const 1))
    (i32.store8 offset=16 (local.get $at) (local.get $byte))
    (drop (call $write (i32.const 1) (local.get $at) (i32.const 1) (i32.add (local.get $at) (i32.const 8)))))
  (func $work (param $rest i32)
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
      (br_if $again (local.tee $rest (i32.sub (local.get $rest) (i32.const 1))))))
"#;

/// Three threads print their letters with work between, and the main one waits for all of them.
const LETTERS: &str = r#"
  (func (export "wasi_thread_start") (param $thread i32) (param $letter i32) (local $rest i32)
    (local.set $rest (i32.const 3))
    (loop $again
      (call $print (local.get $thread) (local.get $letter))
      (call $work (i32.const 15000))
      (br_if $again (local.tee $rest (i32.sub (local.get $rest) (i32.const 1)))))
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
  (func (export "_start") (local $seen i32)
    (call $print (i32.const 0) (i32.add (i32.const 48) (call $spawn (i32.const 97))))
    (call $print (i32.const 0) (i32.add (i32.const 48) (call $spawn (i32.const 98))))
    (call $print (i32.const 0) (i32.add (i32.const 48) (call $spawn (i32.const 99))))
    (loop $again
      (local.set $seen (i32.atomic.load (i32.const 0)))
      (if (i32.ne (local.get $seen) (i32.const 3))
        (then
          (drop (memory.atomic.wait32 (i32.const 0) (local.get $seen) (i64.const -1)))
          (br $again))))
    (if (i32.eq (i32.atomic.load (i32.const 8)) (i32.const 135000))
      (then (call $print (i32.const 0) (i32.const 33))))))
"#;

/// A machine with a program that is about to begin.
struct Session {
    machine: Machine,
    linked: Linked,
    output: Captured,
    slept: Duration,
}

impl Session {
    /// A machine that has nothing but WASI.
    fn empty(output: &Captured) -> Session {
        let mut machine = test_machine(Limits { memory_bytes_max: 64 << 20, ..Limits::default() });
        let wasi = WasiBuilder::new().stdout(output.clone()).build().unwrap();
        let linked = define(&mut machine, wasi).unwrap();
        Session { machine, linked, output: output.clone(), slept: Duration::ZERO }
    }

    fn new(rest: &str) -> Session {
        Session::of(&[HEAD, rest].concat())
    }

    fn of(text: &str) -> Session {
        let mut session = Session::empty(&Captured::new());
        let bytes = crate::parse_text(text.as_bytes(), "threads.wat").unwrap();
        let program: Verified = verify(crate::translate(&bytes, "threads.wat").unwrap()).ok().unwrap();
        for (import, definition) in shared_memories(&program) {
            let instance = session.machine.instantiate(definition).unwrap();
            session.machine.define_instance(&import.module, instance);
        }
        let instance = session.machine.instantiate(program).unwrap();
        let start = session.machine.exported_function(instance, "_start").unwrap();
        session.machine.prepare(start, &[]);
        session
    }

    fn resume(&mut self) -> Result<RunState, Deadlock> {
        let (threads, slept) = (self.linked.threads().clone(), &mut self.slept);
        threads.resume(&mut self.machine, &mut |duration| {
            *slept += duration;
            true
        })
    }

    fn printed(&mut self) -> String {
        self.linked.flush().unwrap();
        String::from_utf8(self.output.take()).unwrap()
    }

    /// Runs to the end; gives the values that the main function returns.
    #[track_caller]
    fn finish(&mut self) -> Vec<i64> {
        match self.resume().unwrap() {
            RunState::Finished(values) => values.into_iter().filter_map(Value::as_int).collect(),
            RunState::Failed(Failure::Error { trace, .. }) => panic!("{trace}"),
            _ => panic!("it did not end"),
        }
    }

    /// The message of the error that the program ends with.
    #[track_caller]
    fn fail(&mut self) -> String {
        match self.resume().unwrap() {
            RunState::Failed(Failure::Error { value, trap, .. }) => match trap {
                Some(code) => code.to_string(),
                None => String::from_utf8_lossy(value.as_bytes().unwrap_or_default()).into_owned(),
            },
            _ => panic!("it does not fail"),
        }
    }
}

#[test]
fn turns_come_in_the_same_order_in_slices_and_in_other_machines() {
    let mut whole = Session::new(LETTERS);
    whole.finish();
    let printed = whole.printed();
    let mut letters: Vec<char> = printed.chars().collect();
    letters.sort_unstable();
    assert_eq!(letters, "!123aaabbbccc".chars().collect::<Vec<_>>());
    assert!(printed.find('c') < printed.rfind('a') && printed.ends_with('!'), "{printed}");
    for slice in [9_973, 47_001] {
        for is_moved in [false, true] {
            let mut session = Session::new(LETTERS);
            let mut count = 0;
            loop {
                session.machine.set_fuel(Some(slice));
                match session.resume().unwrap() {
                    RunState::OutOfFuel => count += 1,
                    RunState::Finished(_) => break,
                    _ => panic!("it stopped"),
                }
                if is_moved && count % 5 == 0 {
                    session.linked.flush().unwrap();
                    let bytes = session.machine.save(b"", CodeForm::Whole).unwrap();
                    session = Session::empty(&session.output);
                    session.machine.load(&bytes).unwrap();
                }
            }
            assert!(count > 5, "{count}");
            assert_eq!(session.printed(), printed, "slices of {slice}, moved: {is_moved}");
        }
    }
}

#[test]
fn whoever_ends_the_program_ends_all() {
    let mut session = Session::new(
        r#"(func (export "wasi_thread_start") (param i32 i32) (call $work (i32.const 9)) (call $exit (i32.const 7)))
           (func (export "_start") (drop (call $spawn (i32.const 0))) (loop $spin (br $spin))))"#,
    );
    assert!(matches!(session.resume(), Ok(RunState::Failed(Failure::Exit(7)))));
    assert!(session.machine.runs().is_empty());
    let mut session = Session::new(
        r#"(func (export "wasi_thread_start") (param i32 i32) (unreachable))
           (func (export "_start") (drop (call $spawn (i32.const 0))) (loop $spin (br $spin))))"#,
    );
    assert_eq!(session.fail(), "unreachable");
    let mut session = Session::new(
        r#"(func (export "wasi_thread_start") (param i32 i32) (loop $spin (br $spin)))
           (func (export "_start") (result i32) (call $spawn (i32.const 0))))"#,
    );
    assert_eq!(session.finish(), [1]);
    assert!(session.machine.runs().is_empty());
}

#[test]
fn waits_end_in_time_or_are_a_deadlock() {
    const SPINS: &str = r#"(func (export "wasi_thread_start") (param i32 i32) (loop $spin (br $spin)))"#;
    const WAITS: &str = r#"(func (export "wasi_thread_start") (param i32 i32)
        (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1))))"#;
    let main = |before: &str, nanoseconds: i64| {
        format!(
            r#"(func (export "_start") (result i32) {before}
               (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const {nanoseconds}))))"#
        )
    };
    let spawn = "(drop (call $spawn (i32.const 0)))";
    let mut session = Session::new(&main("", 1_500_000));
    assert_eq!(session.finish(), [2]);
    assert_eq!(session.slept, Duration::from_micros(1500));
    // Time passes while somebody works.
    let mut session = Session::new(&[SPINS, &main(spawn, 1_500_000)].concat());
    assert_eq!(session.finish(), [2]);
    assert_eq!(session.slept, Duration::ZERO);
    let mut session = Session::new(&[WAITS, &main(spawn, 1_500_000)].concat());
    assert_eq!(session.finish(), [2]);
    assert_eq!(Session::new(&main("", -1)).resume().err(), Some(Deadlock { threads: 1 }));
    let mut session = Session::new(&[WAITS, &main(spawn, -1)].concat());
    assert_eq!(session.resume().err(), Some(Deadlock { threads: 2 }));
}

#[test]
fn threads_have_their_own_globals_and_a_limit() {
    let mut session = Session::new(
        r#"(global $mine (mut i32) (i32.const 5))
           (func $begin (global.set $mine (i32.add (global.get $mine) (i32.const 1)))) (start $begin)
           (func (export "wasi_thread_start") (param i32 i32)
             (global.set $mine (i32.add (global.get $mine) (i32.const 10)))
             (i32.atomic.store (i32.const 0) (global.get $mine))
             (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
           (func (export "_start") (result i32 i32)
             (drop (call $spawn (i32.const 0)))
             (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
             (i32.atomic.load (i32.const 0)) (global.get $mine)))"#,
    );
    assert_eq!(session.finish(), [16, 6]);
    // The main one counts as well.
    let mut session = Session::new(
        r#"(func (export "wasi_thread_start") (param i32 i32)
             (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
           (func (export "_start") (result i32 i32) (local $last i32) (local $made i32)
             (loop $again
               (local.set $made (call $spawn (i32.const 0)))
               (if (i32.gt_s (local.get $made) (i32.const 0)) (then (local.set $last (local.get $made)) (br $again))))
             (local.get $last) (local.get $made)))"#,
    );
    assert_eq!(session.finish(), [1024, -6]);
}

/// A call that sleeps, or reads what is not there yet, lets the others go on.
#[test]
fn calls_of_wasi_that_wait_let_others_work() {
    let sleeping = r#"(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
        (import "env" "memory" (memory 1 1 shared))
        (func (export "wasi_thread_start") (param i32 i32) (local $rest i32)
          (local.set $rest (i32.const 20000))
          (loop $again
            (i32.store (i32.const 8) (local.get $rest))
            (br_if $again (local.tee $rest (i32.sub (local.get $rest) (i32.const 1)))))
          (i32.store (i32.const 8) (i32.const 77)))
        (func (export "_start") (result i32 i32 i32)
          (drop (call $spawn (i32.const 0)))
          (i64.store (i32.const 280) (i64.const 3000000))
          (call $poll (i32.const 256) (i32.const 512) (i32.const 1) (i32.const 768))
          (i32.load (i32.const 768)) (i32.load (i32.const 8))))"#;
    let mut session = Session::of(&format!("(module {sleeping}"));
    assert_eq!(session.finish(), [0, 1, 77]);
    assert!(session.slept > Duration::ZERO && session.slept < Duration::from_millis(3), "{:?}", session.slept);
}

#[test]
fn modules_that_cannot_have_threads_are_told() {
    let mut session = Session::new(r#"(func (export "_start") (drop (call $spawn (i32.const 0)))))"#);
    assert!(session.fail().ends_with("a module with threads has to export 'wasi_thread_start'"));
}
