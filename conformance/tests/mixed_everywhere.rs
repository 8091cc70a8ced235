//! A small program of Lua, WebAssembly and bytecode goes on in a fresh machine from every one of its instructions.

use minivm_conformance::small_stack::with_small_stack;
use minivm_conformance::{cases, reload, run_mixed};

#[test]
fn a_mixed_program_goes_on_from_every_instruction() {
    let case = cases::mixed().into_iter().find(|case| case.name == "mixed/moved").expect("the case is there");
    let whole = run_mixed::run(&case).expect("it runs");
    let places = with_small_stack(|| reload::run_from_everywhere(&case, &whole.output)).expect("every state goes on");
    assert!(places > 150, "only {places} instructions");
    println!("{places} instructions");
}
