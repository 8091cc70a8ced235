//! Figures of snapshots: saving, loading and copying against writing and reading the same bytes.
//! `cargo run --profile measure -p minivm-conformance --example snapshot_figures`

use minivm::raw::{CodeForm, Limits, Machine, RunState, snapshot_file};
use minivm_lua::stdlib;
use minivm_lua::stdlib::host::NoHost;
use std::path::Path;
use std::time::{Duration, Instant};

fn machine() -> Machine {
    let mut machine = minivm_conformance::raw_machine(Limits::default());
    stdlib::raw::install(&mut machine, Box::new(NoHost)).expect("there is memory");
    machine
}

/// A machine that has built so many megabytes of tables and strings beside a memory of so many pages, and loops.
fn with_heap(megabytes: u32, pages: u32) -> Machine {
    let source = format!(
        "local all, n = {{}}, 0 while collectgarbage('count') < {megabytes} * 1024 do n = n + 1
        all[n] = {{ x = n, y = n * 0.5, name = 'item' .. n, list = {{ n, n + 1, n + 2 }} }} end
        collectgarbage() done = true while true do end"
    );
    let mut machine = machine();
    if pages > 0 {
        add_memory(&mut machine, pages);
    }
    let program = minivm_lua::compile(source.as_bytes(), "=heap").expect("it compiles");
    let instance = machine.instantiate(program).expect("it links");
    let globals = machine.registered("lua.globals");
    let chunk = machine.closure(instance, "main", &[globals]).expect("there is memory");
    machine.prepare(chunk, &[]);
    loop {
        machine.set_fuel(Some(1_000_000));
        assert!(matches!(machine.resume(), RunState::OutOfFuel), "it loops");
        let globals = machine.registered("lua.globals");
        if machine.heap().table_get_name(globals, b"done").is_truthy() {
            return machine;
        }
    }
}

/// Adds a program with a memory of so many pages, every other four bytes of which are random, the rest zero.
fn add_memory(machine: &mut Machine, pages: u32) {
    let text = format!(
        "(module (memory (export \"m\") {pages}) (start $fill)
        (func $fill (local $at i32) (local $state i64)
            (loop $again
                (local.set $state (i64.add (i64.mul (local.get $state) (i64.const 6364136223846793005))
                    (i64.const 1442695040888963407)))
                (i64.store (local.get $at) (i64.shr_u (local.get $state) (i64.const 32)))
                (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8)))
                    (i32.const {}))))))",
        pages << 16
    );
    let binary = minivm_wasm::parse_text(text.as_bytes(), "memory.wat").expect("it is a module");
    let program = minivm_wasm::translate(&binary, "memory").expect("it translates");
    let program = minivm_isa::verify(program).expect("it is valid");
    machine.instantiate(program).expect("it links");
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn files(megabytes: u32, pages: u32, path: &Path) {
    let mut machine = with_heap(megabytes, pages);
    let used = machine.heap().used_bytes();
    let (payload, saving) = timed(|| machine.save(b"", CodeForm::Whole).expect("it can be saved"));
    let (file, packing) = timed(|| snapshot_file::pack(&payload).expect("there is memory"));
    let ((), writing) = timed(|| std::fs::write(path, &file).expect("it can be written"));
    let (file, reading) = timed(|| std::fs::read(path).expect("it is there"));
    let (payload, unpacking) = timed(|| snapshot_file::unpack(&file).expect("it is whole"));
    let mut other = self::machine();
    let ((), loading) = timed(|| other.load(&payload).map(drop).expect("it can be loaded"));
    let ratio = |whole: Duration, part: Duration| whole.as_secs_f64() / part.as_secs_f64();
    println!("{megabytes} MB heap ({used} bytes used), {pages} pages: payload {}, file {}", payload.len(), file.len());
    println!(
        "  save {:?} + pack {packing:?} + write {writing:?}: {:.2} times packing and writing the same bytes",
        saving,
        ratio(saving + packing + writing, packing + writing)
    );
    println!(
        "  read {reading:?} + unpack {unpacking:?} + load {loading:?}: {:.2} times reading and unpacking",
        ratio(reading + unpacking + loading, reading + unpacking)
    );
}

fn main() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let path = folder.path().join("figures.mvs");
    files(100, 1024, &path);
    files(10, 0, &path);
    let mut machine = with_heap(10, 0);
    for _ in 0..3 {
        let mut other = self::machine();
        let ((), copying) = timed(|| machine.copy_into(&mut other).expect("it can be copied"));
        println!("copy of {} bytes of heap: {copying:?}", machine.heap().used_bytes());
    }
}
