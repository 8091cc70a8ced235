//! A mistake in a program, with its place.

use std::fmt;
use std::ops::Range;

/// What is wrong, and with which bytes of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The bytes that are meant.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
}

/// What was read, or a mistake.
pub type Parsed<T> = Result<T, Mistake>;

impl Mistake {
    /// A mistake in these bytes.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Mistake { span, message: message.into() }
    }

    /// As users see it; `file` is the name of the text.
    pub fn shown(self, file: &str, text: &str) -> Diagnostic {
        // Whoever makes one counts right, but a text is no place for a panic.
        let floor = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let (start, end) = (floor(self.span.start), floor(self.span.end));
        let line_start = text[..start].rfind('\n').map_or(0, |end| end + 1);
        let shown = text[line_start..].lines().next().unwrap_or("");
        // Tabs stay tabs, so that the mark stands below the place on every terminal.
        let indent: String = text[line_start..start].chars().map(|c| if c == '\t' { c } else { ' ' }).collect();
        let marked = text[start..end.max(start)].lines().next().unwrap_or("").chars().count().max(1);
        Diagnostic {
            message: self.message,
            file: file.to_owned(),
            line: text[..start].matches('\n').count() as u32 + 1,
            span: self.span,
            excerpt: format!("  {shown}\n  {indent}{}", "^".repeat(marked)),
        }
    }
}

/// A mistake that was found before the program ran. Displayed, it is `file:line: message` and the line, with a mark below the place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// What is wrong.
    pub message: String,
    /// Name of the file.
    pub file: String,
    /// Line in it, from 1.
    pub line: u32,
    /// The bytes in it that are meant.
    pub span: Range<usize>,
    /// The line, with a mark under these bytes.
    excerpt: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n{}", self.file, self.line, self.message, self.excerpt)
    }
}

impl std::error::Error for Diagnostic {}
