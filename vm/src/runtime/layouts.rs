//! Record and array layouts as the machine knows them: equal layouts of all programs have one number.

use crate::heap::Array;
use crate::heap::Header;
use crate::heap::Record;
use crate::heap::{ElementKind, RecordLayout};
use crate::value::Tag;
use crate::value::Value;
use minivm_isa::entities::Layout;
use minivm_isa::program::{LayoutDef, Program};
use minivm_isa::{Signature, Storage, Type};
use std::collections::HashMap;
use std::ptr::with_exposed_provenance_mut as pointer;
use std::rc::Rc;

/// A layout of the machine.
pub(crate) struct MachineLayout {
    /// Its number in the machine, which its objects carry.
    pub(crate) number: u32,
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
#[derive(Default)]
pub(crate) struct Layouts {
    all: Vec<Rc<MachineLayout>>,
    /// Number by form, see [`form`]. Only looked up, so its order shows nowhere.
    numbers: HashMap<String, u32>,
}

impl Layouts {
    /// The layouts of a program, in its order.
    pub(crate) fn intern(&mut self, program: &Program) -> Vec<Rc<MachineLayout>> {
        program.layouts.iter().map(|(number, layout)| self.intern_one(program, number, layout)).collect()
    }

    /// Number of layouts.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    fn intern_one(&mut self, program: &Program, number: Layout, layout: &LayoutDef) -> Rc<MachineLayout> {
        let next = u32::try_from(self.all.len()).expect("layouts are counted in u32");
        let number = *self.numbers.entry(form(program, number)).or_insert(next);
        if number == next {
            self.all.push(Rc::new(MachineLayout { number, shape: shape(layout) }));
        }
        self.all[number as usize].clone()
    }
}

/// A text that is equal for layouts of the same form: the layouts it names, itself first, numbered as they are met.
fn form(program: &Program, layout: Layout) -> String {
    let mut met = vec![layout];
    let mut text = String::new();
    let mut next = 0;
    while let Some(&layout) = met.get(next) {
        next += 1;
        let (open, storages) = match &program.layouts[layout] {
            LayoutDef::Record(fields) => ('{', fields.as_slice()),
            LayoutDef::Array(element) => ('[', std::slice::from_ref(element)),
        };
        text.push(open);
        for &storage in storages {
            let shown = match storage {
                Storage::Whole(Type::Ref(other)) => {
                    let known = met.iter().position(|&known| known == other).unwrap_or_else(|| {
                        met.push(other);
                        met.len() - 1
                    });
                    Storage::Whole(Type::Ref(Layout::from_u32(known as u32)))
                }
                other => other,
            };
            text += &format!("{shown:?},");
        }
    }
    text
}

fn shape(layout: &LayoutDef) -> Shape {
    match layout {
        LayoutDef::Array(storage) => Shape::Array { element: element_kind(*storage) },
        LayoutDef::Record(storages) => {
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

/// The object behind a reference word that is not null.
pub(crate) fn object_at(word: u64) -> *mut Header {
    pointer(word as usize)
}
