//! The main memory of a machine stays the same when its state is loaded, so that programs go when they would have gone.

use minivm::raw::{CodeForm, Machine, RunState, Value};
use minivm_conformance::forge::sources::{World, machine};

/// The program with the main memory has a higher number than one that comes later: that takes the number of a chunk that is gone.
const SOURCE: &str = "local chunk, text = load('return 1'), '(module (memory (export \"memory\") 1))'
    chunk() main = wasm.instantiate(text, {}) chunk = nil collectgarbage() collectgarbage()
    later = wasm.instantiate(text, {}) ready = true while ready do end
    later = nil collectgarbage() collectgarbage() return 1";

/// Has the program go on to its end; gives how many programs there are then.
fn end(machine: &mut Machine) -> usize {
    let globals = machine.registered("lua.globals");
    machine.heap().table_set_name(globals, b"ready", Value::NIL).expect("there is memory");
    machine.set_fuel(None);
    assert!(matches!(machine.resume(), RunState::Finished(_)));
    machine.report_state().expect("everything can be saved").programs.len()
}

#[test]
fn programs_go_after_loading_as_they_would_have_gone() {
    let mut original = machine(World::Lua).expect("there is memory");
    let program = minivm_lua::compile(SOURCE.as_bytes(), "=main").expect("it compiles");
    let globals = original.registered("lua.globals");
    let instance = original.instantiate(program).expect("it links");
    let chunk = original.closure(instance, "main", &[globals]).expect("there is memory");
    original.prepare(chunk, &[]);
    while !original.heap().table_get_name(globals, b"ready").is_truthy() {
        original.set_fuel(Some(1000));
        assert!(matches!(original.resume(), RunState::OutOfFuel));
    }
    let bytes = original.save(b"", CodeForm::Whole).expect("it can be saved");
    let mut loaded = machine(World::Lua).expect("there is memory");
    loaded.load(&bytes).expect("it was just saved");
    assert!(
        loaded.save(b"", CodeForm::Whole).expect("it can be saved again") == bytes,
        "the same state, the same bytes"
    );
    assert_eq!(end(&mut loaded), end(&mut original));
}
