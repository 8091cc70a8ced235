//! Inputs for what makes threaded code, and for what the collector has to know of it.

use super::{Input, Shape, join, repeat};

pub(super) const SHAPES: &[Shape] = &[
    Shape { name: "loading/closures", size: 2000, make: closures },
    Shape { name: "loading/concatenations", size: 2000, make: concatenations },
    Shape { name: "loading/wide_calls", size: 500, make: wide_calls },
    Shape { name: "loading/wide_calls_far_from_definitions", size: 200, make: wide_calls_far_from_definitions },
    Shape { name: "loading/arguments_in_place", size: 1000, make: arguments_in_place },
    Shape { name: "loading/wide_append", size: 2000, make: wide_append },
    Shape { name: "loading/nested_arguments", size: 300, make: nested_arguments },
    Shape { name: "loading/typed_trees", size: 2000, make: typed_trees },
    Shape { name: "loading/typed_definitions_of_one_call", size: 400, make: typed_definitions_of_one_call },
    Shape { name: "loading/loads_and_stores", size: 2000, make: loads_and_stores },
    Shape { name: "loading/captured_values", size: 2000, make: captured_values },
    Shape { name: "loading/returns_everywhere", size: 2000, make: returns_everywhere },
    Shape { name: "loading/collections_in_a_long_block", size: 2000, make: collections_in_a_long_block },
    Shape { name: "loading/collections_at_many_places", size: 300, make: collections_at_many_places },
    Shape { name: "loading/elided_registers_at_collections", size: 300, make: elided_registers_at_collections },
    Shape { name: "loading/errors_in_a_long_function", size: 1000, make: errors_in_a_long_function },
    Shape { name: "loading/many_registers_in_a_call", size: 1000, make: many_registers_in_a_call },
];

/// A dynamic function `main` of one block.
fn main(registers: usize, head: &str, code: &str) -> Input {
    let list = join(registers, ", ", |number| format!("r{number}: any"));
    let start = format!("export \"main\" func0\nfunc0 \"main\" () dynamic {{\nregisters {list}\n{head}");
    Input::Text(format!("{start}block0:\n{code}throw r0\n}}\n{CALLEE}"))
}

/// A function to be called, and to make closures of.
const CALLEE: &str = "func1 \"callee\" () variadic {\nblock0:\nreturn_values (1)\n}\n\
    func2 \"closure\" () dynamic {\ncaptures any\nregisters r0: any\nblock0:\nr0 = capture_get 0\nreturn_values (r0)\n}\n";

/// Calls with a closure each.
fn closures(size: usize) -> Input {
    main(2, "", &("r0 = ref_func func1\n".to_owned() + &"r1 = closure func2 (7)\ncall_any r0 (r1)\n".repeat(size)))
}

fn concatenations(size: usize) -> Input {
    main(2, "", &("r0 = copy \"a\"\n".to_owned() + &"r1 = concat (r0, \"b\", \"c\")\n".repeat(size)))
}

/// Calls with many arguments in one long block.
fn wide_calls(size: usize) -> Input {
    let arguments = join(100, ", ", |number| format!("r{}", number % 3));
    let call = format!("call_any r0 ({arguments})\n");
    let first = "r0 = ref_func func1\nr1 = copy 1\nr2 = copy 1\n".to_owned();
    main(3, "", &(first + &call.repeat(size / 10)))
}

/// Many arguments that were all computed long before.
fn wide_calls_far_from_definitions(size: usize) -> Input {
    let first = repeat(size, |number| format!("r{number} = ref_func func1\n"));
    let arguments = join(size, ", ", |number| format!("r{number}"));
    let between = "set r0, 1, r0\n".repeat(50 * size);
    let appended = format!("r0 = table_new 0, 0\n{between}append r0, 1 ({arguments})\n");
    main(size, "", &(first + &appended))
}

/// Arguments that are computed in the window of their call.
fn arguments_in_place(size: usize) -> Input {
    let call = "r1 = add r0, 1\nr2 = add r0, 2\nr3 = table_new 0, 0\ncall_any r4 (r1, r2, r3)\n";
    main(5, "", &("r0 = copy 1\nr4 = ref_func func1\n".to_owned() + &call.repeat(size)))
}

fn wide_append(size: usize) -> Input {
    let values = join(size, ", ", |number| if number % 2 == 0 { "r1".into() } else { number.to_string() });
    main(2, "", &format!("r0 = table_new 0, 0\nr1 = copy 1\nappend r0, 1 ({values})\n"))
}

/// Calls one in the other, so that arguments of all of them wait at once.
fn nested_arguments(size: usize) -> Input {
    let outer = repeat(size, |number| format!("r{} = add r0, {number}\n", number + 2));
    let inner = repeat(size, |number| format!("call_any r1 (r{}, 1)\n", size - number + 1));
    main(size + 2, "", &format!("r0 = copy 1\nr1 = ref_func func1\n{outer}{inner}"))
}

/// A typed function of one block.
fn typed(registers: usize, code: &str) -> Input {
    let list = join(registers, ", ", |number| format!("r{}: i64", number + 1));
    let head = "memory0 = i32 1\nfunc0 import \"m\" \"f\" (i64, i64, i64) -> ()\n";
    let start = format!("func1 \"typed\" (i32) -> () {{\nregisters {list}\nblock0:\n");
    Input::Text(format!("{head}{start}{code}return_values ()\n}}\n"))
}

/// Long chains of definitions that are read once.
fn typed_trees(size: usize) -> Input {
    let step =
        |number: usize| format!("r{} = i64_add r{}, r{}\n", number % 3 + 1, (number + 2) % 3 + 1, number % 3 + 1);
    typed(3, &("r1 = copy 1\nr2 = copy 2\nr3 = copy 3\n".to_owned() + &repeat(size, step)))
}

/// One call that takes many values which only it reads.
fn typed_definitions_of_one_call(size: usize) -> Input {
    let types = join(size, ", ", |_| "i64".into());
    let list = join(size, ", ", |number| format!("r{}: i64", number + 1));
    let code = repeat(size, |number| format!("r{} = i64_extend_i32_s r0\n", number + 1));
    let arguments = join(size, ", ", |number| format!("r{}", number + 1));
    let head = format!("func0 import \"m\" \"f\" ({types}) -> ()\nfunc1 \"typed\" (i32) -> () {{\nregisters {list}\n");
    Input::Text(format!("{head}block0:\n{code}call func0 ({arguments})\nreturn_values ()\n}}\n"))
}

fn loads_and_stores(size: usize) -> Input {
    let step = "r1 = i64_load memory0, r0, +8\nr2 = i64_add r1, 5\ni64_store memory0, r0, +16, r2\n";
    typed(2, &step.repeat(size))
}

fn captured_values(size: usize) -> Input {
    let names = join(200, ", ", |number| format!("\"c{number}\""));
    let captures = join(200, ", ", |_| "any".into());
    let code = repeat(size, |number| format!("r0 = capture_get {}\nr1 = get r0, \"key\"\n", number % 200));
    let head = format!("captures {captures}\ncapture_names {names}\nregisters r0: any, r1: any\n");
    Input::Text(format!("func0 \"f\" () dynamic {{\n{head}block0:\n{code}throw r1\n}}\n"))
}

/// Branches to blocks that only return.
fn returns_everywhere(size: usize) -> Input {
    let step = |number: usize| {
        let at = 2 * number;
        format!("block{at}:\nbranch_if r0, block{}, block{}\nblock{}:\nreturn_values (r0)\n", at + 1, at + 2, at + 1)
    };
    let code = repeat(size, step) + &format!("block{}:\nreturn_values (r0)\n", 2 * size);
    Input::Text(format!("func0 \"f\" (i32) -> (i32) {{\n{code}}}\n"))
}

/// Garbage from many places of one block, and tables that stay, so that the collector comes by.
fn collections_in_a_long_block(size: usize) -> Input {
    let step = "r1 = table_new 0, 64\nset r0, 1, r1\n";
    main(2, "", &("r0 = table_new 0, 0\n".to_owned() + &step.repeat(size)))
}

/// A recursion that is at another place in each of its frames, with many registers.
fn collections_at_many_places(size: usize) -> Input {
    let registers = join(size, ", ", |number| format!("r{}: any", number + 1));
    let first = repeat(size, |number| format!("r{} = copy {number}\n", number + 1));
    let targets = join(size, ", ", |number| format!("block{}", number + 2));
    let reads = repeat(size, |number| format!("r1 = add r1, r{}\n", number + 1));
    let block = |number: usize| {
        format!(
            "block{}:\nr2 = ref_func func1\nr3 = sub r0, 1\nr1 = table_new 0, 64\ncall_any r2 (r3)\njump block{}\n",
            number + 2,
            size + 2
        )
    };
    let code = format!(
        "block0:\n{first}branch_less_equal r0, 0, block{0}, block1\n\
         block1:\nr1 = modulo r0, {size}\nr{size} = copy 1\njump block{2}\n{1}block{0}:\n{reads}return_values (r1)\n\
         block{2}:\nr1x = i64_from_any r1\nr2x = i32_wrap_i64 r1x\nbranch_table r2x ({targets}), block2\n",
        size + 2,
        repeat(size, block),
        size + 3
    );
    let code = code.replace("r1x", &format!("r{}", size + 1)).replace("r2x", &format!("r{}", size + 2));
    let more = format!("r{}: i64, r{}: i32", size + 1, size + 2);
    let main = format!(
        "export \"main\" func0\nfunc0 \"main\" () dynamic {{\nregisters r0: any\nblock0:\n\
         r0 = ref_func func1\ncall_any r0 ({})\nthrow 1\n}}\n",
        size
    );
    Input::Text(format!("{main}func1 \"deep\" (any) dynamic {{\nregisters {registers}, {more}\n{code}}}\n"))
}

/// Registers whose values are sometimes in the window of a call instead, at places where the collector comes by.
fn elided_registers_at_collections(size: usize) -> Input {
    let first = repeat(size, |number| format!("r{} = add r0, {number}\n", number + 2));
    let arguments = join(size, ", ", |number| format!("r{}", number + 2));
    let code = format!("r0 = copy 1\nr1 = ref_func func1\n{first}call_any r1 ({arguments})\n");
    let again = "r0 = copy 1\nr1 = table_new 0, 64\n".repeat(10 * size);
    main(size + 2, "", &(code + &again))
}

/// Errors that are caught, one after the other, in one long function with many lines.
fn errors_in_a_long_function(size: usize) -> Input {
    let regions = repeat(size, |number| {
        format!(
            "region catch block{}..block{} handler block{} error r1\n",
            2 * number + 1,
            2 * number + 2,
            2 * number + 2
        )
    });
    let pair = |number: usize| {
        let at = 2 * number + 1;
        format!(
            "block{at}:\nat source0 line {at} bytes 0..1\nr2 = add r0, nil\njump block{0}\nblock{1}:\nr3 = copy r1\njump block{0}\n",
            at + 2,
            at + 1
        )
    };
    let head = "source0 = \"file\"\nexport \"main\" func0\nfunc0 \"main\" () dynamic {\nregisters r0: any, r1: any, r2: any, r3: any\n";
    let code = format!(
        "block0:\nr0 = table_new 0, 0\njump block1\n{}block{}:\nthrow 1\n}}\n",
        repeat(size, pair),
        2 * size + 1
    );
    Input::Text(format!("{head}{regions}{code}"))
}

/// Results of one call in many registers that do not lie side by side.
fn many_registers_in_a_call(size: usize) -> Input {
    let results = join(size, ", ", |number| format!("r{}", (number * 7) % size));
    let code = format!("r0 = ref_func func1\n{results} = call_any r0 (1)\n{results} = call_any r0 (1)\n");
    main(size, "", &code)
}
