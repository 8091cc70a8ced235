//! Turns what the libraries say of a program into reports.

use crate::report::{Place, Report};
use minivm_isa::program::SourceFile;
use minivm_isa::verify::Rejection;

/// Rejections that are shown.
const SHOWN_MAX: usize = 100;

/// What the verifier has against the program in a file.
pub(crate) fn rejections(name: &str, sources: &[SourceFile], rejections: &[Rejection]) -> Vec<Report> {
    let shown = rejections.iter().take(SHOWN_MAX);
    let mut reports: Vec<Report> = shown.map(|rejection| self::rejection(name, sources, rejection)).collect();
    if let Some(more) = rejections.len().checked_sub(SHOWN_MAX).filter(|&more| more > 0) {
        reports.push(Report::new(format!("{more} more are not shown")));
    }
    reports
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
            report.place(match sources.get(line.source.as_u32() as usize).and_then(|source| source.text.as_deref()) {
                Some(text) => Place::in_text(line.file, text, line.line as usize, Some(bytes)),
                None => Place::line(line.file, line.line as usize),
            })
        }
        None => report.place(Place::file(name)),
    }
}
