//! A mistake in a program, with its place.

use std::fmt;
use std::ops::Range;

/// A mistake that was found before the program ran.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
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

impl Error {
    // ANCHOR: new
    pub(crate) fn new(file: &str, text: &str, span: Range<usize>, message: String) -> Self {
        let line_start = text[..span.start].rfind('\n').map_or(0, |end| end + 1);
        let shown = text[line_start..].lines().next().unwrap_or("");
        // Tabs stay tabs, so that the mark stands below the place on every terminal.
        let indent: String = text[line_start..span.start].chars().map(|c| if c == '\t' { c } else { ' ' }).collect();
        let excerpt = format!("  {shown}\n  {indent}{}", "^".repeat(text[span.clone()].chars().count().max(1)));
        let line = text[..span.start].matches('\n').count() as u32 + 1;
        Error { message, file: file.to_owned(), line, span, excerpt }
    }
    // ANCHOR_END: new
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n{}", self.file, self.line, self.message, self.excerpt)
    }
}

impl std::error::Error for Error {}
