//! Rules for declared types: casts to a supertype rely on what the type describes.

use super::program::exists;
use super::{Rejections, Rule};
use crate::entities::{Declared, Layout, Sig};
use crate::limits::TYPE_DEPTH_MAX;
use crate::program::{Described, ElementType, FormPart, LayoutDef, Program};
use crate::steps;
use crate::types::{Storage, Type};
use cranelift_entity::{EntityRef, SecondaryMap};
use std::fmt::Display;

pub(super) fn check(program: &Program, all: &mut Rejections) {
    let mut ends: SecondaryMap<Declared, usize> = SecondaryMap::new();
    let mut end = program.types.len();
    for (number, ty) in program.types.iter().rev() {
        ends[number] = end;
        if !ty.is_joined {
            end = number.index();
        }
    }
    let mut known = Known::default();
    for number in program.types.keys() {
        declared(program, number, ends[number], &mut known, all);
    }
    for (number, layout) in &program.layouts {
        for &storage in layout.storages() {
            if let Storage::Whole(Type::Ref(other)) = storage
                && known.layouts[other]
            {
                let expected = "any, as a type describes the layout";
                all.item(Rule::DeclaredType, &number, "field", expected, format_args!("ref.{other}"));
            }
        }
    }
    let mut element = |item: &dyn Display, element: ElementType| {
        if let Some(ty) = element.declared() {
            exists(&program.types, ty, item, "type", all);
        }
    };
    program.globals.iter().for_each(|(number, global)| element(&number, global.holds));
    program.tables.iter().for_each(|(number, table)| element(&number, table.element));
    program.elements.iter().for_each(|(number, segment)| element(&number, segment.element));
}

/// What was met so far.
#[derive(Default)]
struct Known {
    /// How many supertypes there are above a type.
    depths: SecondaryMap<Declared, usize>,
    signatures: SecondaryMap<Sig, bool>,
    layouts: SecondaryMap<Layout, bool>,
}

fn declared(program: &Program, number: Declared, group_end: usize, known: &mut Known, all: &mut Rejections) {
    let ty = &program.types[number];
    steps::count(1 + ty.form.len() + ty.supertypes.len());
    for part in &ty.form {
        if let FormPart::Type(other) = part
            && other.index() >= group_end
        {
            all.item(Rule::DeclaredType, &number, "form", "a type of its group or before it", other);
        }
    }
    for supertype in &ty.supertypes {
        if *supertype >= number {
            all.item(Rule::DeclaredType, &number, "supertype", "a type before it", supertype);
        }
    }
    let first = ty.supertypes.first().copied().filter(|&supertype| supertype < number);
    known.depths[number] = first.map_or(0, |first| known.depths[first] + 1);
    if known.depths[number] > TYPE_DEPTH_MAX {
        let expected = format_args!("at most {TYPE_DEPTH_MAX} types above it").to_string();
        all.item(Rule::DeclaredType, &number, "supertype", expected, known.depths[number]);
    }
    let is_second = match ty.describes {
        Described::Nothing => return,
        Described::Signature(signature) => {
            exists(&program.signatures, signature, &number, "signature", all)
                && std::mem::replace(&mut known.signatures[signature], true)
        }
        Described::Layout(layout) => {
            exists(&program.layouts, layout, &number, "layout", all)
                && std::mem::replace(&mut known.layouts[layout], true)
        }
    };
    if is_second {
        let expected = "a signature or layout of its own";
        all.item(Rule::DeclaredType, &number, "describes", expected, "that of another type");
    }
    if let Some(first) = first
        && !is_part(program, program.types[first].describes, ty.describes)
    {
        let expected = format!("what {first} describes, and more");
        all.item(Rule::Subtype, &number, "describes", expected, "something else");
    }
}

/// Whether what a type describes can be used as what its supertype describes.
fn is_part(program: &Program, whole: Described, of: Described) -> bool {
    match (whole, of) {
        (Described::Signature(whole), Described::Signature(of)) => {
            let (whole, of) = (program.signatures.get(whole), program.signatures.get(of));
            whole.zip(of).is_none_or(|(whole, of)| whole == of && !whole.is_dynamic())
        }
        (Described::Layout(whole), Described::Layout(of)) => {
            let (Some(whole), Some(of)) = (program.layouts.get(whole), program.layouts.get(of)) else { return true };
            steps::count(whole.storages().len());
            match (whole, of) {
                (LayoutDef::Record(whole), LayoutDef::Record(of))
                | (LayoutDef::Exception(whole), LayoutDef::Exception(of)) => of.starts_with(whole),
                (LayoutDef::Array(whole), LayoutDef::Array(of)) => whole == of,
                _ => false,
            }
        }
        (Described::Nothing, Described::Nothing) => true,
        _ => false,
    }
}
