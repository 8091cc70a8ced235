//! The text form in its canonical layout, with the comments and empty lines of its author.
//!
//! It changes white space only: between the pieces of a line, at its beginning and end. What programs print as is laid out like
//! that already.

use super::ParseError;
use super::lexer::{Lexer, Token};
use super::parse::parse;

/// Spaces for each open bracket.
const INDENT: usize = 2;
/// What stands before a comment at the end of a line.
const BEFORE_COMMENT: &str = "  ";

/// Lays out a program in text form. Doing so twice changes nothing more, and the program stays the same.
///
/// ```
/// let text = "minivm 1\nsig0=()  dynamic ; nothing\n";
/// assert_eq!(minivm_isa::text::format(text)?, "minivm 1\nsig0 = () dynamic  ; nothing\n");
/// # Ok::<(), Vec<minivm_isa::text::ParseError>>(())
/// ```
///
/// # Errors
/// As for [`parse`]: what is not a program is left alone.
pub fn format(text: &str) -> Result<String, Vec<ParseError>> {
    parse(text)?;
    let lines = lines(text).map_err(|error| vec![error])?;
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut depth = 0;
    let mut is_gap = false;
    for (index, line) in lines.iter().enumerate() {
        if line.is_empty() {
            is_gap = !out.is_empty();
            continue;
        }
        // A comment belongs to what comes after it.
        let meant = lines[index..].iter().find(|line| !line.pieces.is_empty()).unwrap_or(line);
        if is_gap {
            out.push('\n');
            is_gap = false;
        }
        let indent = depth.max(meant.closes_first()) - meant.closes_first();
        let indent = if meant.is_label() { 0 } else { indent * INDENT };
        out.extend(std::iter::repeat_n(' ', indent));
        line.write(&mut out);
        out.push('\n');
        depth = (depth + line.count(&['(', '{'])).saturating_sub(line.count(&[')', '}']));
    }
    Ok(out)
}

/// What a piece of a line is, as far as spaces depend on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Register,
    Other,
    Sign(char),
    Range,
}

/// A line: its pieces as they are written, and its comment, which may be empty.
#[derive(Default)]
struct Line<'a> {
    pieces: Vec<(Kind, &'a str)>,
    comment: &'a str,
}

/// The lines of a text.
fn lines(text: &str) -> Result<Vec<Line<'_>>, ParseError> {
    let mut lexer = Lexer::new(text);
    let (mut lines, mut line, mut before) = (Vec::new(), Line::default(), 0);
    loop {
        let (token, position) = lexer.next()?;
        let start = position.start();
        let kind = match token {
            Token::Newline | Token::End => {
                line.comment = text[before..start].trim();
                lines.push(std::mem::take(&mut line));
                before = lexer.at();
                if token == Token::End {
                    return Ok(lines);
                }
                continue;
            }
            Token::Word(word) => match word.strip_prefix('r') {
                Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                    Kind::Register
                }
                _ => Kind::Word,
            },
            Token::Number(_) | Token::String(_) | Token::Arrow => Kind::Other,
            Token::Sign(sign) => Kind::Sign(sign),
            Token::Range => Kind::Range,
        };
        line.pieces.push((kind, &text[start..lexer.at()]));
        before = lexer.at();
    }
}

impl Line<'_> {
    fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.comment.is_empty()
    }

    /// Whether a block begins with it.
    fn is_label(&self) -> bool {
        matches!(self.pieces[..], [(Kind::Word, _), (Kind::Sign(':'), _)])
    }

    fn count(&self, signs: &[char]) -> usize {
        self.pieces.iter().filter(|(kind, _)| matches!(kind, Kind::Sign(sign) if signs.contains(sign))).count()
    }

    /// How many brackets it closes before anything else.
    fn closes_first(&self) -> usize {
        self.pieces.iter().take_while(|(kind, _)| matches!(kind, Kind::Sign(')' | '}'))).count()
    }

    fn write(&self, out: &mut String) {
        let mut before = None;
        for (index, &(kind, piece)) in self.pieces.iter().enumerate() {
            let named = index.checked_sub(2).map(|index| self.pieces[index].0);
            if before.is_some_and(|before| has_space(named, before, kind)) {
                out.push(' ');
            }
            out.push_str(piece);
            before = Some(kind);
        }
        if !self.comment.is_empty() {
            out.push_str(if self.pieces.is_empty() { "" } else { BEFORE_COMMENT });
            out.push_str(self.comment);
        }
    }
}

/// Whether a space stands between two pieces; `named` is the one before them.
fn has_space(named: Option<Kind>, before: Kind, after: Kind) -> bool {
    match (before, after) {
        (_, Kind::Sign(',' | ')' | ':')) | (Kind::Sign('('), _) => false,
        (Kind::Sign('{'), Kind::Sign('}')) | (Kind::Range, _) | (_, Kind::Range) => false,
        // `r1: any`, but `i64:7`.
        (Kind::Sign(':'), _) => named == Some(Kind::Register),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::format;
    use crate::text::parse;

    fn check(text: &str, expected: &str) {
        let formatted = format(text).expect("it is a program");
        assert_eq!(formatted, expected);
        assert_eq!(format(&formatted).expect("it still is one"), formatted);
        assert_eq!(parse(text), parse(&formatted));
    }

    #[test]
    fn spaces_follow_from_the_pieces() {
        check(
            "minivm   1\n\n\n; a\t\nsig0=(any ,any)->(  i64)\n\tfunc0   \"f  g\" sig0 (any,any) -> (i64){  ; b\n \
             registers r2:i64\n  block0 :;c\n; d\n   r2=i64_add i64 :7,-1\nreturn_values( r2 )\n ; e\n}\n\n",
            "minivm 1\n\n; a\nsig0 = (any, any) -> (i64)\nfunc0 \"f  g\" sig0 (any, any) -> (i64) {  ; b\n  \
             registers r2: i64\nblock0:  ;c\n  ; d\n  r2 = i64_add i64:7, -1\n  return_values (r2)\n; e\n}\n",
        );
    }

    #[test]
    fn lists_over_several_lines_are_indented() {
        check("minivm 1\ndata0=passive{\n\"a\"\n    \"b\"}\n", "minivm 1\ndata0 = passive {\n  \"a\"\n  \"b\" }\n");
        check("minivm 1\r\ndata0 = passive {}\r\n", "minivm 1\ndata0 = passive {}\n");
    }

    #[test]
    fn what_is_not_a_program_is_an_error() {
        assert!(format("minivm 1\nfunc0 {").is_err());
    }
}
