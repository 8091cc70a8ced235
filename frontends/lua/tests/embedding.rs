//! Lua in a machine, as safe code embeds it: hosts that panic, and values that go astray.
#![forbid(unsafe_code)]

use minivm::{Error, Limits, Machine, Value};
use minivm_lua::stdlib::host::{HostError, LuaFile, LuaHost, NoHost, OpenMode, Standard};
use minivm_lua::stdlib::{self, install};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Panics where it is told to.
struct Panicking;

struct PanickingFile;

impl LuaFile for PanickingFile {
    fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        assert!(bytes != b"panic", "written");
        Ok(())
    }
}

impl Drop for PanickingFile {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

impl LuaHost for Panicking {
    fn standard(&mut self, _: Standard) -> Box<dyn LuaFile> {
        NoHost.standard(Standard::Output)
    }

    fn open(&mut self, path: &[u8], _: OpenMode) -> Result<Box<dyn LuaFile>, HostError> {
        assert!(path != b"panic", "opened");
        Ok(Box::new(PanickingFile))
    }
}

fn run(machine: &mut Machine, source: &str) -> Result<Vec<Value>, Error> {
    let program = minivm_lua::compile(source.as_bytes(), "=test").expect("it compiles");
    let instance = machine.instantiate(program)?;
    let globals = stdlib::globals(machine);
    let chunk = machine.closure(instance, "main", &[globals])?;
    machine.call(&chunk, &[])
}

#[test]
fn panics_of_the_host_reach_the_embedder() {
    let mut machine = Machine::new(Limits::default());
    install(&mut machine, Box::new(Panicking)).expect("there is memory");
    let mut panics = |source: &str| {
        let panic = catch_unwind(AssertUnwindSafe(|| run(&mut machine, source).map(drop)));
        panic.expect_err("it comes through").downcast_ref::<&str>().copied()
    };
    assert_eq!(panics("pcall(io.open, 'panic')"), Some("opened"));
    assert_eq!(panics("io.open('a', 'w') collectgarbage() collectgarbage()"), Some("dropped"));
    // What could not be written is tried again when the file is closed: by its finaliser, and when the machine ends.
    assert_eq!(panics("local file = io.open('a', 'w') file:setvbuf('no') file:write('panic')"), Some("written"));
    assert_eq!(panics("collectgarbage() collectgarbage()"), Some("written"));
    assert_eq!(run(&mut machine, "return 7").expect("it goes on")[0].as_int(), Some(7));
}

#[test]
fn tables_of_another_machine_are_refused() {
    let (mut a, mut b) = (Machine::new(Limits::default()), Machine::new(Limits::default()));
    let foreign = install(&mut a, Box::new(NoHost)).expect("there is memory");
    let own = install(&mut b, Box::new(NoHost)).expect("there is memory");
    assert!(matches!(b.set_name(&own, "other", &foreign), Err(Error::Foreign { what: "table" })));
    let program = minivm_lua::compile(b"return x", "=test").expect("it compiles");
    let instance = b.instantiate(program).expect("it links");
    assert!(matches!(b.closure(instance, "main", &[foreign]), Err(Error::Foreign { what: "table" })));
    drop(a);
    let text = run(&mut b, "collectgarbage() return ('x'):rep(400)").expect("it runs").remove(0);
    for _ in 0..20 {
        run(&mut b, "local t = {} for i = 1, 1000 do t[i] = ('y'):rep(i) end collectgarbage()").expect("it runs");
    }
    assert_eq!(b.bytes(&text).expect("it is a string"), [b'x'; 400]);
}
