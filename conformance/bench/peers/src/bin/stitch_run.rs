//! Runs a WASI command module on makepad-stitch: `stitch-run FILE [ARG…]`, with standard output and nothing else.

use std::{
    cell::Cell,
    env, fs,
    io::{self, Write},
    process::ExitCode,
};

use makepad_stitch::{Engine, Func, Linker, Mem, Module, Store};

const WASI: &str = "wasi_snapshot_preview1";
const SUCCESS: i32 = 0;
const BAD_DESCRIPTOR: i32 = 8;
const NOT_SUPPORTED: i32 = 58;

thread_local! {
    /// The guest's memory. Host functions must be `Send` and a `Mem` is not, so they find it here.
    static MEMORY: Cell<Option<Mem>> = const { Cell::new(None) };
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("stitch-run: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut args = env::args().skip(1).peekable();
    let path = args.peek().ok_or("usage: stitch-run FILE [ARG…]")?.clone();
    let bytes = fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
    let mut store = Store::new(Engine::new());
    let module = Module::new(store.engine(), &bytes).map_err(|error| error.to_string())?;
    let mut linker = Linker::new();
    link(&mut linker, &mut store, args.collect());
    let instance = linker.instantiate(&mut store, &module).map_err(|error| error.to_string())?;
    let exported = instance.exported_mem("memory").ok_or("the module exports no memory")?;
    MEMORY.set(Some(exported));
    let start = instance.exported_func("_start").ok_or("the module exports no _start")?;
    start.call(&mut store, &[], &mut []).map_err(|error| error.to_string())
}

fn link(linker: &mut Linker, store: &mut Store, args: Vec<String>) {
    let texts: Vec<Vec<u8>> = args.into_iter().map(|arg| [arg.as_bytes(), &[0]].concat()).collect();
    let (count, bytes) = (texts.len() as u32, texts.iter().map(Vec::len).sum::<usize>() as u32);

    let sizes = pair_writer(count, bytes);
    linker.define(WASI, "args_sizes_get", Func::wrap(store, sizes));
    let none = pair_writer(0, 0);
    linker.define(WASI, "environ_sizes_get", Func::wrap(store, none));
    let args_get = Func::wrap(store, move |store: &mut Store, table: i32, buffer: i32| {
        let (mut table, mut buffer) = (table as usize, buffer as usize);
        for text in &texts {
            write_u32(store, table, buffer as u32);
            bytes_of(store)[buffer..buffer + text.len()].copy_from_slice(text);
            table += 4;
            buffer += text.len();
        }
        SUCCESS
    });
    linker.define(WASI, "args_get", args_get);
    link_the_rest(linker, store);
    link_output(linker, store);
}

/// What programs ask for and may be told they do not have.
fn link_the_rest(linker: &mut Linker, store: &mut Store) {
    linker.define(WASI, "environ_get", Func::wrap(store, |_table: i32, _buffer: i32| SUCCESS));
    linker.define(WASI, "fd_close", Func::wrap(store, |_fd: i32| SUCCESS));
    linker.define(WASI, "fd_seek", Func::wrap(store, |_fd: i32, _by: i64, _whence: i32, _at: i32| NOT_SUPPORTED));
    linker.define(WASI, "fd_prestat_get", Func::wrap(store, |_fd: i32, _at: i32| BAD_DESCRIPTOR));
    linker.define(WASI, "fd_prestat_dir_name", Func::wrap(store, |_fd: i32, _at: i32, _len: i32| BAD_DESCRIPTOR));
    linker.define(WASI, "proc_exit", Func::wrap(store, |code: i32| -> () { std::process::exit(code) }));
}

fn link_output(linker: &mut Linker, store: &mut Store) {
    let status = Func::wrap(store, move |store: &mut Store, _fd: i32, at: i32| {
        bytes_of(store)[at as usize..at as usize + 24].fill(0);
        bytes_of(store)[at as usize] = 2; // a character device
        SUCCESS
    });
    linker.define(WASI, "fd_fdstat_get", status);
    let write = Func::wrap(store, move |store: &mut Store, _fd: i32, vectors: i32, count: i32, written: i32| {
        let mut total = 0;
        for vector in 0..count as usize {
            let entry = vectors as usize + vector * 8;
            let (start, length) = (read_u32(store, entry) as usize, read_u32(store, entry + 4) as usize);
            if io::stdout().write_all(&bytes_of(store)[start..start + length]).is_err() {
                return BAD_DESCRIPTOR;
            }
            total += length as u32;
        }
        write_u32(store, written as usize, total);
        SUCCESS
    });
    linker.define(WASI, "fd_write", write);
}

fn pair_writer(first: u32, second: u32) -> impl Fn(&mut Store, i32, i32) -> i32 + Send + Sync + 'static {
    move |store, first_at, second_at| {
        write_u32(store, first_at as usize, first);
        write_u32(store, second_at as usize, second);
        SUCCESS
    }
}

fn bytes_of(store: &mut Store) -> &mut [u8] {
    MEMORY.get().expect("the guest starts after the memory is set").bytes_mut(store)
}

fn read_u32(store: &mut Store, at: usize) -> u32 {
    let bytes = &bytes_of(store)[at..at + 4];
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

fn write_u32(store: &mut Store, at: usize, value: u32) {
    bytes_of(store)[at..at + 4].copy_from_slice(&value.to_le_bytes());
}
