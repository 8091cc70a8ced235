//! Where a hand-written parser begins: text to tokens, a cursor over them, and mistakes that show their place. It knows no language, and
//! nothing of bytecode.
//!
//! ```
//! use minivm_syntax::{Cursor, Diagnostic, Kind, Lexicon, Parsed};
//!
//! const LEXICON: Lexicon = Lexicon { keywords: "let", symbols: "= + ( )", comment: "#" };
//!
//! /// `sum = value { "+" value }`, `value = NUMBER | "(" sum ")"`
//! fn sum(tokens: &mut Cursor<'_>) -> Parsed<i64> {
//!     let mut sum = value(tokens)?;
//!     while tokens.accept("+") {
//!         sum += value(tokens)?;
//!     }
//!     Ok(sum)
//! }
//!
//! fn value(tokens: &mut Cursor<'_>) -> Parsed<i64> {
//!     if tokens.accept("(") {
//!         tokens.enter()?;                                // a file of ten thousand parentheses is a mistake
//!         let value = sum(tokens)?;
//!         tokens.leave();
//!         tokens.expect(")")?;
//!         return Ok(value);
//!     }
//!     let token = tokens.peek();
//!     match token.text.parse() {
//!         Ok(number) if token.kind == Kind::Number => {
//!             tokens.next();
//!             Ok(number)
//!         }
//!         _ => tokens.expected("a number"),
//!     }
//! }
//!
//! fn calculate(text: &str) -> Result<i64, Diagnostic> {
//!     let result = LEXICON.tokens(text).and_then(|tokens| sum(&mut Cursor::new(tokens)));
//!     result.map_err(|mistake| mistake.shown("sum.txt", text))
//! }
//!
//! assert_eq!(calculate("1 + (2 + 3)"), Ok(6));
//! assert_eq!(
//!     calculate("1 + + 2").unwrap_err().to_string(),
//!     "sum.txt:1: a number is expected, found `+`\n  1 + + 2\n      ^"
//! );
//! ```
#![forbid(unsafe_code)]

mod cursor;
mod diagnostic;
mod lexer;

pub use cursor::{Cursor, DEPTH_MAX};
pub use diagnostic::{Diagnostic, Mistake, Parsed};
pub use lexer::{Kind, Lexicon, Number, Token};
