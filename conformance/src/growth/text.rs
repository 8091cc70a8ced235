//! Inputs for the parser of the text form, and for messages.

use super::{Input, Shape, join, repeat};

pub(super) const SHAPES: &[Shape] = &[
    Shape { name: "text/signatures_in_full", size: 2000, make: signatures_in_full },
    Shape { name: "text/errors_in_a_long_line", size: 20_000, make: errors_in_a_long_line },
    Shape { name: "text/errors_in_many_lines", size: 5000, make: errors_in_many_lines },
    Shape { name: "text/bodies_that_do_not_begin", size: 2000, make: bodies_that_do_not_begin },
    Shape { name: "text/long_strings", size: 20_000, make: long_strings },
    Shape { name: "text/custom_sections", size: 2000, make: custom_sections },
    Shape { name: "text/constants_by_value", size: 2000, make: constants_by_value },
    Shape { name: "text/constants_listed", size: 2000, make: constants_listed },
    Shape { name: "text/source_lines", size: 20_000, make: source_lines },
];

/// A signature that is different for each number below 4^10.
pub(super) fn distinct_types(number: usize) -> String {
    join(10, ", ", |place| ["i32", "i64", "f32", "f64"][number >> (2 * place) & 3].to_owned())
}

/// Functions with their signatures, which stand nowhere else.
fn signatures_in_full(size: usize) -> Input {
    Input::Text(repeat(size, |number| format!("func{number} import \"m\" \"f\" ({}) -> ()\n", distinct_types(number))))
}

fn errors_in_a_long_line(size: usize) -> Input {
    Input::Text(format!("custom \"{}\" {{ \"x\"", "ä".repeat(size)) + &" ? ".repeat(size))
}

fn errors_in_many_lines(size: usize) -> Input {
    Input::Text("sig0 = ( nonsense )\n".repeat(size))
}

/// Functions whose first line is wrong, so that the rest of them is passed over.
fn bodies_that_do_not_begin(size: usize) -> Input {
    Input::Text(format!("func0 \"f\" nonsense {{\n{}}}\n", " block0:\n  r1 = copy r0\n".repeat(size)))
}

fn long_strings(size: usize) -> Input {
    Input::Text(format!("source0 = \"{0}\"\ncustom \"{0}\" {{ \"{0}\" }}\n", "\\x00abcdefg".repeat(size)))
}

fn custom_sections(size: usize) -> Input {
    Input::Text(repeat(size, |number| format!("custom \"section {number}\" {{ \"{number}\" }}\n")))
}

fn constants_by_value(size: usize) -> Input {
    let code = repeat(size, |number| format!("r1 = copy {number}\nr1 = copy \"text {number}\"\n"));
    Input::Text(format!("func0 \"f\" () dynamic {{\nregisters r1: any\nblock0:\n{code}return_values (r1)\n}}\n"))
        .with_first_register()
}

/// Constants that are not in the order of their first uses, so that they are listed.
fn constants_listed(size: usize) -> Input {
    let constants = repeat(size, |number| format!("const{number} = any:{number}\n"));
    let code = repeat(size, |number| format!("r0 = copy const{}\n", size - 1 - number));
    let head = "func0 \"f\" () dynamic {\nregisters r0: any\n";
    Input::Text(format!("{head}{constants}block0:\n{code}return_values (r0)\n}}\n"))
}

/// A source file with its text, and a span for each instruction.
fn source_lines(size: usize) -> Input {
    let text = repeat(size, |number| format!("\"line {number}\\n\"\n"));
    let code = repeat(size, |number| format!("at source0 line {} bytes 0..1\nr0 = copy 1\n", number + 1));
    let head = "export \"main\" func0\nfunc0 \"f\" () dynamic {\nregisters r0: any\n";
    Input::Text(format!("source0 = \"file\" {{\n{text}}}\n{head}block0:\n{code}throw r0\n}}\n"))
}

impl Input {
    /// Names registers from 0 in a text that was written for one parameter.
    fn with_first_register(self) -> Input {
        match self {
            Input::Text(text) => Input::Text(text.replace("r1", "r0")),
            other => other,
        }
    }
}
