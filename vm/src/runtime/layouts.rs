//! Record and array layouts as the machine knows them: equal layouts of all programs have one number.

use crate::heap::Array;
use crate::heap::Header;
use crate::heap::Record;
use crate::heap::{ElementKind, RecordLayout};
use crate::runtime::context::Context;
use crate::runtime::layout_groups;
use crate::runtime::layout_groups::Member;
use crate::runtime::number_pool::NumberPool;
use crate::runtime::program_types::{NumberSet, shrink};
use crate::value::Tag;
use crate::value::Value;
use minivm_isa::entities::Layout;
use minivm_isa::program::{LayoutDef, Program};
use minivm_isa::{Signature, Storage, Type, steps};
use std::cell::Cell;
use std::collections::HashMap;
use std::ptr::with_exposed_provenance_mut as pointer;
use std::rc::Rc;

/// A layout of the machine.
pub(crate) struct MachineLayout {
    /// Its number in the machine, which its objects carry.
    pub(crate) number: u32,
    /// The declared type that describes it.
    pub(crate) declared: Option<u32>,
    /// Whether its records are exceptions.
    pub(crate) is_exception: bool,
    /// The first instance that has it; `u32::MAX` when none does.
    pub(crate) holder: Cell<u32>,
    /// What its objects look like.
    pub(crate) shape: Shape,
}

/// What the objects of a layout look like.
pub(crate) enum Shape {
    /// Fields, each of one word or two.
    Record {
        /// What the heap needs to know.
        layout: RecordLayout,
        /// Word and storage of each field.
        fields: Box<[(u32, Storage)]>,
    },
    /// Elements of one kind.
    Array {
        /// How they are stored.
        element: ElementKind,
    },
}

/// All layouts of a machine.
///
/// Two layouts are one when they have the same fields, those that refer to layouts refer to the same ones. Layouts that refer to
/// one another in a circle are compared as groups, see [`layout_groups`](super::layout_groups).
#[derive(Default)]
pub(crate) struct Layouts {
    /// By number; none where a number is free.
    all: Vec<Option<Rc<MachineLayout>>>,
    pool: NumberPool,
    /// The first number of each group by the forms of its members, see [`form`]. Only looked up, so its order shows nowhere.
    numbers: HashMap<Box<[u64]>, u32>,
    /// Layouts that declared types describe, by the layout without one and the type. Only looked up, too.
    declared: HashMap<(u32, u32), u32>,
}

impl Layouts {
    /// The layouts of a program, in its order.
    pub(crate) fn intern(&mut self, program: &Program) -> Vec<Rc<MachineLayout>> {
        // Those that a group refers to come before it; the others have none yet.
        let mut numbers: Vec<Option<u32>> = vec![None; program.layouts.len()];
        for group in layout_groups::groups(program) {
            self.intern_group(program, &group, &mut numbers);
        }
        let number = |number: &Option<u32>| number.expect("each layout is in a group") as usize;
        numbers.iter().map(|found| self.known(number(found)).clone()).collect()
    }

    /// The layout that looks like another one and is described by a declared type.
    pub(crate) fn described(&mut self, program: &Program, layout: Layout, baseline: u32, ty: u32) -> Rc<MachineLayout> {
        if let Some(&number) = self.declared.get(&(baseline, ty)) {
            return self.known(number as usize).clone();
        }
        let number = self.pool.take(1);
        self.declared.insert((baseline, ty), number);
        let is_exception = self.known(baseline as usize).is_exception;
        let shape = shape(&program.layouts[layout]);
        self.add(MachineLayout { number, declared: Some(ty), is_exception, holder: Cell::new(u32::MAX), shape })
    }

    fn add(&mut self, layout: MachineLayout) -> Rc<MachineLayout> {
        let index = layout.number as usize;
        if self.all.len() <= index {
            self.all.resize(index + 1, None);
        }
        self.all[index].insert(Rc::new(layout)).clone()
    }

    fn known(&self, number: usize) -> &Rc<MachineLayout> {
        self.all[number].as_ref().expect("who has a number keeps its layout")
    }

    /// Lets those go that are not in a set.
    pub(crate) fn retain(&mut self, live: &NumberSet) {
        for (number, slot) in (0u32..).zip(&mut self.all) {
            if !live.has(number) && slot.take().is_some() {
                self.pool.give_back(number);
            }
        }
        shrink(&mut self.all);
        // The members of a group come and go together.
        self.numbers.retain(|_, first| live.has(*first));
        self.declared.retain(|_, number| live.has(*number));
        self.numbers.shrink_to(2 * self.numbers.len());
        self.declared.shrink_to(2 * self.declared.len());
    }

    /// The layout with a number.
    pub(crate) fn get(&self, number: u32) -> Option<&MachineLayout> {
        self.all.get(number as usize)?.as_deref()
    }

    /// What all numbers are below.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    fn intern_group(&mut self, program: &Program, group: &[Layout], numbers: &mut [Option<u32>]) {
        let known = |layout: Layout| numbers[layout.as_u32() as usize];
        let forms = group.iter().map(|&layout| form(&program.layouts[layout], |other| known(other).map(Link::Outside)));
        let (class, count) = match group {
            [_] => (vec![0], 1),
            _ => layout_groups::classes(&members(program, group, forms.collect())),
        };
        // One member of each class stands for it, in the order of the classes.
        let mut ones = vec![group[0]; count];
        group.iter().zip(&class).for_each(|(&layout, &class)| ones[class] = layout);
        let mut within: Vec<(Layout, u32)> =
            group.iter().copied().zip(class.iter().map(|&class| class as u32)).collect();
        within.sort_unstable();
        let link = |other: Layout| match known(other) {
            Some(number) => Some(Link::Outside(number)),
            None => {
                within.binary_search_by_key(&other, |&(layout, _)| layout).ok().map(|at| Link::Within(within[at].1))
            }
        };
        let key: Box<[u64]> = ones.iter().flat_map(|&layout| form(&program.layouts[layout], link)).collect();
        let first = match self.numbers.get(&key) {
            Some(&first) => first,
            None => {
                let first = self.pool.take(u32::try_from(count).expect("layouts are counted in u32"));
                self.numbers.insert(key, first);
                for (number, &layout) in (first..).zip(&ones) {
                    let layout = &program.layouts[layout];
                    let is_exception = matches!(layout, LayoutDef::Exception(_));
                    let (declared, holder, shape) = (None, Cell::new(u32::MAX), shape(layout));
                    self.add(MachineLayout { number, declared, is_exception, holder, shape });
                }
                first
            }
        };
        for (layout, class) in within {
            numbers[layout.as_u32() as usize] = Some(first + class);
        }
    }
}

/// What a field refers to.
#[derive(Clone, Copy)]
enum Link {
    /// The layout of the machine with this number.
    Outside(u32),
    /// A member of the same group.
    Within(u32),
}

/// Numbers that are equal for layouts with the same fields: how many there are, then one for each. A field that refers to what
/// has no number yet is not told from others of that kind.
fn form(layout: &LayoutDef, link: impl Fn(Layout) -> Option<Link>) -> Vec<u64> {
    let fields = layout.storages();
    steps::count(1 + fields.len());
    let kind = match layout {
        LayoutDef::Record(_) => 0,
        LayoutDef::Array(_) => 1,
        LayoutDef::Exception(_) => 2,
    };
    let mut form = Vec::with_capacity(fields.len() + 1);
    form.push((fields.len() as u64) << 2 | kind);
    form.extend(fields.iter().map(|&storage| match storage {
        Storage::I8 => 0,
        Storage::I16 => 1,
        Storage::Whole(Type::Any) => 2,
        Storage::Whole(Type::I32) => 3,
        Storage::Whole(Type::I64) => 4,
        Storage::Whole(Type::F32) => 5,
        Storage::Whole(Type::F64) => 6,
        Storage::Whole(Type::V128) => 7,
        Storage::Whole(Type::Cell) => 8,
        Storage::Whole(Type::Ref(other)) => match link(other) {
            None => 9,
            Some(Link::Within(number)) => 1 << 32 | u64::from(number),
            Some(Link::Outside(number)) => 2 << 32 | u64::from(number),
        },
    }));
    form
}

/// The members of a group, with what they look like.
fn members(program: &Program, group: &[Layout], forms: Vec<Vec<u64>>) -> Vec<Member> {
    let mut places: Vec<(Layout, usize)> = group.iter().copied().zip(0..).collect();
    places.sort_unstable();
    let place = |layout| places.binary_search_by_key(&layout, |&(known, _)| known).ok().map(|at| places[at].1);
    let member = |(&layout, looks): (&Layout, Vec<u64>)| {
        let fields = program.layouts[layout].storages();
        Member { looks, fields: fields.iter().map(|&storage| layout_groups::target(storage).and_then(place)).collect() }
    };
    group.iter().zip(forms).map(member).collect()
}

fn shape(layout: &LayoutDef) -> Shape {
    match layout {
        LayoutDef::Array(storage) => Shape::Array { element: element_kind(*storage) },
        LayoutDef::Record(storages) | LayoutDef::Exception(storages) => {
            let (mut values, mut references, mut fields) = (Vec::new(), Vec::new(), Vec::new());
            let mut word = 0;
            for &storage in storages {
                let ty = storage.register_type();
                match ty {
                    Type::Any => values.push(word),
                    Type::Cell | Type::Ref(_) => references.push(word),
                    Type::I32 | Type::I64 | Type::F32 | Type::F64 | Type::V128 => {}
                }
                fields.push((word, storage));
                word += ty.words();
            }
            let layout = RecordLayout::new(word, &values, &references).expect("every field lies inside");
            Shape::Record { layout, fields: fields.into() }
        }
    }
}

fn element_kind(storage: Storage) -> ElementKind {
    match storage {
        Storage::I8 => ElementKind::I8,
        Storage::I16 => ElementKind::I16,
        Storage::Whole(Type::I32) => ElementKind::I32,
        Storage::Whole(Type::I64) => ElementKind::I64,
        Storage::Whole(Type::F32) => ElementKind::F32,
        Storage::Whole(Type::F64) => ElementKind::F64,
        Storage::Whole(Type::V128) => ElementKind::V128,
        Storage::Whole(Type::Any) => ElementKind::Any,
        Storage::Whole(Type::Cell | Type::Ref(_)) => ElementKind::Ref,
    }
}

/// A type of a program as the machine knows it: layouts by the machine's numbers.
pub(crate) fn machine_type(layouts: &[Rc<MachineLayout>], ty: Type) -> Type {
    match ty {
        Type::Ref(layout) => Type::Ref(Layout::from_u32(layouts[layout.as_u32() as usize].number)),
        other => other,
    }
}

/// A signature of a program as the machine knows it.
pub(crate) fn machine_signature(layouts: &[Rc<MachineLayout>], signature: &Signature) -> Signature {
    let types = |types: &[Type]| types.iter().map(|&ty| machine_type(layouts, ty)).collect();
    Signature { convention: signature.convention, params: types(&signature.params), results: types(&signature.results) }
}

/// The machine's number of the layout of a record or array.
///
/// # Safety
/// A value that is a record or array is live.
pub(crate) unsafe fn layout_of(value: Value) -> Option<u32> {
    // SAFETY: the caller vouches for the object, and the tag says what it is.
    unsafe {
        match value.tag() {
            Tag::RECORD => Some((*value.pointer().cast::<Record>()).type_index),
            Tag::ARRAY => Some((*value.pointer().cast::<Array>()).type_index),
            _ => None,
        }
    }
}

impl Context {
    /// Whether an error value is an exception.
    ///
    /// # Safety
    /// A value that is a record or array is live.
    pub(crate) unsafe fn is_exception(&self, error: Value) -> bool {
        // SAFETY: as the caller promises.
        unsafe { layout_of(error) }.and_then(|number| self.layouts.get(number)).is_some_and(|found| found.is_exception)
    }
}

/// The object behind a reference word that is not null.
pub(crate) fn object_at(word: u64) -> *mut Header {
    pointer(word as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the layouts of programs that one machine loads one after the other.
    fn numbers(programs: &[&str]) -> Vec<Vec<u32>> {
        let mut layouts = Layouts::default();
        let program = |text: &&str| minivm_isa::text::parse(text).expect("the text is right");
        let number = |layout: &Rc<MachineLayout>| layout.number;
        programs.iter().map(|text| layouts.intern(&program(text)).iter().map(number).collect()).collect()
    }

    #[test]
    fn equal_layouts_are_one() {
        let pairs = "layout0 = record (i32, ref.layout1)\nlayout1 = record (i64)\n";
        let other = "layout0 = record (i64)\nlayout1 = array (i64)\nlayout2 = record (i32, ref.layout0)\n\
                     layout3 = record (i32, ref.layout1)\nlayout4 = record (i64)\n";
        let found = numbers(&[pairs, other]);
        assert_eq!(found[0], [1, 0]);
        assert_eq!([found[1][0], found[1][2], found[1][4]], [0, 1, 0]);
        assert!(found[1][1] > 1 && found[1][3] > 1 && found[1][1] != found[1][3]);
    }

    #[test]
    fn groups_are_told_apart_by_what_is_in_them() {
        let list = "layout0 = record (any, ref.layout0)\n";
        let tree = "layout0 = record (ref.layout1)\nlayout1 = record (i32, ref.layout0, ref.layout2)\nlayout2 = array (ref.layout1)\n";
        // The same with other numbers, and a list of two that look alike.
        let again = "layout0 = array (ref.layout2)\nlayout1 = record (ref.layout2)\nlayout2 = record (i32, ref.layout1, ref.layout0)\n\
                     layout3 = record (any, ref.layout4)\nlayout4 = record (any, ref.layout3)\n";
        let different = "layout0 = record (ref.layout1)\nlayout1 = record (i32, ref.layout0, ref.layout2)\nlayout2 = array (ref.layout0)\n";
        let found = numbers(&[list, tree, again, different]);
        assert_eq!([found[2][1], found[2][2], found[2][0]], found[1][..]);
        assert_eq!(found[2][3..], [found[0][0]; 2]);
        let known: std::collections::BTreeSet<u32> = found[..3].iter().flatten().copied().collect();
        assert_eq!(known.len(), 4);
        assert!(found[3].iter().all(|number| !known.contains(number)));
    }

    #[test]
    fn what_leads_to_a_group_is_not_in_it() {
        let found = numbers(&["layout0 = array (ref.layout1)\nlayout1 = array (ref.layout1)\n"]);
        assert_ne!(found[0][0], found[0][1]);
    }

    #[test]
    fn members_that_differ_far_away_differ() {
        // A ring in which only one member is different: all are, by their distance to it.
        let ring = |first: usize| -> String {
            let field = |number: usize| if number == first { "i64" } else { "i32" };
            (0..20)
                .map(|number| format!("layout{number} = record ({}, ref.layout{})\n", field(number), (number + 1) % 20))
                .collect()
        };
        let found = numbers(&[&ring(0), &ring(7)]);
        for number in 0..20 {
            assert_eq!(found[0][number], found[1][(number + 7) % 20]);
        }
        assert_eq!(found[0].iter().collect::<std::collections::BTreeSet<_>>().len(), 20);
    }
}
