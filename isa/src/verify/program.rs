//! Rules for the items of a program outside of the code of functions.

use super::rejection::quoted;
use super::{Rejections, Rule};
use crate::entities::{Func, Layout};
use crate::frame::words_of;
use crate::limits::{
    FRAME_WORDS_MAX, LIST_MAX, MEMORY_BYTES_MAX, MEMORY_PAGES_64_MAX, MEMORY_PAGES_MAX, TABLE_ELEMENTS_MAX,
};
use crate::program::{FunctionDef, Item, LayoutDef, PAGE_BITS, Program, SegmentMode};
use crate::steps;
use crate::types::{Signature, Storage, Type};
use cranelift_entity::{EntityRef, PrimaryMap};
use std::collections::HashSet;
use std::fmt::{self, Debug, Display};

pub(super) fn check(program: &Program, all: &mut Rejections) {
    signatures(program, all);
    layouts(program, all);
    super::types::check(program, all);
    globals(program, all);
    limits(program, all);
    segments(program, all);
    for (number, function) in &program.functions {
        let is_made = matches!(function, FunctionDef::Code(code) if code.made().is_some());
        if !is_made {
            exists(&program.signatures, function.signature(), &number, "signature", all);
        }
    }
    exports(program, all);
    start(program, all);
}

/// Rejects an index past the end of its map.
pub(super) fn exists<K: EntityRef + Debug, V>(
    map: &PrimaryMap<K, V>,
    index: K,
    item: &dyn Display,
    part: &'static str,
    all: &mut Rejections,
) -> bool {
    steps::count(1);
    let found = map.is_valid(index);
    if !found {
        all.item(Rule::Index, item, part, format_args!("one of {}", map.len()), format_args!("{index:?}"));
    }
    found
}

/// Rejects a reference type whose layout does not exist.
fn type_exists(program: &Program, ty: Type, item: &dyn Display, part: &'static str, all: &mut Rejections) {
    if let Type::Ref(layout) = ty {
        exists(&program.layouts, layout, item, part, all);
    }
}

fn signatures(program: &Program, all: &mut Rejections) {
    for (number, signature) in &program.signatures {
        for (part, types) in [("parameters", &signature.params), ("results", &signature.results)] {
            steps::count(1 + types.len());
            for &ty in types {
                type_exists(program, ty, &number, part, all);
            }
            let words = words_of(types);
            if words > u64::from(FRAME_WORDS_MAX) {
                let expected = format!("at most {FRAME_WORDS_MAX} frame words");
                all.item(Rule::SignatureShape, &number, part, expected, words);
            }
        }
        if signature.is_dynamic() {
            dynamic_shape(signature, &number, all);
        }
    }
}

fn dynamic_shape(signature: &Signature, item: &dyn Display, all: &mut Rejections) {
    if let Some(ty) = signature.params.iter().find(|&&ty| ty != Type::Any) {
        all.item(Rule::SignatureShape, item, "parameters", "any", ty);
    }
    if !signature.results.is_empty() {
        all.item(Rule::SignatureShape, item, "results", "none", signature.results.len());
    }
}

fn layouts(program: &Program, all: &mut Rejections) {
    let storage = |number: Layout, storage: Storage, all: &mut Rejections| match storage {
        Storage::I8 | Storage::I16 => {}
        Storage::Whole(ty) => type_exists(program, ty, &number, "field", all),
    };
    for (number, layout) in &program.layouts {
        match layout {
            LayoutDef::Record(fields) | LayoutDef::Exception(fields) => {
                steps::count(1 + fields.len());
                fields.iter().for_each(|&field| storage(number, field, all));
                if fields.len() > LIST_MAX {
                    let expected = format!("at most {LIST_MAX} fields");
                    all.item(Rule::LayoutShape, &number, "", expected, fields.len());
                }
            }
            LayoutDef::Array(element) => storage(number, *element, all),
        }
    }
}

fn globals(program: &Program, all: &mut Rejections) {
    for (number, global) in &program.globals {
        type_exists(program, global.ty, &number, "type", all);
        if global.ty == Type::Cell {
            all.item(Rule::GlobalType, &number, "type", "a type other than cell", global.ty);
        }
    }
}

fn limits(program: &Program, all: &mut Rejections) {
    for (number, memory) in &program.memories {
        let most = match (memory.is_64, memory.page_bits) {
            (false, PAGE_BITS) => MEMORY_PAGES_MAX,
            (true, PAGE_BITS) => MEMORY_PAGES_64_MAX,
            (false, _) => MEMORY_BYTES_MAX,
            (true, _) => u64::MAX,
        };
        if !matches!(memory.page_bits, 0 | PAGE_BITS) {
            all.item(Rule::Limits, &number, "page bits", format_args!("0 or {PAGE_BITS}"), memory.page_bits);
        }
        range(memory.minimum, memory.maximum, most, &number, all);
        if memory.is_shared && memory.maximum.is_none() {
            all.item(Rule::SharedMaximum, &number, "maximum", "a maximum, as the memory is shared", "none");
        }
    }
    for (number, table) in &program.tables {
        let most = if table.is_64 { u64::MAX } else { TABLE_ELEMENTS_MAX };
        range(table.minimum, table.maximum, most, &number, all);
    }
}

fn range(minimum: u64, maximum: Option<u64>, most: u64, item: &dyn Display, all: &mut Rejections) {
    let above = maximum.unwrap_or(most);
    if above > most {
        all.item(Rule::Limits, item, "maximum", format_args!("at most {most}"), above);
    }
    if minimum > above.min(most) {
        all.item(Rule::Limits, item, "minimum", format_args!("at most {}", above.min(most)), minimum);
    }
}

fn segments(program: &Program, all: &mut Rejections) {
    for (number, data) in &program.data {
        match data.mode {
            SegmentMode::Passive => {}
            SegmentMode::Active(memory, _) => {
                exists(&program.memories, memory, &number, "memory", all);
            }
            SegmentMode::Declared => {
                all.item(Rule::SegmentMode, &number, "mode", "passive or active", "declared");
            }
        }
    }
    for (number, element) in &program.elements {
        let SegmentMode::Active(table, _) = element.mode else { continue };
        if exists(&program.tables, table, &number, "table", all) {
            let (into, from) = (program.tables[table].element, element.element);
            if !super::special::fits(into, from) {
                let (expected, found) = (format!("{into:?}, as {table} holds"), format!("{from:?}"));
                all.item(Rule::TableElement, &number, "element", expected, found);
            }
        }
    }
}

/// Rejects a function that needs a closure where there is none.
pub(super) fn captures_nothing(
    program: &Program,
    function: Func,
    item: &dyn Display,
    part: &'static str,
    all: &mut Rejections,
) {
    if let Some(captures) = capture_count(program, function).filter(|&count| count > 0) {
        let found = format!("{function} with {captures} captured values");
        all.item(Rule::NoCaptures, item, part, "a function that captures nothing", found);
    }
}

/// How many values a function captures; none if there is no such function.
pub(super) fn capture_count(program: &Program, function: Func) -> Option<usize> {
    match program.functions.get(function)? {
        FunctionDef::Import { .. } => Some(0),
        FunctionDef::Code(code) => Some(code.captures().len()),
    }
}

/// An export in messages.
struct ExportText<'a>(&'a str);

impl Display for ExportText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "export {}", quoted(self.0))
    }
}

fn exports(program: &Program, all: &mut Rejections) {
    let mut names = HashSet::new();
    for export in &program.exports {
        steps::count(1);
        let item = ExportText(&export.name);
        // One alone needs no look.
        if program.exports.len() > 1 && !names.insert(export.name.as_str()) {
            all.item(Rule::ExportName, &item, "", "a name of its own", "the name of an export before it");
        }
        match export.item {
            // It may capture values: then whoever takes it from the instance says which.
            Item::Function(function) => drop(exists(&program.functions, function, &item, "", all)),
            Item::Global(global) => drop(exists(&program.globals, global, &item, "", all)),
            Item::Memory(memory) => drop(exists(&program.memories, memory, &item, "", all)),
            Item::Table(table) => drop(exists(&program.tables, table, &item, "", all)),
        }
    }
}

fn start(program: &Program, all: &mut Rejections) {
    let Some(function) = program.start else { return };
    let item = "start";
    if !exists(&program.functions, function, &item, "", all) {
        return;
    }
    captures_nothing(program, function, &item, "", all);
    let signature = program.signatures.get(program.functions[function].signature());
    if let Some(signature) = signature.filter(|known| !known.params.is_empty() || !known.results.is_empty()) {
        let found = format!("{} parameters and {} results", signature.params.len(), signature.results.len());
        all.item(Rule::StartSignature, &item, "", "neither parameters nor results", found);
    }
}
