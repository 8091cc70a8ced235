//! A program under construction.

use crate::{BuildError, FunctionBuilder, UndefinedFunction};
use cranelift_entity::SecondaryMap;
use minivm_isa::code::Code;
use minivm_isa::entities::{Block, Data, Declared, Element, Func, Global, Layout, Memory, Sig, Source, Table};
use minivm_isa::operand::{IndexKind, OperandRef};
use minivm_isa::program::{
    Constant, CustomSection, DataDef, DeclaredType, ElementDef, ElementType, Export, Function, FunctionDef, GlobalDef,
    Import, Initial, Item, LayoutDef, MemoryDef, Origin, Program, SourceFile, TableDef,
};
use minivm_isa::verify::{Place, SourceLine};
use minivm_isa::{Signature, Type, Verified, steps, verify};
use std::collections::HashMap;

/// Builds a program: functions, what it imports and exports, globals, layouts, source files.
///
/// ```
/// use minivm_builder::{Constant, ProgramBuilder, Signature, Type};
///
/// let mut program = ProgramBuilder::new();
/// let count = program.global(Type::I64, true, Constant::I64(0));
/// // Declared first, so that functions may call one another; `add` does both at once.
/// let next = program.declare_named("next", Signature::typed(&[], &[Type::I64]));
/// let mut f = program.function("next", Signature::typed(&[], &[Type::I64]));
/// let before = f.fresh(Type::I64).global_get(count);
/// let after = f.i64_add(before, 1);
/// f.global_set(count, after);
/// f.return_values((after,));
/// program.define(next, f)?;
/// program.export_function("next", next);
/// assert!(program.finish()?.to_string().contains("i64_add"));
/// # Ok::<(), minivm_builder::BuildError>(())
/// ```
#[derive(Default)]
pub struct ProgramBuilder {
    program: Program,
    signatures: HashMap<Signature, Sig>,
    /// Which functions were declared and have no code yet, and how many.
    is_undefined: SecondaryMap<Func, bool>,
    undefined: usize,
    /// Names of declared functions, as far as told.
    told: HashMap<Func, String>,
    /// The blocks of functions in their order, as their builders numbered them, where that is another order.
    blocks: HashMap<Func, Vec<Block>>,
    /// What [`generator_function`](ProgramBuilder::generator_function) has made.
    pub(crate) generator: Option<Func>,
}

impl ProgramBuilder {
    /// An empty program.
    pub fn new() -> Self {
        ProgramBuilder::default()
    }

    /// The number of a signature; the same one is kept once.
    pub fn signature(&mut self, signature: Signature) -> Sig {
        steps::count(1 + signature.params.len() + signature.results.len());
        if let Some(&known) = self.signatures.get(&signature) {
            return known;
        }
        let number = self.program.signatures.push(signature.clone());
        self.signatures.insert(signature, number);
        number
    }

    /// The number of a signature that is kept apart from equal ones, for a declared type to describe.
    pub fn new_signature(&mut self, signature: Signature) -> Sig {
        self.program.signatures.push(signature)
    }

    /// Adds a declared type.
    pub fn declared_type(&mut self, ty: DeclaredType) -> Declared {
        self.program.types.push(ty)
    }

    /// Reserves a function's number, so that others can name it before it is [`define`](Self::define)d.
    pub fn declare(&mut self, signature: Signature) -> Func {
        let signature = self.signature(signature);
        self.declare_with(signature)
    }

    /// As [`declare`](Self::declare), with a name for messages.
    pub fn declare_named(&mut self, name: impl Into<String>, signature: Signature) -> Func {
        let number = self.declare(signature);
        self.told.insert(number, name.into());
        number
    }

    /// As [`declare`](Self::declare), for the number of a signature.
    pub fn declare_with(&mut self, signature: Sig) -> Func {
        // It stands in as an import until it is defined; `finish` sees to it that it was.
        let import = Import { module: String::new(), name: String::new() };
        let number = self.program.functions.push(FunctionDef::Import { import, signature });
        self.is_undefined[number] = true;
        self.undefined += 1;
        number
    }

    /// Starts the code of a function.
    pub fn function(&mut self, name: impl Into<String>, signature: Signature) -> FunctionBuilder {
        let number = self.signature(signature.clone());
        FunctionBuilder::new(name, number, &signature)
    }

    /// Gives a declared function its code.
    ///
    /// # Errors
    /// See [`FunctionBuilder::finish`]; also when the function was not declared, has its code already, or was declared with
    /// another signature.
    pub fn define(&mut self, number: Func, function: FunctionBuilder) -> Result<(), BuildError> {
        let function = self.lay_out(number, function)?;
        let place = || Box::new(self.place(number, &function, None));
        match self.program.functions.get(number) {
            Some(FunctionDef::Code(_)) => return Err(BuildError::DefinedTwice { place: place() }),
            Some(FunctionDef::Import { signature, .. }) if self.is_undefined[number] => {
                let (declared, found) = (*signature, function.signature);
                let of = |signature: Sig| match self.program.signatures.get(signature) {
                    Some(known) => format!("{signature} {known}"),
                    None => format!("{signature}, which the program does not have"),
                };
                if declared != found {
                    let (declared, found) = (of(declared), of(found));
                    return Err(BuildError::OtherSignature { place: place(), declared, found });
                }
            }
            _ => return Err(BuildError::NotDeclared { place: place() }),
        }
        self.program.functions[number] = FunctionDef::Code(Code::new(function));
        self.is_undefined[number] = false;
        self.undefined -= 1;
        Ok(())
    }

    /// Lays out the code of a function; mistakes name its file.
    fn lay_out(&mut self, number: Func, function: FunctionBuilder) -> Result<Function, BuildError> {
        match function.lay_out() {
            Ok((function, order)) => {
                let is_moved = |(index, block): (usize, &Block)| block.as_u32() as usize != index;
                if order.iter().enumerate().any(is_moved) {
                    self.blocks.insert(number, order);
                }
                Ok(function)
            }
            Err(mut error) => {
                for source in error.places_mut().into_iter().filter_map(|place| place.source.as_mut()) {
                    if let Some(file) = self.program.sources.get(source.source) {
                        source.file.clone_from(&file.name);
                    }
                }
                Err(error)
            }
        }
    }

    /// The place of an instruction, or of a function as a whole, which is where it begins.
    fn place(&self, number: Func, function: &Function, instruction: Option<(Block, usize)>) -> Place {
        let span = function.span_at(instruction.map_or(0, |(_, index)| index));
        let file = |source: Source| self.program.sources.get(source).map(|file| file.name.clone());
        Place {
            item: format!("{number} '{}'", function.name.escape_debug()),
            function: Some(number),
            block: instruction.map(|(block, _)| self.authors_block(number, block)),
            instruction: instruction.and_then(|(_, index)| u32::try_from(index).ok()),
            opcode: instruction.map(|(_, index)| function.code[index].opcode()),
            operand: instruction.map(|_| "function"),
            source: span.map(|span| SourceLine {
                source: span.source,
                file: file(span.source).unwrap_or_else(|| span.source.to_string()),
                line: span.line,
                start: span.start,
                end: span.end,
            }),
        }
    }

    /// The number that the author of a function knows a block by.
    fn authors_block(&self, function: Func, block: Block) -> Block {
        let order = self.blocks.get(&function);
        order.and_then(|order| order.get(block.as_u32() as usize)).copied().unwrap_or(block)
    }

    /// The first instruction that names a function.
    fn first_use(&self, of: Func) -> Option<Place> {
        self.program.functions.iter().find_map(|(number, definition)| {
            let FunctionDef::Code(function) = definition else { return None };
            let block_of = |block: Block| function.block_range(block).map(move |index| (block, index));
            let uses = |&(_, index): &(Block, usize)| {
                let mut is_used = false;
                function.code[index].for_each_operand(|_, operand| {
                    is_used |= matches!(operand, OperandRef::Index(IndexKind::Func, used) if used == of.as_u32());
                });
                is_used
            };
            let found = function.blocks.keys().flat_map(block_of).find(uses)?;
            Some(self.place(number, function, Some(found)))
        })
    }

    /// The code of a function, if it has some by now.
    pub fn code(&self, number: Func) -> Option<&Function> {
        match self.program.functions.get(number)? {
            FunctionDef::Code(function) => Some(function),
            FunctionDef::Import { .. } => None,
        }
    }

    /// Adds a function with its code.
    ///
    /// # Errors
    /// See [`FunctionBuilder::finish`].
    pub fn add(&mut self, function: FunctionBuilder) -> Result<Func, BuildError> {
        let function = self.lay_out(self.program.functions.next_key(), function)?;
        Ok(self.program.functions.push(FunctionDef::Code(Code::new(function))))
    }

    /// Imports a function.
    pub fn import_function(
        &mut self,
        module: impl Into<String>,
        name: impl Into<String>,
        signature: Signature,
    ) -> Func {
        let signature = self.signature(signature);
        self.import_function_with(Import { module: module.into(), name: name.into() }, signature)
    }

    /// As [`import_function`](Self::import_function), for the number of a signature.
    pub fn import_function_with(&mut self, import: Import, signature: Sig) -> Func {
        self.program.functions.push(FunctionDef::Import { import, signature })
    }

    /// Adds a global that starts with a constant.
    pub fn global(&mut self, ty: Type, mutable: bool, initial: Constant) -> Global {
        self.named_global("", ty, mutable, initial)
    }

    /// As [`global`](Self::global), with a name for messages, frames and `minivm inspect`.
    pub fn named_global(&mut self, name: impl Into<String>, ty: Type, mutable: bool, initial: Constant) -> Global {
        self.program.globals.push(GlobalDef {
            name: name.into(),
            ty,
            mutable,
            holds: ElementType::Any,
            origin: Origin::Own(Initial::Constant(initial)),
        })
    }

    /// Adds a global of any origin.
    pub fn add_global(&mut self, global: GlobalDef) -> Global {
        self.program.globals.push(global)
    }

    /// Adds a memory.
    pub fn add_memory(&mut self, memory: MemoryDef) -> Memory {
        self.program.memories.push(memory)
    }

    /// Adds a table.
    pub fn add_table(&mut self, table: TableDef) -> Table {
        self.program.tables.push(table)
    }

    /// Adds a data segment.
    pub fn add_data(&mut self, data: DataDef) -> Data {
        self.program.data.push(data)
    }

    /// Adds an element segment.
    pub fn add_element(&mut self, element: ElementDef) -> Element {
        self.program.elements.push(element)
    }

    /// Adds a record or array layout.
    pub fn layout(&mut self, layout: LayoutDef) -> Layout {
        self.program.layouts.push(layout)
    }

    /// Adds a source file; its text, when given, is shown in diagnostics.
    pub fn source(&mut self, name: impl Into<String>, text: Option<Box<[u8]>>) -> Source {
        self.program.sources.push(SourceFile { name: name.into(), text })
    }

    /// Adds a custom section, which is carried and never interpreted.
    pub fn custom(&mut self, name: impl Into<String>, bytes: impl Into<Box<[u8]>>) {
        self.program.custom.push(CustomSection { name: name.into(), bytes: bytes.into() });
    }

    /// Names what the program is for, in words that its frontend and its host agree on; without it the program is for all.
    pub fn target(&mut self, target: impl Into<String>) {
        self.program.target = target.into();
    }

    /// Exports an item.
    pub fn export(&mut self, name: impl Into<String>, item: Item) {
        self.program.exports.push(Export { name: name.into(), item });
    }

    /// Exports a function.
    pub fn export_function(&mut self, name: impl Into<String>, function: Func) {
        self.export(name, Item::Function(function));
    }

    /// Makes a function run at instantiation.
    pub fn start(&mut self, function: Func) {
        self.program.start = Some(function);
    }

    /// The program as built so far, unverified.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The verified program.
    ///
    /// # Errors
    /// When a declared function was never defined, or the verifier finds mistakes: then all of them.
    pub fn finish(self) -> Result<Verified, BuildError> {
        if self.undefined > 0 {
            let name = |function: Func| {
                let export = self.program.exports.iter().find(|export| export.item == Item::Function(function));
                export.map(|export| export.name.clone())
            };
            let undefined = self.is_undefined.keys().filter(|&number| self.is_undefined[number]);
            let functions = undefined.map(|number| UndefinedFunction {
                number,
                name: self.told.get(&number).cloned().or_else(|| name(number)),
                used: self.first_use(number).map(Box::new),
            });
            let functions = functions.collect();
            return Err(BuildError::Undefined { functions });
        }
        let blocks = self.blocks;
        verify(self.program).map_err(|mut rejections| {
            for place in rejections.iter_mut().map(|rejection| &mut rejection.place) {
                let order = place.function.and_then(|function| blocks.get(&function));
                if let (Some(order), Some(block)) = (order, &mut place.block) {
                    *block = order.get(block.as_u32() as usize).copied().unwrap_or(*block);
                }
            }
            BuildError::Rejected(rejections)
        })
    }

    /// The program as it is, for those who want to inspect or change it before it is verified.
    pub fn finish_unverified(mut self) -> Program {
        // Nothing is added any more as a rule, and machines may hold very many programs.
        self.program.signatures.shrink_to_fit();
        self.program.functions.shrink_to_fit();
        self.program.globals.shrink_to_fit();
        self.program.data.shrink_to_fit();
        self.program.elements.shrink_to_fit();
        self.program.exports.shrink_to_fit();
        self.program.sources.shrink_to_fit();
        self.program
    }
}
