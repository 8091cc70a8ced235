//! Turns what the libraries say of a program into reports.

use crate::report::{Place, Report};
use minivm_isa::program::SourceFile;
use minivm_isa::verify::Rejection;

/// What the verifier has against the program in a file.
pub(crate) fn rejections(name: &str, sources: &[SourceFile], rejections: &[Rejection]) -> Vec<Report> {
    rejections.iter().map(|rejection| self::rejection(name, sources, rejection)).collect()
}

fn rejection(name: &str, sources: &[SourceFile], rejection: &Rejection) -> Report {
    let mut inside = rejection.place.clone();
    // The source gets an excerpt of its own.
    let source = inside.source.take();
    let report = Report::new(format!("{inside}: expected {}, found {}", rejection.expected, rejection.found))
        .note(format!("rule {}: {}", rejection.rule.name(), rejection.rule.doc().trim()));
    match source {
        Some(line) => {
            let bytes = line.start as usize..line.end as usize;
            report.place(place(sources, &line.file, line.line as usize, Some(bytes)))
        }
        None => report.place(Place::file(name)),
    }
}

/// A place in one of the program's sources, with the line where its text travels along.
pub(crate) fn place(sources: &[SourceFile], file: &str, line: usize, bytes: Option<std::ops::Range<usize>>) -> Place {
    let text = sources.iter().find(|source| source.name == file).and_then(|source| source.text.as_deref());
    match text {
        Some(text) => Place::in_text(file, text, line, bytes),
        None => Place::line(file, line),
    }
}
