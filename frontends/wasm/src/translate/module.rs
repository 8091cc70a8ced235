//! The sections of a module become the parts of a program.

use super::annotations::Annotations;
use super::declared::DeclaredTypes;
use super::error::WasmError;
use super::exceptions::Tag;
use super::function::{Body, translate_body};
use super::initial::initial;
use super::lines::{DEBUG_SECTIONS, DebugSection, Lines};
use super::names::Names;
use super::types::{Context, expect_value_type, zero};
use super::weight;
use crate::features::Features;
use minivm::MemoryWait;
use minivm_builder::ProgramBuilder;
use minivm_isa::code::Code;
use minivm_isa::entities::{Func, Layout, Memory, Table};
use minivm_isa::program::{
    CustomSection, DataDef, ElementDef, ElementType, FunctionDef, GlobalDef, Import, Initial, Item, LayoutDef,
    MemoryDef, Origin, PAGE_BITS, Program, SegmentMode, TableDef,
};
use minivm_isa::size::function_bytes;
use minivm_isa::{Allowance, Signature, Storage, Type, steps};
use std::collections::HashMap;
use std::ops::Range;
use wasmparser::{
    CustomSectionReader, DataKind, ElementItems, ElementKind, Encoding, ExternalKind, FuncToValidate,
    FuncValidatorAllocations, FunctionBody, GlobalType, ImportSectionReader, KnownCustom, MemoryType, Parser, Payload,
    TableInit, TableType, TagSectionReader, TagType, TypeRef, ValType, ValidPayload, Validator, ValidatorResources,
};

/// Operands and registers that the functions of a module may have for each of its bytes, and in any case. An instruction of two
/// bytes may pass on a thousand values: functions made of those would be much larger than the module.
const ROOM_PER_BYTE: usize = 64;
const ROOM: usize = 1 << 20;

/// See [`super::translate()`].
pub(super) fn translate(
    bytes: &[u8],
    name: &str,
    features: Features,
    allowance: &mut Allowance,
) -> Result<Program, WasmError> {
    let mut module = Module::new(name, false);
    let mut allocations = FuncValidatorAllocations::default();
    // Functions with their code, which the program gets at the end, when their names are known.
    let (mut bodies, mut room) = (Vec::new(), room(bytes.len()));
    module.read(bytes, features, allowance, |module, function, body, allowance| {
        let mut validator = function.into_validator(std::mem::take(&mut allocations));
        let offset = body.range().start;
        let body = translate_body(&module.context, &body, &mut validator, (&mut room, allowance))?;
        let taken = allowance.take(function_bytes(&body.function) + size_of::<Body>() as u64);
        taken.map_err(|exhausted| WasmError::new(offset, exhausted.to_string()))?;
        bodies.push((Func::from_u32(validator.index()), body));
        allocations = validator.into_allocations();
        Ok(())
    })?;
    let waits = bodies.iter().any(|(_, body)| body.waits);
    let (mut program, _, annotations) = module.finish(bytes, waits, allowance);
    for (number, body) in bodies {
        program.functions[number] = FunctionDef::Code(Code::new(annotations.annotated(number, body, bytes)));
    }
    Ok(program)
}

/// Operands and registers that code of so many bytes may have.
pub(super) fn room(bytes: usize) -> usize {
    ROOM.saturating_add(bytes.saturating_mul(ROOM_PER_BYTE))
}

/// A module while it is read.
pub(super) struct Module {
    program: ProgramBuilder,
    context: Context,
    declared: DeclaredTypes,
    /// Layouts of exceptions by the types of what they carry.
    exceptions: HashMap<Vec<Type>, Layout>,
    names: Names,
    custom: Vec<CustomSection>,
    debug: Vec<DebugSection>,
    /// Whether its bytes are kept: then data are not copied.
    is_kept: bool,
    /// Where the data are, if they are not copied.
    pub(super) data: Vec<Range<usize>>,
    /// Where that ends which is looked at later: bodies, data and names.
    pub(super) end: usize,
    /// What it is called.
    name: String,
    /// Where the contents of the code section begin.
    code_start: u64,
}

impl Module {
    pub(super) fn new(name: &str, is_kept: bool) -> Self {
        let mut program = ProgramBuilder::new();
        let source = program.source(name, None);
        Module {
            program,
            context: Context {
                types: Vec::new(),
                objects: Vec::new(),
                functions: Vec::new(),
                globals: Vec::new(),
                nullable_globals: Vec::new(),
                tags: Vec::new(),
                memories: Vec::new(),
                tables: Vec::new(),
                source,
            },
            declared: DeclaredTypes::default(),
            exceptions: HashMap::new(),
            names: Names::default(),
            custom: Vec::new(),
            debug: Vec::new(),
            is_kept,
            data: Vec::new(),
            end: 0,
            name: name.to_owned(),
            code_start: 0,
        }
    }

    /// Validates and translates the sections; `each` gets the bodies of functions.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        features: Features,
        allowance: &mut Allowance,
        mut each: impl FnMut(
            &mut Self,
            FuncToValidate<ValidatorResources>,
            FunctionBody<'_>,
            &mut Allowance,
        ) -> Result<(), WasmError>,
    ) -> Result<(), WasmError> {
        let mut parser = Parser::new(0);
        parser.set_features(features.flags());
        let mut validator = Validator::new_with_features(features.flags());
        for payload in parser.parse_all(bytes) {
            let payload = payload?;
            if let Payload::Version { encoding: Encoding::Component, range, .. } = &payload {
                return Err(WasmError::unsupported(range.start, "components; a core module is needed"));
            }
            weight::take(&payload, self.is_kept, allowance)?;
            match validator.payload(&payload)? {
                ValidPayload::Func(function, body) => each(self, function, body, allowance)?,
                ValidPayload::Ok | ValidPayload::End(_) | ValidPayload::Parser(_) => {}
            }
            self.section(payload, bytes)?;
        }
        Ok(())
    }

    /// Translates a section that was validated.
    fn section(&mut self, payload: Payload<'_>, bytes: &[u8]) -> Result<(), WasmError> {
        steps::count(1);
        match payload {
            Payload::CodeSectionStart { unchecked_range, .. } => {
                self.code_start = unchecked_range.start;
                self.end = place(&unchecked_range).end;
            }
            Payload::TypeSection(section) => {
                let offset = section.range().start;
                for group in section {
                    self.declared.group(&mut self.program, &mut self.context, group?, offset)?;
                }
            }
            Payload::ImportSection(section) => self.imports(section)?,
            Payload::FunctionSection(section) => {
                for ty in section {
                    let ty = ty?;
                    self.program.declare_with(self.context.types[ty as usize].number);
                    self.context.functions.push(ty);
                }
            }
            Payload::TableSection(section) => {
                for item in section.into_iter_with_offsets() {
                    let (_, table) = item?;
                    let filler = match &table.init {
                        TableInit::RefNull => Initial::Constant(zero(Type::Any)),
                        TableInit::Expr(expression) => initial(&self.context, expression)?,
                    };
                    self.table(table.ty, Origin::Own(filler));
                }
            }
            Payload::MemorySection(section) => {
                for item in section.into_iter_with_offsets() {
                    let (offset, memory) = item?;
                    self.memory(memory, Origin::Own(()), offset)?;
                }
            }
            Payload::TagSection(section) => self.own_tags(section)?,
            Payload::GlobalSection(section) => {
                for item in section.into_iter_with_offsets() {
                    let (offset, global) = item?;
                    let value = initial(&self.context, &global.init_expr)?;
                    self.global(global.ty, Origin::Own(value), offset)?;
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    self.program.export(export.name, self.exported(export.kind, export.index));
                }
            }
            Payload::StartSection { func, .. } => self.program.start(Func::from_u32(func)),
            Payload::ElementSection(section) => {
                section.into_iter().try_for_each(|element| self.element(&element?))?;
            }
            Payload::DataSection(section) => {
                self.end = place(&section.range()).end;
                section.into_iter().try_for_each(|data| self.data(&data?))?;
            }
            Payload::CustomSection(section) => self.custom_section(&section, bytes),
            // Function bodies have been given away. Validation refuses what else there is.
            _ => {}
        }
        Ok(())
    }

    fn custom_section(&mut self, section: &CustomSectionReader<'_>, bytes: &[u8]) {
        let end = place(&section.range()).end;
        match section.as_known() {
            KnownCustom::Name(names) => {
                self.end = end;
                self.names.read(names, bytes);
            }
            _ if section.name().starts_with(DEBUG_SECTIONS) => {
                let range = end - section.data().len()..end;
                self.debug.push(DebugSection { name: section.name().to_owned(), range });
            }
            _ => self.custom.push(CustomSection { name: section.name().into(), bytes: section.data().into() }),
        }
    }

    fn imports(&mut self, section: ImportSectionReader<'_>) -> Result<(), WasmError> {
        for item in section.into_imports_with_offsets() {
            let (offset, import) = item?;
            let from = Import { module: import.module.into(), name: import.name.into() };
            match import.ty {
                TypeRef::Func(ty) => {
                    self.program.import_function_with(from, self.context.types[ty as usize].number);
                    self.context.functions.push(ty);
                }
                TypeRef::Table(ty) => self.table(ty, Origin::Import(from)),
                TypeRef::Memory(ty) => self.memory(ty, Origin::Import(from), offset)?,
                TypeRef::Global(ty) => self.global(ty, Origin::Import(from), offset)?,
                TypeRef::Tag(ty) => self.tag(ty, Some(from)),
                TypeRef::FuncExact(_) => return Err(WasmError::unsupported(offset, "exact function imports")),
            }
        }
        Ok(())
    }

    fn table(&mut self, ty: TableType, origin: Origin<Initial>) {
        let element = self.declared.element(&mut self.program, &self.context, ty.element_type);
        let (minimum, maximum) = (ty.initial, ty.maximum);
        self.context.tables.push(address_type(ty.table64));
        self.program.add_table(TableDef { origin, element, minimum, maximum, is_64: ty.table64 });
    }

    fn memory(&mut self, ty: MemoryType, origin: Origin<()>, offset: u64) -> Result<(), WasmError> {
        let page_bits = match ty.page_size_log2 {
            None | Some(16) => PAGE_BITS,
            Some(0) => 0,
            Some(_) => return Err(WasmError::unsupported(offset, "memories with pages of that size")),
        };
        let (minimum, maximum) = (ty.initial, ty.maximum);
        self.context.memories.push(address_type(ty.memory64));
        let (is_64, is_shared) = (ty.memory64, ty.shared);
        self.program.add_memory(MemoryDef { origin, minimum, maximum, is_64, is_shared, page_bits });
        Ok(())
    }

    fn global(&mut self, ty: GlobalType, origin: Origin<Initial>, offset: u64) -> Result<(), WasmError> {
        let mutable = ty.mutable;
        let is_nullable = matches!(ty.content_type, ValType::Ref(reference) if reference.is_nullable());
        let holds = match ty.content_type {
            ValType::Ref(reference) => self.declared.element(&mut self.program, &self.context, reference),
            _ => ElementType::Any,
        };
        let ty = expect_value_type(ty.content_type, offset)?;
        let number = self.program.add_global(GlobalDef { name: String::new(), ty, mutable, holds, origin });
        self.context.globals.push((number, ty));
        self.context.nullable_globals.push(is_nullable);
        Ok(())
    }

    fn own_tags(&mut self, section: TagSectionReader<'_>) -> Result<(), WasmError> {
        for tag in section {
            self.tag(tag?, None);
        }
        Ok(())
    }

    /// A tag becomes a global that holds an exception without anything in it.
    fn tag(&mut self, ty: TagType, import: Option<Import>) {
        let params = self.context.types[ty.func_type_idx as usize].signature.params.clone();
        let program = &mut self.program;
        let fields = params.iter().map(|&ty| Initial::Constant(zero(ty)));
        let nothing = std::iter::once(Initial::Null).chain(fields).collect();
        let next = program.program().layouts.next_key();
        let layout = *self.exceptions.entry(params).or_insert_with_key(|params| {
            let fields = std::iter::once(Type::Ref(next)).chain(params.iter().copied());
            program.layout(LayoutDef::Exception(fields.map(Storage::Whole).collect()))
        });
        let origin = match import {
            Some(import) => Origin::Import(import),
            None => Origin::Own(Initial::Record(layout, nothing)),
        };
        let holds = ElementType::Tag(self.declared.of_function(program, ty.func_type_idx));
        let global =
            program.add_global(GlobalDef { name: String::new(), ty: Type::Ref(layout), mutable: false, holds, origin });
        self.context.tags.push(Tag { global, layout, ty: ty.func_type_idx });
    }

    fn element(&mut self, element: &wasmparser::Element<'_>) -> Result<(), WasmError> {
        let mode = match &element.kind {
            ElementKind::Passive => SegmentMode::Passive,
            ElementKind::Declared => SegmentMode::Declared,
            ElementKind::Active { table_index, offset_expr } => {
                SegmentMode::Active(Table::from_u32(table_index.unwrap_or(0)), initial(&self.context, offset_expr)?)
            }
        };
        let (element, mut values) = match &element.items {
            ElementItems::Functions(functions) => {
                let values =
                    functions.clone().into_iter().map(|function| Ok(Initial::Function(Func::from_u32(function?))));
                (ElementType::Function, values.collect::<Result<Vec<_>, WasmError>>()?)
            }
            ElementItems::Expressions(ty, expressions) => {
                let element = self.declared.element(&mut self.program, &self.context, *ty);
                let values = expressions.clone().into_iter().map(|expression| initial(&self.context, &expression?));
                (element, values.collect::<Result<Vec<_>, WasmError>>()?)
            }
        };
        values.shrink_to_fit();
        self.program.add_element(ElementDef { mode, element, values });
        Ok(())
    }

    fn data(&mut self, data: &wasmparser::Data<'_>) -> Result<(), WasmError> {
        let mode = match &data.kind {
            DataKind::Passive => SegmentMode::Passive,
            DataKind::Active { memory_index, offset_expr } => {
                SegmentMode::Active(Memory::from_u32(*memory_index), initial(&self.context, offset_expr)?)
            }
        };
        let bytes: &[u8] = if self.is_kept {
            let end = place(&data.range).end;
            self.data.push(end - data.data.len()..end);
            &[]
        } else {
            data.data
        };
        self.program.add_data(DataDef { mode, bytes: bytes.into() });
        Ok(())
    }

    /// What an export names.
    fn exported(&self, kind: ExternalKind, index: u32) -> Item {
        match kind {
            ExternalKind::Func | ExternalKind::FuncExact => Item::Function(Func::from_u32(index)),
            ExternalKind::Table => Item::Table(Table::from_u32(index)),
            ExternalKind::Memory => Item::Memory(Memory::from_u32(index)),
            ExternalKind::Global => Item::Global(self.context.globals[index as usize].0),
            ExternalKind::Tag => Item::Global(self.context.tags[index as usize].global),
        }
    }

    /// Whether it has a memory that threads share.
    pub(super) fn shares_memory(&self) -> bool {
        self.program.program().memories.values().any(|memory| memory.is_shared)
    }

    /// Puts everything together but the code of functions, of which some wait on memories or none do.
    pub(super) fn finish(
        mut self,
        bytes: &[u8],
        waits: bool,
        allowance: &mut Allowance,
    ) -> (Program, Context, Annotations) {
        let source = (&*self.name, self.context.source);
        let lines = Lines::read(&self.debug, bytes, &mut self.program, source, allowance);
        self.custom.shrink_to_fit();
        if waits {
            let import = Import { module: MemoryWait::MODULE.into(), name: MemoryWait::NAME.into() };
            let signature = Signature::typed(&[Type::I64, Type::I64], &[Type::I32]);
            let signature = self.program.signature(signature);
            let function = self.program.import_function_with(import, signature);
            debug_assert_eq!(function, self.context.wait_function());
        }
        let mut program = self.program.finish_unverified();
        program.custom = self.custom;
        let annotations = Annotations::new(self.names, &program.exports, lines, self.code_start);
        (program, self.context, annotations)
    }
}

/// Where something is in a module, which is in memory as a whole.
fn place(range: &Range<u64>) -> Range<usize> {
    let place = |at: u64| usize::try_from(at).expect("it is in memory");
    place(range.start)..place(range.end)
}

/// The type of addresses and indices.
fn address_type(is_64: bool) -> Type {
    if is_64 { Type::I64 } else { Type::I32 }
}
