//! Inputs for what stands outside of functions.

use super::text::distinct_types;
use super::{Input, Shape, join, repeat};

pub(super) const SHAPES: &[Shape] = &[
    Shape { name: "items/signatures", size: 2000, make: signatures },
    Shape { name: "items/imports_of_wide_signature", size: 300, make: imports_of_wide_signature },
    Shape { name: "items/functions_of_wide_signature", size: 300, make: functions_of_wide_signature },
    Shape { name: "items/layouts_in_a_chain", size: 1000, make: layouts_in_a_chain },
    Shape { name: "items/layouts_in_a_ring", size: 1000, make: layouts_in_a_ring },
    Shape { name: "items/layouts_in_equal_rings", size: 1000, make: layouts_in_equal_rings },
    Shape { name: "items/layouts_in_a_ladder", size: 1000, make: layouts_in_a_ladder },
    Shape { name: "items/layouts_in_a_star", size: 1000, make: layouts_in_a_star },
    Shape { name: "items/wide_layouts", size: 1000, make: wide_layouts },
    Shape { name: "items/globals", size: 2000, make: globals },
    Shape { name: "items/nested_initial_values", size: 1000, make: nested_initial_values },
    Shape { name: "items/exports", size: 2000, make: exports },
    Shape { name: "items/exports_of_one_name", size: 2000, make: exports_of_one_name },
    Shape { name: "items/imports", size: 2000, make: imports },
    Shape { name: "items/segments", size: 2000, make: segments },
    Shape { name: "items/small_functions", size: 2000, make: small_functions },
    Shape { name: "items/calls_of_wide_results", size: 1000, make: calls_of_wide_results },
    Shape { name: "items/tail_calls_of_wide_results", size: 500, make: tail_calls_of_wide_results },
    Shape { name: "items/records_of_wrong_size", size: 500, make: records_of_wrong_size },
    Shape { name: "items/mistakes_with_long_names", size: 1000, make: mistakes_with_long_names },
    Shape { name: "items/mistakes", size: 2000, make: mistakes },
];

fn signatures(size: usize) -> Input {
    Input::Text(repeat(size, |number| format!("sig{number} = ({}) -> ()\n", distinct_types(number))))
}

/// Each import could make its own copy of the signature.
fn imports_of_wide_signature(size: usize) -> Input {
    let signature = format!("sig0 = ({}) -> ()\n", join(10 * size, ", ", |_| "i64".into()));
    Input::Text(signature + &repeat(size, |number| format!("func{number} import \"m\" \"f{number}\" sig0\n")))
}

/// As the text form writes a function's signature in full, this is in the size of what is printed.
fn functions_of_wide_signature(size: usize) -> Input {
    let signature = format!("sig0 = ({}) dynamic\n", join(size, ", ", |_| "any".into()));
    let function = |number| format!("func{number} \"f\" sig0 {{\nblock0:\nthrow r0\n}}\n");
    Input::Text(signature + &repeat(20, function))
}

fn layouts_in_a_chain(size: usize) -> Input {
    let next = |number: usize| if number + 1 < size { format!("ref.layout{}", number + 1) } else { "i32".into() };
    Input::Text(repeat(size, |number| format!("layout{number} = record (i32, {})\n", next(number))))
}

fn layouts_in_a_ring(size: usize) -> Input {
    let field = |number: usize| if number == 0 { "i64" } else { "i32" };
    let layout = |number| format!("layout{number} = record ({}, ref.layout{})\n", field(number), (number + 1) % size);
    Input::Text(repeat(size, layout))
}

/// Rings of which all members look alike.
fn layouts_in_equal_rings(size: usize) -> Input {
    Input::Text(repeat(size, |number| format!("layout{number} = record (ref.layout{})\n", (number + 1) % size)))
}

/// Each layout has fields of the two after it, so that there are many ways through them.
fn layouts_in_a_ladder(size: usize) -> Input {
    let field = |number: usize| if number < size { format!("ref.layout{number}") } else { "f64".into() };
    Input::Text(repeat(size, |number| {
        format!("layout{number} = record ({}, {})\n", field(number + 1), field(number + 2))
    }))
}

/// One layout refers to all others, and all to it.
fn layouts_in_a_star(size: usize) -> Input {
    let all = join(size - 1, ", ", |number| format!("ref.layout{}", number + 1));
    let rest =
        repeat(size - 1, |number| format!("layout{} = record (ref.layout0, {})\n", number + 1, distinct_types(number)));
    Input::Text(format!("layout0 = record ({all})\n{rest}"))
}

/// One field of each type, many times.
fn wide_layouts(size: usize) -> Input {
    let fields = join(size, ", ", |number| ["any", "i8", "i64", "v128", "ref.layout1"][number % 5].into());
    Input::Text(format!("layout0 = record ({fields})\nlayout1 = array (i8)\n"))
}

fn globals(size: usize) -> Input {
    let initial = |number: usize| if number == 0 { "1".into() } else { format!("global{}", number - 1) };
    Input::Text(repeat(size, |number| format!("global{number} = i64 {}\n", initial(number))))
}

fn nested_initial_values(size: usize) -> Input {
    let nested = (0..90).fold("i64:1".to_owned(), |inner, _| format!("add({inner}, i64:2)"));
    Input::Text(repeat(size / 50, |number| format!("global{number} = i64 {nested}\n")))
}

fn exports(size: usize) -> Input {
    let exports = repeat(size, |number| format!("export \"name {number}\" func0\n"));
    Input::Text(exports + "func0 \"f\" () -> () {\nblock0:\nreturn_values ()\n}\n")
}

fn exports_of_one_name(size: usize) -> Input {
    Input::Text("export \"name\" func0\n".repeat(size) + "func0 \"f\" () -> () {\nblock0:\nreturn_values ()\n}\n")
}

fn imports(size: usize) -> Input {
    Input::Text(repeat(size, |number| format!("func{number} import \"module {number}\" \"name\" () dynamic\n")))
}

fn segments(size: usize) -> Input {
    let data = repeat(size, |number| format!("data{number} = active memory0 {} {{ \"x\" }}\n", number % 1000));
    let elements = repeat(size, |number| format!("elem{number} = any active table0 {} (nil)\n", number % 1000));
    Input::Text(format!("memory0 = i32 1\ntable0 = i32 any 1000 nil\n{data}{elements}"))
}

fn small_functions(size: usize) -> Input {
    let function = |number| format!("func{number} \"f{number}\" sig0 {{\nblock0:\nreturn_values ()\n}}\n");
    Input::Text("sig0 = () -> ()\n".to_owned() + &repeat(size, function))
}

fn calls_of_wide_results(size: usize) -> Input {
    let types = join(200, ", ", |_| "i64".into());
    let registers = join(200, ", ", |number| format!("r{number}"));
    let typed = join(200, ", ", |number| format!("r{number}: i64"));
    let code = repeat(size / 20, |_| format!("{registers} = call func0 ()\n"));
    let import = format!("func0 import \"m\" \"f\" () -> ({types})\n");
    Input::Text(format!("{import}func1 \"f\" () -> () {{\nregisters {typed}\nblock0:\n{code}return_values ()\n}}\n"))
}

/// Calls that each return all that a signature with many results names.
fn tail_calls_of_wide_results(size: usize) -> Input {
    let types = join(10 * size, ", ", |_| "i64".into());
    let signatures = format!("sig0 = () -> ({types})\nsig1 = (i32) -> ({types})\n");
    let blocks = repeat(size, |number| format!("block{number}:\ntail_call func0 (r0)\n"));
    let import = "func0 import \"m\" \"f\" sig1\n";
    Input::Text(format!("{signatures}{import}func1 \"f\" sig0 {{\nregisters r0: i32\n{blocks}}}\n"))
}

/// Instructions that should have as many operands as a wide layout has fields.
fn records_of_wrong_size(size: usize) -> Input {
    let layout = format!("layout0 = record ({})\n", join(10 * size, ", ", |_| "i64".into()));
    let code = "r0 = record_new layout0 ()\n".repeat(size);
    Input::Text(format!(
        "{layout}func0 \"f\" () -> () {{\nregisters r0: ref.layout0\nblock0:\n{code}return_values ()\n}}\n"
    ))
}

/// Mistakes that all name a long name.
fn mistakes_with_long_names(size: usize) -> Input {
    let name = "n".repeat(10 * size);
    let code = "at source0 line 1 bytes 0..0\ncall func9 ()\n".repeat(size);
    Input::Text(format!("source0 = \"{name}\"\nfunc0 \"{name}\" () -> () {{\nblock0:\n{code}return_values ()\n}}\n"))
}

fn mistakes(size: usize) -> Input {
    let globals = repeat(size, |number| format!("global{number} = i64 global{number}\n"));
    let function =
        |number| format!("func{number} \"f\" () -> () {{\nblock0:\ncall func{} ()\njump block7\n}}\n", 4 * size);
    Input::Text(globals + &repeat(size, function))
}
