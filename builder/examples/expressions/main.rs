//! A small expression language, from text to verified bytecode.
//!
//! ```text
//! def hypotenuse(a, b) = sqrt(a * a + b * b)
//! def power(x, n) = if n <= 0 then 1 else x * power(x, n - 1)
//! let side = 3
//! hypotenuse(side, side + 1) + power(2, 10)
//! ```
//!
//! All values are 64-bit floats, so all code is typed: no tags, no metamethods. `cargo run -p minivm-builder --example
//! expressions FILE` prints the bytecode of a file; without a file it takes the program above.

mod compile;
mod syntax;

use std::fmt;
use std::process::ExitCode;

const SAMPLE: &str = "\
def hypotenuse(a, b) = sqrt(a * a + b * b)
def power(x, n) = if n <= 0 then 1 else x * power(x, n - 1)
let side = 3
hypotenuse(side, side + 1) + power(2, 10)
";

/// A mistake in a program.
#[derive(Debug, PartialEq)]
struct Error {
    line: u32,
    message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

fn main() -> ExitCode {
    let (name, text) = match std::env::args().nth(1) {
        None => ("sample".to_string(), SAMPLE.to_string()),
        Some(path) => match std::fs::read_to_string(&path) {
            Ok(text) => (path, text),
            Err(error) => return fail(&format!("{path}: {error}")),
        },
    };
    let program = syntax::parse(&text).and_then(|definitions| compile::compile(&name, &text, &definitions));
    match program {
        Ok(program) => {
            print!("{}", *program);
            ExitCode::SUCCESS
        }
        Err(error) => fail(&format!("{name}: {error}")),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<String, Error> {
        let definitions = syntax::parse(text)?;
        compile::compile("test", text, &definitions).map(|program| program.to_string())
    }

    #[test]
    fn sample_compiles() {
        let text = compile(SAMPLE).unwrap();
        assert!(text.contains("branch_f64_le r1, 0.0, block1, block2"), "{text}");
    }

    #[test]
    fn mistakes_have_lines() {
        let check = |text: &str, expected: &str| assert_eq!(compile(text).unwrap_err().to_string(), expected);
        check("1 +", "line 1: a value is expected, found the end");
        check("let x = 1\nx + y", "line 2: 'y' is not known");
        check("def f(a) = a\nf(1, 2)", "line 2: 'f' takes 1 values, found 2");
        check("def f(a, a) = a\n1", "line 1: there are two 'a'");
        check("def f(a) = a\ndef f(a) = a\n1", "line 2: there are two 'f'");
        check("1 $ 2", "line 1: '$' has no meaning");
        check("let x = 1", "line 1: the last line must be an expression");
        check(&format!("{}1{}", "(".repeat(1000), ")".repeat(1000)), "line 1: nested too deep");
    }
}
