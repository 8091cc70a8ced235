//! The types of a module, and what the program says of them so that other programs and casts know them again.
//!
//! A function type of numbers (and `externref`) alone is its signature. All others get a declared type of their own, which says
//! in numbers what the type section says; so do reference types that tables and globals are declared to hold.

use super::error::WasmError;
use super::types::{Context, FunctionType, ObjectType, signature, storage};
use minivm_builder::ProgramBuilder;
use minivm_isa::entities::{Declared, Sig};
use minivm_isa::program::{DeclaredType, Described, ElementType, FormPart, LayoutDef};
use minivm_isa::{Signature, Storage, Type, steps};
use std::collections::HashMap;
use wasmparser::{
    AbstractHeapType, CompositeInnerType, FieldType, HeapType, RecGroup, RefType, StorageType, SubType, UnpackedIndex,
    ValType,
};

/// What the first number of a form means.
const FUNCTION: u64 = 100;
const STRUCT: u64 = 101;
const ARRAY: u64 = 102;
const REFERENCE: u64 = 103;
/// What stands before the type that describes this one, and before the one that this one describes.
const DESCRIPTOR: u64 = 104;
const DESCRIBES: u64 = 105;

/// The declared types of the module so far.
#[derive(Default)]
pub(super) struct DeclaredTypes {
    /// Rec groups that were read before the first one needed a declared type.
    plain: Vec<SubType>,
    /// For each type of the module its declared type; none while none was needed.
    numbers: Vec<Declared>,
    /// For each type its supertype and what it is.
    shapes: Vec<(Option<u32>, AbstractHeapType)>,
    references: HashMap<(bool, HeapType), Declared>,
}

/// Whether a type is told from others by its signature alone.
fn is_plain(ty: &SubType) -> bool {
    let is_plain = |ty: &ValType| match ty {
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => true,
        ValType::Ref(reference) => *reference == RefType::EXTERNREF,
    };
    match &ty.composite_type.inner {
        CompositeInnerType::Func(function) => {
            ty.is_final
                && ty.supertype_idxs.is_empty()
                && function.params().iter().chain(function.results()).all(is_plain)
        }
        _ => false,
    }
}

impl DeclaredTypes {
    /// Reads a group of types.
    pub(super) fn group(
        &mut self,
        program: &mut ProgramBuilder,
        context: &mut Context,
        group: RecGroup,
        offset: u64,
    ) -> Result<(), WasmError> {
        let types: Vec<SubType> = group.into_types().collect();
        let is_plain = matches!(&types[..], [one] if is_plain(one));
        let first = context.types.len();
        for ty in &types {
            self.one(program, context, ty, is_plain, offset)?;
        }
        if is_plain && self.numbers.is_empty() {
            self.plain.extend(types);
            return Ok(());
        }
        // Forms may name any type before them.
        self.declare_plain(program, context);
        let numbers = self.numbers.len();
        debug_assert_eq!(numbers, first);
        for (index, ty) in types.iter().enumerate() {
            self.declare(program, context, ty, index > 0, is_plain, first + index);
        }
        Ok(())
    }

    /// Declares the types for which that was put off.
    fn declare_plain(&mut self, program: &mut ProgramBuilder, context: &Context) {
        for ty in std::mem::take(&mut self.plain) {
            self.declare(program, context, &ty, false, true, self.numbers.len());
        }
    }

    /// The declared type of a function type that is not told from others by its signature.
    pub(super) fn of_function(&self, program: &ProgramBuilder, ty: u32) -> Option<Declared> {
        let number = *self.numbers.get(ty as usize)?;
        (program.program().types[number].describes != Described::Nothing).then_some(number)
    }

    /// Makes a type known to the translation of functions.
    fn one(
        &mut self,
        program: &mut ProgramBuilder,
        context: &mut Context,
        ty: &SubType,
        is_plain: bool,
        offset: u64,
    ) -> Result<(), WasmError> {
        let supertype = ty.supertype_idxs.first().and_then(|index| index.unpack().as_module_index());
        let nothing = || FunctionType { number: Sig::from_u32(0), signature: Signature::typed(&[], &[]) };
        let mut object = |context: &mut Context, layout: LayoutDef, fields: Vec<Storage>, descriptor: Option<usize>| {
            let layout = program.layout(layout);
            context.types.push(nothing());
            context.objects.push(Some(ObjectType { layout, fields, descriptor }));
        };
        let kind = match &ty.composite_type.inner {
            CompositeInnerType::Func(function) => {
                let signature = signature(function, offset)?;
                let number = match is_plain {
                    true => program.signature(signature.clone()),
                    false => program.new_signature(signature.clone()),
                };
                context.types.push(FunctionType { number, signature });
                context.objects.push(None);
                AbstractHeapType::Func
            }
            CompositeInnerType::Struct(fields) => {
                let fields = fields.fields.iter().map(|field| storage(field.element_type, offset));
                let fields = fields.collect::<Result<Vec<_>, _>>()?;
                let (mut stored, mut descriptor) = (fields.clone(), None);
                if ty.composite_type.descriptor_idx.is_some() {
                    // Where the supertype has it; types above that have none begin alike.
                    let above = supertype.map(|above| context.object(above));
                    let place = above.map_or(0, |above| above.descriptor.unwrap_or(above.fields.len()));
                    stored.insert(place, Storage::Whole(Type::Any));
                    descriptor = Some(place);
                }
                object(context, LayoutDef::Record(stored), fields, descriptor);
                AbstractHeapType::Struct
            }
            CompositeInnerType::Array(array) => {
                let element = storage(array.0.element_type, offset)?;
                object(context, LayoutDef::Array(element), vec![element], None);
                AbstractHeapType::Array
            }
            CompositeInnerType::Cont(_) => return Err(WasmError::unsupported(offset, "continuation types")),
        };
        self.shapes.push((supertype, kind));
        Ok(())
    }

    fn declare(
        &mut self,
        program: &mut ProgramBuilder,
        context: &Context,
        ty: &SubType,
        is_joined: bool,
        is_plain: bool,
        index: usize,
    ) {
        let mut form = vec![FormPart::Number(u64::from(ty.is_final))];
        let composite = &ty.composite_type;
        for (what, other) in [(DESCRIPTOR, composite.descriptor_idx), (DESCRIBES, composite.describes_idx)] {
            let other = other.and_then(|other| other.unpack().as_module_index());
            form.extend(
                other.into_iter().flat_map(|ty| [FormPart::Number(what), FormPart::Type(Declared::from_u32(ty))]),
            );
        }
        // Declared types have the numbers of the module's types.
        match &ty.composite_type.inner {
            CompositeInnerType::Func(function) => {
                form.extend([FUNCTION, function.params().len() as u64].map(FormPart::Number));
                function.params().iter().chain(function.results()).for_each(|ty| value(&mut form, *ty));
            }
            CompositeInnerType::Struct(fields) => {
                form.push(FormPart::Number(STRUCT));
                fields.fields.iter().for_each(|field| stored(&mut form, *field));
            }
            CompositeInnerType::Array(array) => {
                form.push(FormPart::Number(ARRAY));
                stored(&mut form, array.0);
            }
            CompositeInnerType::Cont(_) => {}
        }
        steps::count(form.len());
        let supertypes = self.shapes[index].0.map(Declared::from_u32).into_iter().collect();
        let describes = match &context.objects[index] {
            Some(object) => Described::Layout(object.layout),
            None if is_plain => Described::Nothing,
            None => Described::Signature(context.types[index].number),
        };
        let number = program.declared_type(DeclaredType { is_joined, form, supertypes, describes });
        self.numbers.push(number);
    }

    /// What a table or global of a reference type holds.
    pub(super) fn element(&mut self, program: &mut ProgramBuilder, context: &Context, ty: RefType) -> ElementType {
        let heap = ty.heap_type();
        if !matches!(heap, HeapType::Abstract { .. }) {
            self.declare_plain(program, context);
        }
        let is_function = match heap {
            HeapType::Abstract { ty, .. } => matches!(ty, AbstractHeapType::Func | AbstractHeapType::NoFunc),
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                let shape = index.as_module_index().and_then(|index| self.shapes.get(index as usize));
                shape.is_some_and(|(_, kind)| *kind == AbstractHeapType::Func)
            }
        };
        match heap {
            _ if ty == RefType::FUNCREF => ElementType::Function,
            HeapType::Abstract { ty: AbstractHeapType::Extern | AbstractHeapType::NoExtern, .. } => ElementType::Any,
            _ => ElementType::Declared { is_function, ty: self.reference(program, ty.is_nullable(), heap) },
        }
    }

    /// The declared type of a reference type, after those that it is a subtype of.
    fn reference(&mut self, program: &mut ProgramBuilder, nullable: bool, heap: HeapType) -> Declared {
        if let Some(&known) = self.references.get(&(nullable, heap)) {
            return known;
        }
        let mut supertypes = Vec::new();
        if !nullable {
            supertypes.push(self.reference(program, true, heap));
        }
        for above in self.above(heap) {
            supertypes.push(self.reference(program, nullable, above));
        }
        let mut form = vec![FormPart::Number(REFERENCE)];
        reference_form(&mut form, nullable, heap);
        // Nothing is cast to one.
        let describes = Described::Nothing;
        let number = program.declared_type(DeclaredType { is_joined: false, form, supertypes, describes });
        self.references.insert((nullable, heap), number);
        number
    }

    /// Heap types directly above one.
    fn above(&self, heap: HeapType) -> Vec<HeapType> {
        let of = |ty| HeapType::Abstract { shared: false, ty };
        match heap {
            HeapType::Exact(index) => vec![HeapType::Concrete(index)],
            HeapType::Concrete(index) => {
                let shape = index.as_module_index().and_then(|index| self.shapes.get(index as usize));
                match shape {
                    Some((Some(supertype), _)) => vec![HeapType::Concrete(UnpackedIndex::Module(*supertype))],
                    Some((None, kind)) => vec![of(*kind)],
                    None => Vec::new(),
                }
            }
            HeapType::Abstract { ty, .. } => match ty {
                AbstractHeapType::Struct | AbstractHeapType::Array | AbstractHeapType::I31 => {
                    vec![of(AbstractHeapType::Eq)]
                }
                AbstractHeapType::Eq => vec![of(AbstractHeapType::Any)],
                AbstractHeapType::None => {
                    [AbstractHeapType::Struct, AbstractHeapType::Array, AbstractHeapType::I31].map(of).into()
                }
                AbstractHeapType::NoFunc => vec![of(AbstractHeapType::Func)],
                AbstractHeapType::NoExn => vec![of(AbstractHeapType::Exn)],
                _ => Vec::new(),
            },
        }
    }
}

fn stored(form: &mut Vec<FormPart>, field: FieldType) {
    form.push(FormPart::Number(u64::from(field.mutable)));
    match field.element_type {
        StorageType::I8 => form.push(FormPart::Number(7)),
        StorageType::I16 => form.push(FormPart::Number(8)),
        StorageType::Val(ty) => value(form, ty),
    }
}

fn value(form: &mut Vec<FormPart>, ty: ValType) {
    form.push(FormPart::Number(match ty {
        ValType::I32 => 1,
        ValType::I64 => 2,
        ValType::F32 => 3,
        ValType::F64 => 4,
        ValType::V128 => 5,
        ValType::Ref(reference) => return reference_form(form, reference.is_nullable(), reference.heap_type()),
    }));
}

fn reference_form(form: &mut Vec<FormPart>, nullable: bool, heap: HeapType) {
    let exact = if matches!(heap, HeapType::Exact(_)) { 2 } else { 0 };
    form.push(FormPart::Number(16 + exact + u64::from(nullable)));
    form.push(match heap {
        HeapType::Concrete(index) | HeapType::Exact(index) => {
            FormPart::Type(Declared::from_u32(index.as_module_index().unwrap_or_default()))
        }
        HeapType::Abstract { ty, .. } => FormPart::Number(match ty {
            AbstractHeapType::Func => 0,
            AbstractHeapType::Extern => 1,
            AbstractHeapType::Any => 2,
            AbstractHeapType::None => 3,
            AbstractHeapType::NoExtern => 4,
            AbstractHeapType::NoFunc => 5,
            AbstractHeapType::Eq => 6,
            AbstractHeapType::Struct => 7,
            AbstractHeapType::Array => 8,
            AbstractHeapType::I31 => 9,
            AbstractHeapType::Exn => 10,
            AbstractHeapType::NoExn => 11,
            AbstractHeapType::Cont => 12,
            AbstractHeapType::NoCont => 13,
        }),
    });
}
