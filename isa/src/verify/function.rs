//! Rules for the shape of a function: registers, captures, blocks, regions, spans and local names.

use super::rejection::{file_name, quoted};
use super::special::SignatureFacts;
use super::{Place, Rejection, Rejections, Rule, SourceLine};
use crate::entities::{Block, Func, Reg};
use crate::frame::words_of;
use crate::limits::{FRAME_WORDS_MAX, LIST_MAX, REJECTIONS_PER_FUNCTION};
use crate::operand::{Input, Operand};
use crate::program::{Function, Program};
use crate::regions::RegionTree;
use crate::steps;
use crate::types::{Signature, Type};
use std::fmt::Display;

/// Checks one function; what all its rules share.
pub(super) struct Checker<'a> {
    pub(super) program: &'a Program,
    pub(super) function: &'a Function,
    /// None when it does not exist.
    pub(super) signature: Option<&'a Signature>,
    /// Frame words of its registers.
    pub(super) register_words: u64,
    pub(super) regions: Option<RegionTree>,
    number: Func,
    /// The instruction that is being checked, and its block.
    pub(super) here: Option<(Block, usize)>,
    found: Vec<Rejection>,
    unlisted: usize,
    /// Kept to spare allocations: registers that the current instruction writes.
    pub(super) written: Vec<Reg>,
    pub(super) signatures: &'a SignatureFacts,
}

pub(super) fn check(
    (program, signatures): (&Program, &SignatureFacts),
    number: Func,
    function: &Function,
    all: &mut Rejections,
) {
    let mut checker = Checker::new((program, signatures), number, function);
    checker.registers();
    checker.captures();
    if checker.blocks() {
        checker.regions();
        checker.code();
        checker.flow();
    }
    checker.spans();
    checker.locals();
    checker.finish(all);
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        (program, signatures): (&'a Program, &'a SignatureFacts),
        number: Func,
        function: &'a Function,
    ) -> Self {
        Checker {
            program,
            function,
            signature: program.signatures.get(function.signature),
            register_words: 0,
            regions: None,
            number,
            here: None,
            found: Vec::new(),
            unlisted: 0,
            written: Vec::new(),
            signatures,
        }
    }

    /// Adds a rejection at the current instruction, or of the function as a whole.
    pub(super) fn reject(&mut self, rule: Rule, operand: &'static str, expected: impl Display, found: impl Display) {
        steps::count(1);
        if self.found.len() == REJECTIONS_PER_FUNCTION {
            self.unlisted += 1;
            return;
        }
        let place = Place {
            item: format!("{} {}", self.number, quoted(&self.function.name)),
            function: Some(self.number),
            block: self.here.map(|(block, _)| block),
            instruction: self.here.and_then(|(_, index)| u32::try_from(index).ok()),
            opcode: self.here.map(|(_, index)| self.function.code[index].opcode()),
            operand: (!operand.is_empty()).then_some(operand),
            source: self.here.and_then(|(_, index)| self.source(index)),
        };
        self.found.push(Rejection { rule, place, expected: expected.to_string(), found: found.to_string() });
    }

    fn source(&self, instruction: usize) -> Option<SourceLine> {
        let span = self.function.span_at(instruction)?;
        let file = file_name(&self.program.sources.get(span.source)?.name);
        Some(SourceLine { source: span.source, file, line: span.line, start: span.start, end: span.end })
    }

    fn finish(mut self, all: &mut Rejections) {
        if self.unlisted > 0 {
            let (unlisted, expected) = (self.unlisted, format!("at most {REJECTIONS_PER_FUNCTION} mistakes"));
            (self.unlisted, self.here) = (0, None);
            all.list.append(&mut self.found);
            self.reject(Rule::More, "", expected, format_args!("{unlisted} more"));
        }
        all.list.append(&mut self.found);
    }

    /// The type of a register; none when it does not exist.
    pub(super) fn register_type(&self, register: Reg) -> Option<Type> {
        self.function.registers.get(register).copied()
    }

    /// The type of an operand; none when it does not exist.
    pub(super) fn operand_type(&self, operand: Operand) -> Option<Type> {
        match operand.input() {
            Input::Reg(register) => self.register_type(register),
            Input::Const(constant) => self.function.constants.get(constant).map(|constant| constant.ty()),
        }
    }

    fn layout_exists(&mut self, ty: Type, operand: &'static str) {
        if let Type::Ref(layout) = ty
            && !self.program.layouts.is_valid(layout)
        {
            self.reject(Rule::Index, operand, format_args!("one of {}", self.program.layouts.len()), layout);
        }
    }

    fn registers(&mut self) {
        let function = self.function;
        steps::count(function.registers.len() + self.signature.map_or(0, |signature| signature.params.len()));
        for &ty in function.registers.values() {
            self.layout_exists(ty, "registers");
        }
        self.register_words = words_of(function.registers.values());
        if self.register_words > u64::from(FRAME_WORDS_MAX) {
            let expected = format_args!("at most {FRAME_WORDS_MAX} frame words");
            self.reject(Rule::FrameSize, "registers", expected, self.register_words);
        }
        let Some(signature) = self.signature else {
            let expected = format!("one of {}", self.program.signatures.len());
            return self.reject(Rule::Index, "signature", expected, function.signature);
        };
        let registers = function.registers.values().as_slice();
        if registers.len() < signature.params.len() {
            let expected = format!("at least {}, one for each parameter", signature.params.len());
            self.reject(Rule::Parameters, "registers", expected, registers.len());
        }
        for (index, (param, found)) in signature.params.iter().zip(registers).enumerate() {
            if param != found {
                let expected = format!("{param}, the type of parameter {index}");
                self.reject(Rule::Parameters, "registers", expected, format_args!("r{index}: {found}"));
            }
        }
    }

    fn captures(&mut self) {
        let function = self.function;
        for &ty in &function.captures {
            match ty {
                Type::Any | Type::Cell => {}
                Type::I32 | Type::I64 | Type::F32 | Type::F64 | Type::V128 | Type::Ref(_) => {
                    self.reject(Rule::Captures, "captures", "any or cell", ty);
                }
            }
        }
        if function.captures.len() > LIST_MAX {
            self.reject(Rule::Captures, "captures", format_args!("at most {LIST_MAX}"), function.captures.len());
        }
        if function.capture_names.len() > function.captures.len() {
            let expected = format!("at most {}, one for each captured value", function.captures.len());
            self.reject(Rule::Captures, "capture names", expected, function.capture_names.len());
        }
    }

    /// Whether the blocks are ranges of the code; without that no instruction can be checked.
    fn blocks(&mut self) -> bool {
        let starts = self.function.blocks.values().as_slice();
        let Ok(length) = u32::try_from(self.function.code.len()) else {
            self.reject(Rule::FunctionSize, "code", "at most 4294967295 instructions", self.function.code.len());
            return false;
        };
        match starts.first() {
            None => self.reject(Rule::Blocks, "blocks", "an entry block", "no blocks"),
            Some(0) => {}
            Some(start) => self.reject(Rule::Blocks, "blocks", "block0 at 0", start),
        }
        let mut fine = starts.first() == Some(&0);
        for (index, &start) in starts.iter().enumerate() {
            steps::count(1);
            let end = starts.get(index + 1).copied().unwrap_or(length);
            if start >= end || end > length {
                let expected = format!("block{index} to hold at least one of {length} instructions");
                self.reject(Rule::Blocks, "blocks", expected, format_args!("{start} up to, not with, {end}"));
                fine = false;
            }
        }
        fine
    }

    fn regions(&mut self) {
        let function = self.function;
        let blocks = function.blocks.len();
        for region in &function.regions {
            steps::count(1);
            self.at_region(region.start);
            let range = format!("{} up to, not with, {}", region.start, region.end);
            if region.start >= region.end || region.end.as_u32() as usize > blocks {
                let expected = format!("a range of {blocks} blocks, not empty");
                self.reject(Rule::RegionRange, "region", expected, &range);
            }
            if region.handler.as_u32() as usize >= blocks {
                self.reject(Rule::Index, "handler", format_args!("one of {blocks} blocks"), region.handler);
            } else if (region.start..region.end).contains(&region.handler) {
                self.reject(Rule::RegionRange, "handler", format_args!("a block outside of {range}"), region.handler);
            }
            self.region_register("error register", region.error);
            if let Some(register) = region.message_handler {
                self.region_register("message handler", register);
            }
        }
        self.here = None;
        match RegionTree::new(function) {
            Ok(tree) => self.regions = Some(tree),
            Err(error) => {
                self.at_region(function.regions[error.outer].start);
                let show = |index: usize| {
                    let region = &function.regions[index];
                    format!("region {index} ({} up to, not with, {})", region.start, region.end)
                };
                let expected = format!("{} before and inside of one around it, or apart from it", show(error.inner));
                self.reject(Rule::RegionNesting, "region", expected, show(error.outer));
                self.here = None;
            }
        }
    }

    /// What is rejected from here on is about a region that begins with this block, if there is one.
    pub(super) fn at_region(&mut self, start: Block) {
        let first = self.function.blocks.get(start).map(|&first| (start, first as usize));
        self.here = first.filter(|&(_, first)| first < self.function.code.len());
    }

    fn region_register(&mut self, part: &'static str, register: Reg) {
        match self.register_type(register) {
            None => self.no_register(part, register),
            Some(Type::Any) => {}
            Some(ty) => self.reject(Rule::RegionRegister, part, "any", format_args!("{register}: {ty}")),
        }
    }

    pub(super) fn no_register(&mut self, operand: &'static str, register: Reg) {
        let expected = format!("one of {} registers", self.function.registers.len());
        self.reject(Rule::Index, operand, expected, register);
    }

    fn spans(&mut self) {
        self.here = None;
        let mut next = 0;
        for span in &self.function.spans {
            steps::count(1);
            if !self.program.sources.is_valid(span.source) {
                let expected = format!("one of {}", self.program.sources.len());
                self.reject(Rule::Index, "span", expected, span.source);
            }
            let instruction = span.instruction as usize;
            if instruction < next || instruction >= self.function.code.len() {
                let expected = format!("an instruction from {next} to below {}", self.function.code.len());
                self.reject(Rule::Span, "span", expected, instruction);
            }
            if span.start > span.end {
                self.reject(Rule::Span, "span", format_args!("an end of at least {}", span.start), span.end);
            }
            next = next.max(instruction + 1);
        }
    }

    fn locals(&mut self) {
        for local in &self.function.locals {
            steps::count(1);
            if self.register_type(local.register).is_none() {
                self.no_register("local", local.register);
            }
            let length = self.function.code.len();
            if local.start > local.end || local.end as usize > length {
                let expected = format!("a range of {length} instructions for {}", quoted(&local.name));
                let found = format!("{} up to, not with, {}", local.start, local.end);
                self.reject(Rule::Local, "local", expected, found);
            }
        }
    }
}
