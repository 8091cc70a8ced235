//! Types of all programs of a machine: which of them are the same, and which are subtypes.
//!
//! Layouts are the same when their fields are, those that refer to layouts refer to the same ones, however deep one looks.
//! Declared types tell apart what they describe.

use minivm_isa::entities::{Declared, Layout, Sig};
use minivm_isa::program::{Described, ElementType, FormPart, LayoutDef, Program};
use minivm_isa::types::{Signature, Storage, Type};
use minivm_isa::verify::Verified;
use std::collections::HashSet;
use std::mem::discriminant;
use std::rc::Rc;

/// All types by number.
#[derive(Default)]
pub(crate) struct Types {
    layouts: Vec<KnownLayout>,
    signatures: Vec<KnownSignature>,
    declared: Vec<KnownType>,
}

/// A layout, shown by a program that has it.
struct KnownLayout {
    program: Rc<Verified>,
    layout: Layout,
    /// What the layout is without its declared type, and that type.
    described: Option<(usize, usize)>,
}

/// A typed signature; references in it name layouts by number.
struct KnownSignature {
    signature: Rc<Signature>,
    declared: Option<usize>,
}

/// A declared type.
struct KnownType {
    /// What its group is made of, and its place in it.
    group: (Rc<[Part]>, usize),
    supertypes: Vec<usize>,
}

/// A part of what a group of declared types is made of.
#[derive(PartialEq, Eq, Debug)]
enum Part {
    Type { form: usize, supertypes: usize },
    Number(u64),
    Inside(usize),
    Before(usize),
    Nothing,
    Signature(Option<usize>),
    Layout(usize),
}

/// The numbers of the types of a program.
pub(crate) struct ProgramTypes {
    pub(crate) signatures: Vec<Option<usize>>,
    pub(crate) layouts: Vec<usize>,
    pub(crate) declared: Vec<usize>,
}

impl Types {
    /// Numbers the types of a program.
    pub(crate) fn of(&mut self, program: &Rc<Verified>) -> ProgramTypes {
        let plain: Vec<usize> = program.layouts.keys().map(|layout| self.layout(program, layout)).collect();
        let declared = self.declared_types(program, &plain);
        let mut layouts = plain.clone();
        let mut described = vec![None; program.signatures.len()];
        for (&number, ty) in declared.iter().zip(program.types.values()) {
            match ty.describes {
                Described::Nothing => {}
                Described::Signature(signature) => described[signature.as_u32() as usize] = Some(number),
                Described::Layout(layout) => {
                    let place = &mut layouts[layout.as_u32() as usize];
                    *place = self.described_layout(program, layout, (*place, number));
                }
            }
        }
        let signature = |signature: Sig| {
            let declared = described[signature.as_u32() as usize];
            self.signature(&program.signatures[signature], &layouts, declared)
        };
        let signatures = program.signatures.keys().map(signature).collect();
        ProgramTypes { signatures, layouts, declared }
    }

    fn layout(&mut self, program: &Rc<Verified>, layout: Layout) -> usize {
        let known = self
            .layouts
            .iter()
            .position(|known| known.described.is_none() && are_same((&known.program, known.layout), (program, layout)));
        known.unwrap_or_else(|| self.add_layout(program, layout, None))
    }

    fn described_layout(&mut self, program: &Rc<Verified>, layout: Layout, described: (usize, usize)) -> usize {
        let known = self.layouts.iter().position(|known| known.described == Some(described));
        known.unwrap_or_else(|| self.add_layout(program, layout, Some(described)))
    }

    fn add_layout(&mut self, program: &Rc<Verified>, layout: Layout, described: Option<(usize, usize)>) -> usize {
        self.layouts.push(KnownLayout { program: program.clone(), layout, described });
        self.layouts.len() - 1
    }

    /// None for signatures that are not typed.
    fn signature(&mut self, signature: &Signature, layouts: &[usize], declared: Option<usize>) -> Option<usize> {
        if signature.is_dynamic() {
            return None;
        }
        let types = |types: &[Type]| types.iter().map(|&ty| numbered(ty, layouts)).collect();
        let signature = Signature {
            convention: signature.convention,
            params: types(&signature.params),
            results: types(&signature.results),
        };
        let is_same = |known: &KnownSignature| *known.signature == signature && known.declared == declared;
        Some(self.signatures.iter().position(is_same).unwrap_or_else(|| {
            self.signatures.push(KnownSignature { signature: Rc::new(signature), declared });
            self.signatures.len() - 1
        }))
    }

    /// Numbers the declared types, group by group; `layouts` are the numbers of the layouts without declared types.
    fn declared_types(&mut self, program: &Program, layouts: &[usize]) -> Vec<usize> {
        let mut numbers: Vec<usize> = Vec::new();
        while numbers.len() < program.types.len() {
            let start = numbers.len();
            let is_joined = |&index: &usize| program.types[Declared::from_u32(index as u32)].is_joined;
            let end = (start + 1..program.types.len()).take_while(is_joined).last().unwrap_or(start) + 1;
            let group: Rc<[Part]> = self.parts(program, start..end, &numbers, layouts).into();
            let first = self.declared.iter().position(|known| known.group.0 == group && known.group.1 == 0);
            let first = first.unwrap_or(self.declared.len());
            numbers.extend((start..end).map(|index| first + index - start));
            if first == self.declared.len() {
                for index in start..end {
                    let ty = &program.types[Declared::from_u32(index as u32)];
                    let supertypes = ty.supertypes.iter().map(|ty| numbers[ty.as_u32() as usize]).collect();
                    self.declared.push(KnownType { group: (group.clone(), index - start), supertypes });
                }
            }
        }
        numbers
    }

    fn parts(
        &mut self,
        program: &Program,
        group: std::ops::Range<usize>,
        numbers: &[usize],
        layouts: &[usize],
    ) -> Vec<Part> {
        let link = |ty: Declared| match ty.as_u32() as usize {
            index if index < group.start => Part::Before(numbers[index]),
            index => Part::Inside(index - group.start),
        };
        let mut parts = Vec::new();
        for index in group.clone() {
            let ty = &program.types[Declared::from_u32(index as u32)];
            parts.push(Part::Type { form: ty.form.len(), supertypes: ty.supertypes.len() });
            parts.extend(ty.form.iter().map(|part| match *part {
                FormPart::Number(number) => Part::Number(number),
                FormPart::Type(ty) => link(ty),
            }));
            parts.extend(ty.supertypes.iter().map(|&ty| link(ty)));
            parts.push(match ty.describes {
                Described::Nothing => Part::Nothing,
                Described::Signature(signature) => {
                    Part::Signature(self.signature(&program.signatures[signature], layouts, None))
                }
                Described::Layout(layout) => Part::Layout(layouts[layout.as_u32() as usize]),
            });
        }
        parts
    }

    /// The signature with a number.
    pub(crate) fn signature_numbered(&self, number: usize) -> Rc<Signature> {
        self.signatures[number].signature.clone()
    }

    /// Whether a function of one signature can be called with another.
    pub(crate) fn signature_fits(&self, found: Option<usize>, wanted: usize) -> bool {
        let Some(found) = found else { return false };
        let declared = |number: usize| self.signatures[number].declared;
        found == wanted || self.is_under(declared(found), declared(wanted))
    }

    /// Whether objects of one layout count as ones of another.
    pub(crate) fn layout_fits(&self, found: usize, wanted: usize) -> bool {
        let declared = |number: usize| self.layouts[number].described.map(|(_, declared)| declared);
        found == wanted || self.is_under(declared(found), declared(wanted))
    }

    /// Whether first supertypes lead from one declared type to another.
    fn is_under(&self, found: Option<usize>, wanted: Option<usize>) -> bool {
        let (Some(found), Some(wanted)) = (found, wanted) else { return false };
        let mut chain = std::iter::successors(Some(found), |&ty| self.declared[ty].supertypes.first().copied());
        chain.any(|ty| ty == wanted)
    }

    /// Whether supertypes lead from one declared type to another.
    fn leads_to(&self, found: usize, wanted: usize) -> bool {
        let (mut open, mut met) = (vec![found], HashSet::new());
        while let Some(ty) = open.pop() {
            if ty == wanted {
                return true;
            }
            if met.insert(ty) {
                open.extend(&self.declared[ty].supertypes);
            }
        }
        false
    }

    /// Whether a global that holds something fits one that is declared to; types are by number.
    pub(crate) fn holds_fits(&self, found: ElementType, wanted: ElementType, mutable: bool) -> bool {
        if found == wanted || mutable || found.is_tag() || wanted.is_tag() {
            return found == wanted;
        }
        match (found.declared(), wanted.declared()) {
            (Some(found), Some(wanted)) => self.leads_to(found.as_u32() as usize, wanted.as_u32() as usize),
            (Some(_), None) => wanted == ElementType::Function && found.is_function(),
            (None, _) => false,
        }
    }

    fn layout_numbered(&self, number: usize) -> &LayoutDef {
        let known = &self.layouts[number];
        &known.program.layouts[known.layout]
    }

    /// Whether a layout is one of arrays.
    pub(crate) fn is_array(&self, layout: usize) -> bool {
        matches!(self.layout_numbered(layout), LayoutDef::Array(_))
    }

    /// Whether a layout is one of exceptions.
    pub(crate) fn is_exception(&self, layout: usize) -> bool {
        matches!(self.layout_numbered(layout), LayoutDef::Exception(_))
    }
}

/// A type whose references name layouts by the machine's numbers.
pub(crate) fn numbered(ty: Type, layouts: &[usize]) -> Type {
    match ty {
        Type::Ref(layout) => Type::Ref(Layout::from_u32(layouts[layout.as_u32() as usize] as u32)),
        other => other,
    }
}

/// Whether two layouts are the same: assumes that they are, and looks for something that tells them apart. A field that leads
/// back to its own layout is not the same as one that does not.
fn are_same(lhs: (&Program, Layout), rhs: (&Program, Layout)) -> bool {
    let mut assumed = HashSet::new();
    let mut open = vec![(lhs.1, rhs.1)];
    while let Some((left, right)) = open.pop() {
        if !assumed.insert((left, right)) {
            continue;
        }
        let (own, other) = (&lhs.0.layouts[left], &rhs.0.layouts[right]);
        let (fields, others) = (own.storages(), other.storages());
        if discriminant(own) != discriminant(other) || fields.len() != others.len() {
            return false;
        }
        for pair in fields.iter().zip(others) {
            match pair {
                (&Storage::Whole(Type::Ref(next)), &Storage::Whole(Type::Ref(other))) => {
                    if leads_to(lhs.0, next, left) != leads_to(rhs.0, other, right) {
                        return false;
                    }
                    open.push((next, other));
                }
                (left, right) if left == right => {}
                _ => return false,
            }
        }
    }
    true
}

/// Whether a layout is another one, or refers to it through its fields.
fn leads_to(program: &Program, from: Layout, to: Layout) -> bool {
    let mut met = HashSet::new();
    let mut open = vec![from];
    while let Some(layout) = open.pop() {
        if layout == to {
            return true;
        }
        if met.insert(layout) {
            open.extend(program.layouts[layout].storages().iter().filter_map(|&storage| match storage {
                Storage::Whole(Type::Ref(next)) => Some(next),
                _ => None,
            }));
        }
    }
    false
}
