//! Rules of single instructions that the table cannot say: calls, captures, fields, copies between memories and tables.

use super::Rule;
use super::function::Checker;
use super::initial::address_type;
use super::program::capture_count;
use crate::Instruction;
use crate::entities::{Element, Func, Global, Layout, Memory, Reg, Sig, Table};
use crate::operand::Operand;
use crate::program::{ElementType, FunctionDef, LayoutDef, Program};
use crate::types::{Convention, Signature, Storage, Type};
use crate::{frame, steps};
use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

/// Whether a table may hold everything from another table or a segment.
pub(super) fn fits(into: ElementType, from: ElementType) -> bool {
    from.is_function() && (into.is_function() || into.is_any()) || from.is_any() && into.is_any()
}

fn operands(registers: &[Reg]) -> Vec<Operand> {
    registers.iter().map(|&register| register.into()).collect()
}

impl<'a> Checker<'a> {
    /// Checks what the table leaves open. Returns whether the instruction has rules here at all: every row with a
    /// [`Special`](crate::operand::Pattern::Special) operand must, and a test sees to it.
    pub(super) fn special(&mut self, instruction: &Instruction) -> bool {
        match instruction {
            Instruction::GlobalSet { global, .. } => self.mutable(*global),
            Instruction::Concat { values, .. } => self.at_least("values", 2, values.len()),
            Instruction::ForEach { results, .. } => self.at_least("results", 1, results.len()),
            Instruction::MemoryCopy { memory, source_memory, address, source, length } => {
                let is_64 = |memory: Memory| self.program.memories.get(memory).map(|memory| memory.is_64);
                self.copy([is_64(*memory), is_64(*source_memory)], ["address", "source"], [*address, *source, *length]);
            }
            Instruction::TableCopy { table, source_table, index, source, length } => {
                let is_64 = |table: Table| self.program.tables.get(table).map(|table| table.is_64);
                self.copy([is_64(*table), is_64(*source_table)], ["index", "source"], [*index, *source, *length]);
                let element = self.program.tables.get(*source_table).map(|table| table.element);
                self.table_holds(*table, element);
            }
            Instruction::TableInit { table, element, .. } => {
                let element: Element = *element;
                self.table_holds(*table, self.program.elements.get(element).map(|element| element.element));
            }
            Instruction::RefFunc { function, .. } => self.captures_nothing(*function),
            Instruction::Closure { function, captures, .. } => self.closure(*function, captures),
            Instruction::CaptureGet { dst, index } => {
                if let Some(ty) = self.capture(*index) {
                    self.types("dst", [ty], &[(*dst).into()]);
                }
            }
            Instruction::CaptureCellGet { index, .. } | Instruction::CaptureCellSet { index, .. } => {
                if let Some(ty) = self.capture(*index).filter(|&ty| ty != Type::Cell) {
                    self.reject(Rule::OperandType, "index", "a captured cell", ty);
                }
            }
            Instruction::ReturnValues { values } => self.return_values(values),
            Instruction::ReturnOpen { .. } => self.dynamic_only(),
            Instruction::Varargs { .. } | Instruction::VarargsToOpen {} => self.variadic_only(),
            _ => return self.special_call(instruction) || self.special_object(instruction),
        }
        true
    }

    fn special_call(&mut self, instruction: &Instruction) -> bool {
        match instruction {
            Instruction::Call { results, function, arguments } => {
                self.captures_nothing(*function);
                self.call("function", self.signature_of(*function), arguments, Some(results));
            }
            Instruction::CallIndirect { results, signature, arguments, .. }
            | Instruction::CallRef { results, signature, arguments, .. } => {
                self.call("signature", Some(*signature), arguments, Some(results));
            }
            Instruction::TailCall { function, arguments } => {
                self.captures_nothing(*function);
                self.call("function", self.signature_of(*function), arguments, None);
            }
            Instruction::TailCallIndirect { signature, arguments, .. }
            | Instruction::TailCallRef { signature, arguments, .. } => {
                self.call("signature", Some(*signature), arguments, None);
            }
            Instruction::TailCallAny { .. } | Instruction::TailCallAnyOpen { .. } => {
                self.dynamic_only();
                self.outside_of_regions();
            }
            _ => return false,
        }
        true
    }

    fn special_object(&mut self, instruction: &Instruction) -> bool {
        match instruction {
            Instruction::RecordNew { layout, fields, .. } => {
                if let Some(storages) = self.record(*layout) {
                    self.types("fields", storages.iter().map(|storage| storage.register_type()), fields);
                }
            }
            Instruction::RecordGet { dst, layout, field, .. } => self.field(*layout, *field, "dst", (*dst).into()),
            Instruction::RecordSet { layout, field, src, .. } => self.field(*layout, *field, "src", *src),
            Instruction::ArrayNew { layout, src, .. } | Instruction::ArraySet { layout, src, .. } => {
                self.array_element(*layout, "src", *src);
            }
            Instruction::ArrayGet { dst, layout, .. } => self.array_element(*layout, "dst", (*dst).into()),
            Instruction::ArrayLength { layout, .. } => drop(self.array(*layout)),
            Instruction::ArrayFill { layout, src, .. } => self.array_element(*layout, "src", *src),
            Instruction::ArrayCopy { layout, source_layout, object, source, .. } => {
                self.types("object", [Type::Ref(*layout)], &[*object]);
                self.types("source", [Type::Ref(*source_layout)], &[*source]);
                if let (Some(into), Some(from)) = (self.array(*layout), self.array(*source_layout))
                    && into != from
                {
                    self.reject(Rule::Field, "source layout", format_args!("elements {into}"), from);
                }
            }
            Instruction::ArrayInitData { layout, .. } => {
                let is_number = |element: Storage| !element.register_type().is_traced();
                if let Some(element) = self.array(*layout).filter(|&element| !is_number(element)) {
                    self.reject(Rule::Field, "layout", "an array of numbers", format_args!("elements {element}"));
                }
            }
            Instruction::StringFromArray { layout, .. } => {
                if let Some(element) = self.array(*layout).filter(|&element| element != Storage::I8) {
                    self.reject(Rule::Field, "layout", "an array of i8", format_args!("elements {element}"));
                }
            }
            Instruction::ArrayInitElement { layout, .. } => {
                let is_any = |element: Storage| element == Storage::Whole(Type::Any);
                if let Some(element) = self.array(*layout).filter(|&element| !is_any(element)) {
                    self.reject(Rule::Field, "layout", "an array of any", format_args!("elements {element}"));
                }
            }
            Instruction::BranchSignature { signature, .. } | Instruction::BranchSignatureExact { signature, .. } => {
                if self.program.signatures.get(*signature).is_some_and(Signature::is_dynamic) {
                    self.reject(Rule::TypedCall, "signature", "a typed signature", signature);
                }
            }
            _ => return false,
        }
        true
    }

    /// Rejects a list of another length or with other types.
    fn types(
        &mut self,
        name: &'static str,
        expected: impl IntoIterator<Item = Type, IntoIter: ExactSizeIterator>,
        found: &[Operand],
    ) {
        let expected = expected.into_iter();
        if expected.len() != found.len() {
            self.reject(Rule::OperandCount, name, expected.len(), found.len());
        }
        for (expected, &operand) in expected.zip(found) {
            steps::count(1);
            if let Some(ty) = self.operand_type(operand).filter(|&ty| ty != expected) {
                self.wrong_type(name, operand, expected, ty);
            }
        }
    }

    fn at_least(&mut self, name: &'static str, least: usize, found: usize) {
        if found < least {
            self.reject(Rule::ListLength, name, format_args!("at least {least}"), found);
        }
    }

    fn mutable(&mut self, global: Global) {
        if self.program.globals.get(global).is_some_and(|global| !global.mutable) {
            self.reject(Rule::Mutable, "global", "a mutable global", format_args!("{global}, which is not"));
        }
    }

    /// Addresses of a copy are each of the type of their own memory or table; the length of the narrower one.
    fn copy(&mut self, is_64: [Option<bool>; 2], names: [&'static str; 2], found: [Operand; 3]) {
        let [Some(into), Some(from)] = is_64 else { return };
        self.types(names[0], [address_type(into)], &found[..1]);
        self.types(names[1], [address_type(from)], &found[1..2]);
        self.types("length", [address_type(into && from)], &found[2..]);
    }

    fn table_holds(&mut self, table: Table, from: Option<ElementType>) {
        let (Some(into), Some(from)) = (self.program.tables.get(table), from) else { return };
        if !fits(into.element, from) {
            let expected = format!("{:?}, as {table} holds", into.element);
            self.reject(Rule::TableElement, "table", expected, format_args!("{from:?}"));
        }
    }

    fn captures_nothing(&mut self, function: Func) {
        if let Some(captures) = capture_count(self.program, function).filter(|&count| count > 0) {
            let found = format!("{function} with {captures} captured values");
            self.reject(Rule::NoCaptures, "function", "a function that captures nothing", found);
        }
    }

    fn closure(&mut self, function: Func, captures: &[Operand]) {
        match self.program.functions.get(function) {
            None => {}
            Some(FunctionDef::Import { .. }) => self.types("captures", [], captures),
            Some(FunctionDef::Code(code)) => self.types("captures", code.captures().iter().copied(), captures),
        }
    }

    /// The type of a captured value of this function.
    fn capture(&mut self, index: u64) -> Option<Type> {
        let captures = &self.function.captures;
        let found = usize::try_from(index).ok().and_then(|index| captures.get(index)).copied();
        if found.is_none() {
            self.reject(Rule::Index, "index", format_args!("one of {} captured values", captures.len()), index);
        }
        found
    }

    fn signature_of(&self, function: Func) -> Option<Sig> {
        Some(self.program.functions.get(function)?.signature())
    }

    /// Checks a call with a signature; without results it is a tail call.
    fn call(&mut self, name: &'static str, number: Option<Sig>, arguments: &[Operand], results: Option<&[Reg]>) {
        if results.is_none() {
            self.outside_of_regions();
        }
        let Some(number) = number else { return };
        let Some(signature) = self.program.signatures.get(number) else { return };
        if signature.is_dynamic() {
            let found = "a dynamic one, for call_any and tail_call_any";
            return self.reject(Rule::TypedCall, name, "a typed signature", found);
        }
        self.types("arguments", signature.params.iter().copied(), arguments);
        match (results, self.signature) {
            (Some(results), _) => self.types("results", signature.results.iter().copied(), &operands(results)),
            (None, None) => {}
            (None, Some(own)) => {
                if own.is_dynamic() || !self.signatures.are_equal(self.program, self.function.signature, number) {
                    let expected = format_args!("results {}, as this function has", ResultsText(own));
                    self.reject(Rule::TailCallResults, name, expected, ResultsText(signature));
                }
            }
        }
    }

    fn outside_of_regions(&mut self) {
        let region = self.regions.as_ref().zip(self.here).and_then(|(tree, (block, _))| tree.innermost(block));
        if let Some(region) = region {
            let found = format!("region {region} around it");
            self.reject(Rule::TailCallRegion, "", "no protected region", found);
        }
    }

    fn return_values(&mut self, values: &[Operand]) {
        let Some(signature) = self.signature else { return };
        if signature.is_dynamic() {
            for &value in values {
                self.types("values", [Type::Any], &[value]);
            }
        } else {
            self.types("values", signature.results.iter().copied(), values);
        }
    }

    fn dynamic_only(&mut self) {
        if self.signature.is_some_and(|signature| !signature.is_dynamic()) {
            self.reject(Rule::DynamicOnly, "", "a dynamic or variadic function around it", "a typed one");
        }
    }

    fn variadic_only(&mut self) {
        if let Some(signature) = self.signature.filter(|own| own.convention != Convention::Variadic) {
            let found = format!("{:?}", signature.convention).to_lowercase();
            self.reject(Rule::VariadicOnly, "", "a variadic function around it", found);
        }
    }

    fn record(&mut self, layout: Layout) -> Option<&'a [Storage]> {
        match self.program.layouts.get(layout)? {
            LayoutDef::Record(fields) | LayoutDef::Exception(fields) => Some(fields),
            LayoutDef::Array(_) => {
                self.reject(Rule::Field, "layout", "a record", format_args!("{layout}, an array"));
                None
            }
        }
    }

    fn array(&mut self, layout: Layout) -> Option<Storage> {
        match self.program.layouts.get(layout)? {
            LayoutDef::Array(element) => Some(*element),
            LayoutDef::Record(_) | LayoutDef::Exception(_) => {
                self.reject(Rule::Field, "layout", "an array", format_args!("{layout}, a record"));
                None
            }
        }
    }

    fn field(&mut self, layout: Layout, field: u64, name: &'static str, operand: Operand) {
        let Some(fields) = self.record(layout) else { return };
        match usize::try_from(field).ok().and_then(|field| fields.get(field)) {
            Some(storage) => self.types(name, [storage.register_type()], &[operand]),
            None => self.reject(Rule::Field, "field", format_args!("one of {} fields", fields.len()), field),
        }
    }

    fn array_element(&mut self, layout: Layout, name: &'static str, operand: Operand) {
        if let Some(storage) = self.array(layout) {
            self.types(name, [storage.register_type()], &[operand]);
        }
    }
}

/// What is known of the signatures of a program, so that no instruction has to go through them again.
#[derive(Default)]
pub(crate) struct SignatureFacts {
    /// For each signature the number of its list of results; made when it is first asked for.
    numbers: OnceLock<Vec<usize>>,
    /// For each signature what a window for a call takes; made when it is first asked for.
    words: OnceLock<Vec<u64>>,
}

impl SignatureFacts {
    /// Frame words of a window for a call; 0 for a signature that does not exist.
    pub(super) fn words(&self, program: &Program, signature: Sig) -> u64 {
        let words = self.words.get_or_init(|| {
            steps::count(program.signatures.values().map(|it| it.params.len() + it.results.len() + 1).sum());
            frame::signature_words(program)
        });
        words.get(signature.as_u32() as usize).copied().unwrap_or(0)
    }

    /// Whether two signatures have the same results. However long these are, it takes no time.
    fn are_equal(&self, program: &Program, one: Sig, other: Sig) -> bool {
        let numbers = self.numbers.get_or_init(|| {
            let mut known: HashMap<&[Type], usize> = HashMap::new();
            steps::count(program.signatures.values().map(|signature| signature.results.len() + 1).sum());
            let results = program.signatures.values().map(|signature| signature.results.as_slice());
            results
                .map(|results| {
                    let next = known.len();
                    *known.entry(results).or_insert(next)
                })
                .collect()
        });
        numbers[one.as_u32() as usize] == numbers[other.as_u32() as usize]
    }
}

/// The results of a signature in messages.
struct ResultsText<'a>(&'a Signature);

impl fmt::Display for ResultsText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        steps::count(SHOWN.min(self.0.results.len()));
        if self.0.is_dynamic() {
            return f.write_str("(any ...)");
        }
        let results = &self.0.results;
        let types: Vec<String> = results.iter().take(SHOWN).map(Type::to_string).collect();
        let rest = if results.len() > SHOWN { format!(", … {} in all", results.len()) } else { String::new() };
        write!(f, "({}{rest})", types.join(", "))
    }
}
