//! What the guide shows is so: included code exists, programs in Tern print what stands below them, bytecode is valid, links lead
//! somewhere. Its Rust is compiled and run by the documentation tests, see `src/guide.rs`.

mod common;

use common::Output;
use minivm::{Limits, Machine};
use minivm_std::{flush, run_chunk};
use minivm_tutorial::{Mode, compile, install};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../builder/guide/src")
}

/// The chapters, by name, without the table of contents.
fn chapters() -> Vec<(String, String)> {
    let mut chapters = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name != "SUMMARY.md" {
            chapters.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    chapters.sort();
    chapters
}

/// A block of code: its language, its text, and the line on which it begins.
struct Code {
    language: String,
    text: String,
    place: String,
}

fn code_blocks(name: &str, chapter: &str) -> Vec<Code> {
    let mut blocks: Vec<Code> = Vec::new();
    let mut is_inside = false;
    for (index, line) in chapter.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(language) if !is_inside => {
                let place = format!("{name}:{}", index + 1);
                blocks.push(Code { language: language.to_owned(), text: String::new(), place });
                is_inside = true;
            }
            Some(rest) => {
                assert_eq!(rest, "", "{name}:{}: a block ends with the fence alone", index + 1);
                is_inside = false;
            }
            None if is_inside => blocks.last_mut().unwrap().text += &format!("{line}\n"),
            None => {}
        }
    }
    assert!(!is_inside, "{name}: the last block does not end");
    blocks
}

/// The path and the anchor of a block that includes code.
fn included(text: &str) -> Option<(&str, &str)> {
    text.trim().strip_prefix("{{#include ")?.strip_suffix("}}")?.split_once(".rs:")
}

#[test]
fn every_block_is_one_that_something_checks() {
    let tested = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide.rs")).unwrap();
    let (mut blocks, mut includes) = (0, 0);
    for (name, chapter) in chapters() {
        for Code { language, text, place } in code_blocks(&name, &chapter) {
            blocks += 1;
            let is_included = included(&text).is_some();
            match &*language {
                "rust,ignore" => {
                    assert!(is_included, "{place}: only included code is not compiled once more");
                    includes += 1;
                }
                "rust" => assert!(tested.contains(&format!("\"{name}\"")), "{place}: {name} is not in src/guide.rs"),
                // Checked below; text is the output of what stands before it, a diagram or a grammar; the rest runs nothing.
                "tern" | "mvt" | "text" | "console" | "toml" => {}
                other => panic!("{place}: nothing checks code in `{other}`"),
            }
            assert!(language == "rust,ignore" || !text.contains("{{#"), "{place}: included code is `rust,ignore`");
        }
    }
    assert!(blocks > 50 && includes > 20, "{blocks} blocks, {includes} of them included");
}

#[test]
fn included_code_is_there() {
    for (name, chapter) in chapters() {
        for Code { text, place, .. } in code_blocks(&name, &chapter) {
            let Some((path, anchor)) = included(&text) else { continue };
            let source = fs::read_to_string(folder().join(format!("{path}.rs"))).unwrap_or_else(|error| {
                panic!("{place}: {path}.rs: {error}");
            });
            let marks = [format!("ANCHOR: {anchor}"), format!("ANCHOR_END: {anchor}")];
            let found = marks.map(|mark| {
                let mut lines =
                    source.lines().enumerate().filter(|(_, line)| line.trim_start() == format!("// {mark}"));
                let (line, _) = lines.next().unwrap_or_else(|| panic!("{place}: there is no `{mark}`"));
                assert!(lines.next().is_none(), "{place}: there are two `{mark}`");
                line
            });
            assert!(found[0] + 1 < found[1], "{place}: nothing stands at `{anchor}`");
        }
    }
}

/// Code that the guide has no place for would not be explained.
#[test]
fn all_anchors_are_shown() {
    let chapters: String = chapters().into_iter().map(|(_, text)| text).collect();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(anchor) = line.trim_start().strip_prefix("// ANCHOR: ") {
                assert!(chapters.contains(&format!("{file}:{anchor}}}}}")), "no chapter shows `{anchor}` of {file}");
            }
        }
    }
}

#[test]
fn programs_print_what_stands_below_them() {
    let mut programs = 0;
    for (name, chapter) in chapters() {
        let blocks = code_blocks(&name, &chapter);
        for pair in blocks.windows(2).filter(|pair| pair[0].language == "tern") {
            let output = Output::default();
            let mut machine = Machine::new(Limits::default());
            let globals = install(&mut machine, Box::new(output.clone()), |path| fs::read_to_string(path)).unwrap();
            let program = compile(&name, &pair[0].text, Mode::File).unwrap_or_else(|error| panic!("{name}: {error}"));
            run_chunk(&mut machine, program, &globals, &[]).unwrap();
            flush(&mut machine).unwrap();
            assert_eq!(pair[1].language, "text", "{}: the output stands below it", pair[0].place);
            assert_eq!(String::from_utf8(output.0.lock().unwrap().clone()).unwrap(), pair[1].text, "{}", pair[0].place);
            programs += 1;
        }
    }
    assert!(programs > 0);
}

#[test]
fn bytecode_is_valid() {
    let mut programs = 0;
    for (name, chapter) in chapters() {
        for Code { text, place, .. } in code_blocks(&name, &chapter).into_iter().filter(|code| code.language == "mvt") {
            let program = minivm_isa::text::parse(&text).unwrap_or_else(|errors| panic!("{place}: {errors:?}"));
            let program = minivm_isa::verify(program).unwrap_or_else(|rejections| panic!("{place}: {rejections:?}"));
            assert_eq!(program.to_string().trim(), text.trim(), "{place}: it is printed so");
            programs += 1;
        }
    }
    assert!(programs > 0);
}

#[test]
fn links_and_contents_are_whole() {
    let summary = fs::read_to_string(folder().join("SUMMARY.md")).unwrap();
    for (name, chapter) in chapters() {
        assert!(summary.contains(&format!("({name})")), "{name} is not in SUMMARY.md");
        for link in links(&chapter) {
            assert!(folder().join(&link).is_file(), "{name}: there is no {link}");
        }
    }
    for link in links(&summary) {
        assert!(folder().join(&link).is_file(), "SUMMARY.md: there is no {link}");
    }
}

/// Where links lead to that stay within the guide.
fn links(text: &str) -> Vec<String> {
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    ends.map(|(link, _)| link.to_owned()).filter(|link| link.ends_with(".md")).collect()
}
