//! `REFERENCE.md` says what the tables say.

use minivm_isa::binary::{self, Section};
use minivm_isa::features::Feature;
use minivm_isa::instruction::InstructionInfo;
use minivm_isa::operand::{ImmediateKind, IndexKind, Pattern, Role};
use minivm_isa::verify::Rule;
use minivm_isa::{INSTRUCTIONS, Kind, TrapCode, frame, limits};
use std::fmt::Write;

const TABLE: &str = include_str!("../src/instructions.rs");
const BEFORE: &str = include_str!("reference/before.md");
const AFTER: &str = include_str!("reference/after.md");
const POLICY: &str = include_str!("reference/policy.md");

fn pattern(pattern: Pattern) -> String {
    match pattern {
        Pattern::Exactly(ty) => format!(": {ty}"),
        Pattern::Same => ": T".into(),
        Pattern::Address => ": address".into(),
        Pattern::GlobalType => ": type of global".into(),
        Pattern::RefType => ": ref".into(),
        Pattern::Special => ": (…)".into(),
    }
}

/// The instruction as the text form shows it, with names and types in place of operands.
fn shape(info: &InstructionInfo) -> String {
    let (mut results, mut operands) = (Vec::new(), Vec::new());
    for (name, role) in info.operands {
        match role {
            Role::Out(types) => results.push(format!("{name}{}", pattern(*types))),
            Role::Outs(types) => results.push(format!("{name}…{}", pattern(*types))),
            Role::In(types) | Role::InOut(types) => operands.push(format!("{name}{}", pattern(*types))),
            Role::Ins(types) => operands.push(format!("({name}…{})", pattern(*types))),
            Role::Target => operands.push(format!("→{name}")),
            Role::Targets => operands.push(format!("(→{name}…)")),
            Role::Index(kind) => operands.push(index(name, *kind)),
            Role::Immediate(ImmediateKind::Offset) => operands.push(format!("+{name}")),
            Role::Immediate(ImmediateKind::Number | ImmediateKind::Kind | ImmediateKind::Trap) => {
                operands.push((*name).into());
            }
        }
    }
    let equals = if results.is_empty() { "" } else { " = " };
    let space = if operands.is_empty() { "" } else { " " };
    format!("{}{equals}**{}**{space}{}", results.join(", "), info.name, operands.join(", "))
}

/// An item; its kind is said where the name does not.
fn index(name: &str, kind: IndexKind) -> String {
    let kind = match kind {
        IndexKind::Func => "function",
        IndexKind::Sig => "signature",
        IndexKind::Global => "global",
        IndexKind::Memory => "memory",
        IndexKind::Table => "table",
        IndexKind::Data => "data",
        IndexKind::Element => "element",
        IndexKind::Layout => "layout",
    };
    if name == kind || name.ends_with(&format!("_{kind}")) { name.into() } else { format!("{name} ({kind})") }
}

fn effects(info: &InstructionInfo) -> String {
    let effects = info.effects;
    let named = [
        (effects.trap, "trap"),
        (effects.call, "call"),
        (effects.allocate, "allocate"),
        (effects.end, "end"),
        (effects.leaves_open, "leaves"),
        (effects.takes_open, "takes"),
        (effects.bulk, "bulk"),
    ];
    named.iter().filter(|(is_set, _)| *is_set).map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
}

/// The headings in the table's source, each with the number of the first row below it.
fn headings() -> Vec<(u16, &'static str)> {
    let mut headings = Vec::new();
    let mut heading = None;
    for line in TABLE.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("// ") {
            heading = Some(text);
        } else if let Some(text) = heading.filter(|_| !line.starts_with("///")) {
            let number = line.split_whitespace().find_map(|word| word.strip_prefix("0x"));
            if let Some(number) = number.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
                headings.push((number, text));
                heading = None;
            }
        }
    }
    headings
}

fn instructions(page: &mut String) {
    let headings = headings();
    for info in INSTRUCTIONS {
        let number = info.opcode as u16;
        if let Some((_, heading)) = headings.iter().find(|(first, _)| *first == number) {
            // The first sentence is the heading, what follows it is text.
            let (title, rest) = heading.split_once(". ").unwrap_or((heading.trim_end_matches('.'), ""));
            let rest = if rest.is_empty() { String::new() } else { format!("{rest}\n\n") };
            write!(page, "\n### {title}\n\n{rest}| number | instruction | meaning | effects |\n|---|---|---|---|\n")
                .unwrap();
        }
        writeln!(page, "| `{number:#06x}` | {} | {} | {} |", shape(info), line(info.doc), effects(info)).unwrap();
    }
}

fn tables(page: &mut String) {
    page.push_str("\n## Kinds of `any` values\n\n| number | kind |\n|---|---|\n");
    for kind in Kind::ALL {
        writeln!(page, "| {} | `{}` |", kind as u8, kind.name()).unwrap();
    }
    page.push_str("\n## Traps\n\n| number | name | message |\n|---|---|---|\n");
    for &code in TrapCode::ALL {
        writeln!(page, "| {} | `{}` | {code} |", code as u8, code.name()).unwrap();
    }
    page.push_str("\n## Rules of the verifier\n\nA program that breaks none of them can be loaded.\n\n| rule | demands |\n|---|---|\n");
    for rule in Rule::ALL {
        writeln!(page, "| `{}` | {} |", rule.name(), rule.doc().trim()).unwrap();
    }
    page.push_str("\n## Limits\n\n| limit | of | most |\n|---|---|---|\n");
    for limit in limits::ALL {
        let name = limit.name.strip_suffix("_MAX").unwrap_or(limit.name).to_lowercase().replace('_', " ");
        writeln!(page, "| {name} | {} | {} |", line(limit.doc), limit.value).unwrap();
    }
    page.push_str(
        "\nThe window of an instruction is the place above the registers for what it hands to a callee, and for what that gives:\n\n\
         | instruction | frame words |\n|---|---|\n",
    );
    for (instructions, words) in frame::WINDOWS {
        writeln!(page, "| {instructions} | {words} |").unwrap();
    }
    page.push('\n');
}

/// A doc comment as one line of a table.
fn line(doc: &str) -> String {
    doc.split('\n').map(str::trim).collect::<Vec<_>>().join(" ").replace('|', "\\|").trim().into()
}

/// The rows that need a feature: names, and first and last name of rows that follow one another.
fn rows_with(feature: Feature) -> String {
    let needs = |info: &&InstructionInfo| info.features == info.features.with(Some(feature));
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (index, _) in INSTRUCTIONS.iter().enumerate().filter(|(_, info)| needs(info)) {
        match runs.last_mut().filter(|(_, last)| *last + 1 == index) {
            Some((_, last)) => *last = index,
            None => runs.push((index, index)),
        }
    }
    let name = |index: usize| format!("`{}`", INSTRUCTIONS[index].name);
    let run = |&(first, last): &(usize, usize)| match last - first {
        0 => name(first),
        _ => format!("{} to {}", name(first), name(last)),
    };
    if runs.is_empty() { "–".into() } else { runs.iter().map(run).collect::<Vec<_>>().join(", ") }
}

fn binary_tables(page: &mut String) {
    write!(page, "\nSections of version {}:\n\n| number | section | holds |\n|---|---|---|\n", binary::VERSION)
        .unwrap();
    for &section in Section::ALL {
        let name = format!("{section:?}").to_lowercase();
        writeln!(page, "| `{:#04x}` | {name} | {} |", section as u8, line(section.doc())).unwrap();
    }
    page.push_str("\nFeatures:\n\n| bit | name | set when | rows that need it |\n|---|---|---|---|\n");
    for &feature in Feature::ALL {
        let (number, name) = (feature as u8, feature.name());
        writeln!(page, "| {number} | `{name}` | {} | {} |", line(feature.doc()), rows_with(feature)).unwrap();
    }
    page.push('\n');
}

#[test]
fn reference_is_up_to_date() {
    let mut page = BEFORE.to_string();
    instructions(&mut page);
    tables(&mut page);
    page.push_str(AFTER);
    binary_tables(&mut page);
    page.push_str(POLICY);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/REFERENCE.md");
    if std::env::var_os("MINIVM_BLESS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == page, "REFERENCE.md is stale: run MINIVM_BLESS=1 cargo test -p minivm-isa");
}

#[test]
fn the_example_is_a_program() {
    let example = AFTER.split("```").nth(1).and_then(|block| block.strip_prefix("text\n")).unwrap();
    let program = minivm_isa::text::parse(example).unwrap_or_else(|errors| panic!("{}", errors[0]));
    let rejections = minivm_isa::verify::check(&program);
    assert!(rejections.is_empty(), "{}", rejections[0]);
}

#[test]
fn every_group_of_the_table_has_a_heading() {
    assert!(headings().len() > 10);
    assert_eq!(headings()[0].0, INSTRUCTIONS[0].opcode as u16);
}
