//! What `explain` shows: the machine's code of some cases as it is stored beside them, and nothing that differs from run to run.

mod common;

use common::Folder;
use std::path::Path;

/// Cases whose code is stored, in `conformance/cases`: between them they have most instructions of the machine.
const CASES: [&str; 13] = [
    "lua/closures/sharing.lua",
    "lua/coroutines/basic.lua",
    "lua/metamethods/inheritance.lua",
    "lua/syntax/goto_closures.lua",
    "lua/syntax/multiple_assignment.lua",
    "lua/syntax/numeric_for.lua",
    "lua/syntax/tail_calls.lua",
    "lua/syntax/varargs.lua",
    "mixed/conversions/types.wat",
    "text/errors.mvt",
    "text/fibers.mvt",
    "text/handlers.mvt",
    "text/typed.mvt",
];

#[test]
fn the_code_of_cases_is_as_stored() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/cases");
    for case in CASES {
        let source = cases.join(case);
        let name = source.file_name().expect("a case is a file").to_string_lossy().into_owned();
        let folder = Folder::new();
        folder.write(&name, std::fs::read(&source).expect("the case is there"));
        let listing = folder.run(&format!("explain {name}")).succeeds();
        assert_eq!(listing, folder.run(&format!("explain {name}")).succeeds(), "{case} differs from run to run");
        assert!(!listing.contains("=?") && !listing.contains("(?"), "{case} has an operand without a name:\n{listing}");
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path(source.parent().expect("a case is in a folder"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let stem = source.file_stem().expect("a case is a file").to_string_lossy().into_owned();
        settings.bind(|| insta::assert_snapshot!(format!("{stem}.explain"), listing));
    }
}

#[test]
fn functions_are_found_by_the_names_that_the_text_gives_them() {
    let folder = Folder::new();
    folder.write(
        "shapes.lua",
        "local function fib(n) return n end\n\
         local shape = {}\n\
         function shape.area(w, h) return w * h end\n\
         function shape:grow(by) self.by = by end\n\
         local later later = function() return fib(1) end\n\
         function global() return later end\n\
         return {named = function() return 7 end}\n",
    );
    let found = |name: &str, line: &str| {
        let listing = folder.run(&format!("explain shapes.lua {name}")).succeeds();
        assert!(listing.contains(line), "{name}: {listing}");
        assert_eq!(listing.matches("\"function <").count(), 1, "{name}: {listing}");
    };
    found("fib", "shapes.lua:1");
    found("area", "shapes.lua:3");
    found("shape.area", "shapes.lua:3");
    found("shape:grow", "shapes.lua:4");
    found("later", "shapes.lua:5");
    found("global", "shapes.lua:6");
    found("named", "shapes.lua:7");
    folder.run("explain shapes.lua nothing").fails(2, "func2 shape.area: function <shapes.lua:3>");
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[test]
fn machine_code_stands_beside_the_instructions_that_it_does() {
    let folder = Folder::new();
    folder.write(
        "add.wat",
        "(module (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))",
    );
    let listing = folder.run("explain --native add.wat add").succeeds();
    let added = listing.lines().find(|line| line.contains("i32_add")).expect("the instruction is there");
    assert!(added.contains(" | ") && listing.contains("ret") && listing.contains("entering and leaving:"), "{listing}");
    assert_eq!(listing, folder.run("explain --native add.wat add").succeeds(), "it differs from run to run");
    // Of dynamically typed code nothing is known: both kinds of numbers are there.
    folder.write("half.lua", "local function half(x)\n  return x / 2\nend\nreturn half(3)\n");
    let listing = folder.run("explain --native half.lua half").succeeds();
    assert!(listing.contains("divsd"), "{listing}");
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[test]
fn perf_learns_the_names_of_functions() {
    let folder = Folder::new();
    folder
        .write("fib.lua", "local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end\nprint(fib(20))\n");
    let script = "TMPDIR=. $M run --jit always --perf-map fib.lua && cat perf-*.map > map";
    assert!(folder.shell(script).has_succeeded());
    let map = folder.read("map");
    assert!(map.lines().any(|line| line.contains(" minivm: function <fib.lua:1>")), "{map}");
}
