//! Messages to the user: what is wrong, where, with the source line and a mark under it.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet, renderer::DecorStyle};
use std::io::{self, Write};
use std::ops::Range;

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    message: String,
    place: Option<Place>,
    notes: Vec<String>,
    help: Option<String>,
}

/// A place in a source.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    name: String,
    /// Counted from 1.
    line: Option<usize>,
    /// The text of the line, and which bytes of it are meant.
    excerpt: Option<(String, Range<usize>)>,
}

/// Longer lines are not shown.
const EXCERPT_MAX: usize = 4000;

impl Place {
    /// A file as a whole.
    pub(crate) fn file(name: impl Into<String>) -> Self {
        Place { name: name.into(), line: None, excerpt: None }
    }

    /// A line of a file (counted from 1) whose text is not at hand.
    pub(crate) fn line(name: impl Into<String>, line: usize) -> Self {
        Place { name: name.into(), line: Some(line), excerpt: None }
    }

    /// A range of bytes in a line of a text; the whole line, if the range does not lie in
    /// it. Bytes that are no characters are shown as replacement characters.
    pub(crate) fn in_text(name: impl Into<String>, text: &[u8], line: usize, bytes: Option<Range<usize>>) -> Self {
        let Some(whole) = line_range(text, line).filter(|whole| whole.len() <= EXCERPT_MAX) else {
            return Place::line(name, line);
        };
        let shown = &text[whole.clone()];
        let meant = bytes
            .filter(|bytes| whole.contains(&bytes.start) || bytes.start == whole.end)
            .map_or(shown.len() - shown.trim_ascii_start().len()..shown.len(), |bytes| {
                bytes.start - whole.start..bytes.end.clamp(bytes.start, whole.end) - whole.start
            });
        let excerpt = (String::from_utf8_lossy(shown).into_owned(), marked(shown, meant));
        Place { name: name.into(), line: Some(line), excerpt: Some(excerpt) }
    }

    /// A position (line and column counted from 1, columns in bytes) in a text.
    pub(crate) fn at(name: impl Into<String>, text: &[u8], line: usize, column: usize) -> Self {
        let start = line_range(text, line).map(|range| range.start + column.saturating_sub(1));
        Place::in_text(name, text, line, start.map(|start| start..start + 1))
    }

    /// As [`Place::at`], with the column counted in characters.
    pub(crate) fn at_character(name: impl Into<String>, text: &str, line: usize, column: usize) -> Self {
        let bytes = line_range(text.as_bytes(), line).and_then(|range| {
            let (start, character) = text[range.clone()].char_indices().nth(column.saturating_sub(1))?;
            Some(range.start + start..range.start + start + character.len_utf8())
        });
        match (bytes, line_range(text.as_bytes(), line)) {
            // The column after the last character is the end of the line.
            (None, Some(range)) => Place::in_text(name, text.as_bytes(), line, Some(range.end..range.end)),
            (bytes, _) => Place::in_text(name, text.as_bytes(), line, bytes),
        }
    }
}

impl Place {
    /// The line with its mark; empty where its text is not at hand.
    pub(crate) fn render(&self) -> String {
        let Some((text, bytes)) = &self.excerpt else { return String::new() };
        let mark: Annotation<'_> = AnnotationKind::Primary.span(bytes.clone());
        let snippet =
            Snippet::source(text.as_str()).path(self.name.as_str()).line_start(self.line.unwrap_or(1)).annotation(mark);
        Renderer::styled().decor_style(DecorStyle::Ascii).render(&[Group::with_level(Level::ERROR).element(snippet)])
    }
}

/// What to mark in a text as it is shown, for some of its bytes: whole characters. Bytes that are none are one character of three.
fn marked(text: &[u8], bytes: Range<usize>) -> Range<usize> {
    let characters = text.utf8_chunks().flat_map(|chunk| {
        let wrong = (chunk.invalid().len(), char::REPLACEMENT_CHARACTER.len_utf8());
        let wrong = (wrong.0 > 0).then_some(wrong);
        chunk.valid().chars().map(char::len_utf8).map(|length| (length, length)).chain(wrong)
    });
    let (mut at, mut shown, mut mark) = (0, 0, 0..0);
    for (length, shown_length) in characters {
        if at >= bytes.end {
            break;
        }
        at += length;
        if at <= bytes.start {
            mark.start = shown + shown_length;
        }
        shown += shown_length;
        mark.end = shown;
    }
    mark.start..mark.end.max(mark.start)
}

/// The bytes of a line, without its end.
fn line_range(text: &[u8], line: usize) -> Option<Range<usize>> {
    let mut start = 0;
    for _ in 1..line {
        start += text[start..].iter().position(|&byte| byte == b'\n')? + 1;
    }
    let length = text[start..].iter().position(|&byte| byte == b'\n');
    let end = length.map_or(text.len(), |length| start + length);
    let end = if text[start..end].ends_with(b"\r") { end - 1 } else { end };
    Some(start..end)
}

impl Report {
    /// An error.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Report { message: message.into(), place: None, notes: Vec::new(), help: None }
    }

    /// Says where.
    #[must_use]
    pub(crate) fn place(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds what else there is to know.
    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The report as text; colours are escape sequences, which the stream that it is
    /// written to takes out where they are not wanted.
    pub(crate) fn render(&self) -> String {
        let mut group = Group::with_title(Level::ERROR.primary_title(printable(&self.message)));
        if let Some(place) = &self.place {
            group = match &place.excerpt {
                Some((text, bytes)) => {
                    let mark: Annotation<'_> = AnnotationKind::Primary.span(bytes.clone());
                    let snippet = Snippet::source(text.as_str())
                        .path(place.name.as_str())
                        .line_start(place.line.unwrap_or(1))
                        .annotation(mark);
                    group.element(snippet)
                }
                None => {
                    let origin = Origin::path(place.name.as_str());
                    group.element(match place.line {
                        Some(line) => origin.line(line),
                        None => origin,
                    })
                }
            };
        }
        for note in &self.notes {
            group = group.element(Level::NOTE.message(printable(note)));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(printable(help)));
        }
        let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
        renderer.render(&[group])
    }
}

/// What a program says can hold anything: control characters other than line ends and
/// tabs are made visible, so that they do not act on the terminal.
fn printable(text: &str) -> String {
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    text.chars().map(|c| if odd(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// Writes reports to standard error, one after the other.
pub(crate) fn print(reports: &[Report]) {
    let mut stream = anstream::stderr().lock();
    for report in reports {
        // Where errors cannot be told, nothing can.
        let _: io::Result<()> = writeln!(stream, "{}", report.render());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it looks without colours.
    fn plain(report: &Report) -> String {
        anstream::adapter::strip_str(&report.render()).to_string()
    }

    #[test]
    fn an_excerpt_marks_what_is_meant() {
        let text = b"local x\n  return t.x\n";
        let shown = Place::in_text("a.lua", text, 2, Some(17..20)).render();
        assert!(shown.contains("a.lua") && shown.contains("^^^") && !shown.contains("^^^^"), "{shown}");
        // Without a range the whole line is, but not its indentation.
        assert!(Place::in_text("a.lua", text, 2, None).render().contains(&"^".repeat("return t.x".len())));
        assert_eq!(Place::line("a.lua", 2).render(), "");
    }

    #[test]
    fn the_line_is_shown_with_a_mark() {
        let text = b"local x = 1\nlocal y = = 2\n";
        let place = Place::in_text("a.lua", text, 2, Some(22..23));
        let report = Report::new("unexpected symbol").place(place).note("a note").help("do this");
        assert_eq!(
            plain(&report),
            "error: unexpected symbol\n --> a.lua:2:11\n  |\n2 | local y = = 2\n  |           ^\n\
             \x20 |\n  = note: a note\n  = help: do this"
        );
    }

    #[test]
    fn marks_stay_in_their_line() {
        let text = "é \u{fffd}x\r\nnext".as_bytes();
        for (bytes, expected) in [
            (None, "  | ^^^^"),
            (Some(3..6), "  |   ^"),
            (Some(6..100), "  |    ^"),
            (Some(7..8), "  |     ^"),
            (Some(50..60), "  | ^^^^"),
        ] {
            let shown = plain(&Report::new("m").place(Place::in_text("f", text, 1, bytes)));
            assert_eq!(shown.lines().nth(4), Some(expected), "{shown}");
        }
        let shown = plain(&Report::new("m").place(Place::in_text("f", b"\xff\xfe!", 1, Some(2..3))));
        assert!(shown.ends_with("1 | \u{fffd}\u{fffd}!\n  |   ^"), "{shown}");
        let shown = plain(&Report::new("m").place(Place::at("f", b"ab\ncd", 2, 2)));
        assert!(shown.contains("f:2:2"), "{shown}");
    }

    #[test]
    fn places_without_text_have_a_name_and_perhaps_a_line() {
        let shown = plain(&Report::new("m").place(Place::line("f", 7)));
        assert_eq!(shown, "error: m\n--> f:7");
        let shown = plain(&Report::new("m").place(Place::in_text("f", b"one\n", 9, None)));
        assert_eq!(shown, "error: m\n--> f:9");
        let shown = plain(&Report::new("m").place(Place::file("f")));
        assert_eq!(shown, "error: m\n--> f");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let shown = plain(&Report::new("a\x1b[2Jb\nc"));
        assert_eq!(shown, "error: a\\u{1b}[2Jb\n       c");
    }

    #[test]
    fn whole_characters_are_marked() {
        let text = "aш €b".as_bytes();
        assert_eq!(marked(text, 0..1), 0..1);
        assert_eq!(marked(text, 0..2), 0..3);
        assert_eq!(marked(text, 2..3), 1..3);
        assert_eq!(marked(text, 5..6), 4..7);
        assert_eq!(marked(text, 7..8), 7..8);
        assert_eq!(marked(text, 8..8), 8..8);
        assert_eq!(marked(b"\xe2\x82b\xff", 1..2), 0..3);
        assert_eq!(marked(b"\xe2\x82b\xff", 3..4), 4..7);
        assert_eq!(marked(b"", 0..0), 0..0);
    }
}
