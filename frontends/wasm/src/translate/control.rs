//! Blocks, branches, calls and returns.

use super::exceptions::{Guard, LegacyCatch};
use super::function::FunctionTranslator;
use super::local_set::{LocalSet, Meet};
use super::stack::Value;
use super::types::{BlockShape, Context, Results};
use minivm_isa::entities::{Block, Reg};
use minivm_isa::{Instruction, Operand, Type};
use std::collections::HashMap;
use wasmparser::Catch;

/// Bytes that an open block takes, here and in the validator.
const FRAME_BYTES: u64 = 320;
/// Bytes that an edge takes besides its copies.
const EDGE_BYTES: u64 = 160;

/// A block of the source that is open.
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    shape: BlockShape,
    /// Height of the operand stack below the parameters.
    pub(super) height: usize,
    /// Regions that are open around it.
    pub(super) handlers: usize,
    /// Where branches to it go. The function itself has none, branches to it return.
    label: Block,
    /// Who branches to the label, for labels at the end.
    meet: Meet,
}

/// What opened a frame.
pub(super) enum FrameKind {
    Function,
    Block,
    Loop,
    /// Without an `else` so far; it has the block where that begins, and what is assigned there.
    If(Block, LocalSet),
    Else,
    /// A region, and where its exceptions go.
    TryTable(Guard, Vec<Catch>),
    /// The body of a `try`.
    Try(Guard),
    /// A clause of a `try`.
    LegacyCatch(LegacyCatch),
}

/// A block that copies values to where a label expects them, or returns.
pub(super) struct Edge {
    block: Block,
    code: Vec<Instruction>,
    span: (u64, u64),
}

/// What a branch to a frame needs to know.
struct Label<'a> {
    height: usize,
    types: Results<'a>,
    block: Block,
}

impl Frame {
    /// The frame of a function with its type index.
    pub(super) fn function(ty: u32, entry: Block) -> Self {
        let shape = BlockShape::Function(ty);
        Frame { kind: FrameKind::Function, shape, height: 0, handlers: 0, label: entry, meet: Meet::default() }
    }

    /// A branch goes to the label. What is assigned at a loop's is known before: branches back only add to it.
    fn reach(&mut self, assigned: &LocalSet) {
        match self.kind {
            FrameKind::Loop => {}
            _ => self.meet.add(assigned),
        }
    }

    fn label<'a>(&self, context: &'a Context) -> Label<'a> {
        let types = match self.kind {
            FrameKind::Loop => Results::List(self.shape.params(context)),
            _ => self.shape.results(context),
        };
        Label { height: self.height, types, block: self.label }
    }
}

impl FunctionTranslator<'_> {
    pub(super) fn push_frame(&mut self, kind: FrameKind, shape: BlockShape, label: Block) {
        self.builder.take(FRAME_BYTES);
        let height = self.stack.len() - shape.params(self.context).len();
        let is_guard = matches!(kind, FrameKind::TryTable(..) | FrameKind::Try(_));
        let handlers = self.exceptions.open() - usize::from(is_guard);
        self.frames.push(Frame { kind, shape, height, handlers, label, meet: Meet::default() });
    }

    pub(super) fn begin_block(&mut self, shape: BlockShape) {
        self.evaluate_reads();
        let label = self.builder.block();
        self.push_frame(FrameKind::Block, shape, label);
    }

    pub(super) fn begin_loop(&mut self, shape: BlockShape) {
        self.evaluate_reads();
        self.evaluate_constants(shape.params(self.context).len());
        let header = self.builder.block();
        self.emit(Instruction::Jump { target: header });
        self.builder.switch_to(header);
        self.push_frame(FrameKind::Loop, shape, header);
    }

    pub(super) fn begin_if(&mut self, shape: BlockShape) {
        let condition = self.pop_condition();
        self.evaluate_reads();
        self.evaluate_constants(shape.params(self.context).len());
        let (then, otherwise, label) = (self.builder.block(), self.builder.block(), self.builder.block());
        self.branch(condition, then, otherwise);
        self.builder.switch_to(then);
        self.builder.take(self.assigned.bytes());
        self.push_frame(FrameKind::If(otherwise, self.assigned.clone()), shape, label);
    }

    /// Brings the topmost `count` values, which are constants or temporaries, into their registers.
    fn evaluate_constants(&mut self, count: usize) {
        for position in self.stack.len() - count..self.stack.len() {
            let ty = self.stack.entry(position).ty;
            if let Some(constant) = self.stack.evaluate_constant(position) {
                let dst = self.temporary(position, ty);
                let src = self.builder.constant(constant);
                self.emit(Instruction::Copy { dst, src });
            }
        }
    }

    pub(super) fn begin_else(&mut self) {
        let mut frame = self.frames.pop().expect("validated code has an open `if` here");
        let FrameKind::If(otherwise, assigned) = std::mem::replace(&mut frame.kind, FrameKind::Else) else {
            unreachable!("validated code has an `if` before its `else`")
        };
        self.fall_to_end(&mut frame);
        self.stack.truncate(frame.height);
        self.push_temporaries(frame.shape.params(self.context));
        self.builder.switch_to(otherwise);
        self.assigned = assigned;
        self.is_reachable = true;
        self.frames.push(frame);
    }

    /// Goes to the label at the end of a frame, when this can be reached.
    pub(super) fn fall_to_end(&mut self, frame: &mut Frame) {
        if self.is_reachable {
            self.move_to(frame.height, frame.shape.results(self.context).as_slice());
            self.emit(Instruction::Jump { target: frame.label });
            frame.meet.add(&self.assigned);
        }
    }

    pub(super) fn end(&mut self) {
        let mut frame = self.frames.pop().expect("validated code has an open block here");
        match std::mem::replace(&mut frame.kind, FrameKind::Block) {
            FrameKind::Function => {
                if self.is_reachable {
                    self.return_top(frame.shape.results(self.context).as_slice().len());
                }
                self.place_edges();
                return;
            }
            FrameKind::If(otherwise, assigned) => {
                if frame.meet.is_reached() {
                    self.fall_to_end(&mut frame);
                    self.builder.switch_to(otherwise);
                    self.emit(Instruction::Jump { target: frame.label });
                } else {
                    // Nobody else branches to the end, so it can be where the `else` would begin.
                    frame.label = otherwise;
                    self.fall_to_end(&mut frame);
                }
                frame.meet.add(&assigned);
            }
            FrameKind::Block | FrameKind::Else => {
                if frame.meet.is_reached() {
                    self.fall_to_end(&mut frame);
                }
            }
            FrameKind::Loop => {}
            FrameKind::TryTable(guard, catches) => self.end_try_table(&mut frame, guard, &catches),
            FrameKind::Try(guard) => self.end_try(&mut frame, &guard),
            FrameKind::LegacyCatch(catch) => self.end_catch(&mut frame, catch),
        }
        self.finish_frame(frame);
    }

    /// Goes on after a block.
    pub(super) fn finish_frame(&mut self, frame: Frame) {
        // When nobody branches here, the values stay where they are.
        if let Some(assigned) = frame.meet.finish() {
            self.assigned = assigned;
            self.is_reachable = true;
            self.builder.switch_to(frame.label);
            self.stack.truncate(frame.height);
            self.push_temporaries(frame.shape.results(self.context).as_slice());
        }
    }

    /// Moves the topmost values down to where a label expects them.
    ///
    /// Labels are never above the values, so copying from the lowest up overwrites nothing that is still needed.
    fn move_to(&mut self, height: usize, types: &[Type]) {
        let mut count = types.len();
        self.take_room(count);
        let first = self.stack.len() - count;
        let last = if count > 0 { self.take_deferred_top() } else { None };
        self.flush();
        count -= usize::from(last.is_some());
        for index in 0..count {
            if let Some(copy) = self.copy_of(first + index, height + index) {
                self.emit(copy);
            }
        }
        if let Some(deferred) = last {
            let register = self.temporary(height + count, types[count]);
            self.place(deferred, register);
        }
    }

    /// The copy that brings a value to the register of another position, unless it is there.
    fn copy_of(&mut self, from: usize, to: usize) -> Option<Instruction> {
        let entry = self.stack.entry(from);
        if from == to && entry.value == Value::Temporary {
            return None;
        }
        let dst = self.temporary(to, entry.ty);
        Some(Instruction::Copy { dst, src: self.operand_at(from) })
    }

    pub(super) fn br(&mut self, depth: u32) {
        let index = self.frames.len() - 1 - depth as usize;
        if index == 0 {
            return self.return_values();
        }
        self.frames[index].reach(&self.assigned);
        let label = self.frames[index].label(self.context);
        self.move_to(label.height, label.types.as_slice());
        self.emit(Instruction::Jump { target: label.block });
        self.is_reachable = false;
    }

    pub(super) fn br_if(&mut self, depth: u32) {
        let condition = self.pop_condition();
        let taken = self.target(depth);
        let next = self.builder.block();
        self.branch(condition, taken, next);
        self.builder.switch_to(next);
    }

    pub(super) fn br_table(&mut self, depths: impl Iterator<Item = u32>, default: u32) {
        let index = self.pop();
        self.flush();
        let mut known = HashMap::new();
        let mut target = |depth| *known.entry(depth).or_insert_with(|| self.target(depth));
        let targets = depths.map(&mut target).collect();
        let default = target(default);
        self.emit(Instruction::BranchTable { index, targets, default });
        self.is_reachable = false;
    }

    /// The block for a conditional branch: the label, or an edge that copies values on the way there. No instruction is
    /// deferred.
    pub(super) fn target(&mut self, depth: u32) -> Block {
        if self.builder.is_out_of_memory() {
            // The function is given up after this operator.
            return self.builder.current_block();
        }
        let index = self.frames.len() - 1 - depth as usize;
        let label = self.frames[index].label(self.context);
        let types = label.types.as_slice();
        self.take_room(types.len());
        let first = self.stack.len() - types.len();
        let mut code = Vec::new();
        if index == 0 {
            if let (true, Some(block)) = (types.is_empty(), self.return_block) {
                return block;
            }
            let values = (first..self.stack.len()).map(|position| self.operand_at(position)).collect();
            code.push(Instruction::ReturnValues { values });
        } else {
            self.builder.take(self.assigned.bytes());
            self.frames[index].reach(&self.assigned);
            let copies = (0..types.len()).filter_map(|value| self.copy_of(first + value, label.height + value));
            code.extend(copies);
            if code.is_empty() {
                return label.block;
            }
            code.push(Instruction::Jump { target: label.block });
        }
        self.builder.take(EDGE_BYTES + 64 * types.len() as u64);
        let block = self.builder.block();
        if index == 0 && types.is_empty() {
            self.return_block = Some(block);
        }
        self.edges.push(Edge { block, code, span: self.span });
        block
    }

    /// Lays out a block at the end of the function.
    pub(super) fn place_edge(&mut self, block: Block, code: Vec<Instruction>) {
        self.builder.take(EDGE_BYTES + 64 * code.len() as u64);
        self.edges.push(Edge { block, code, span: self.span });
    }

    /// Where values for a label are expected, and the block of the label, for one more branch to it; without one it returns.
    pub(super) fn label_of(&mut self, depth: u32, assigned: &LocalSet) -> (usize, Option<Block>) {
        let index = self.frames.len() - 1 - depth as usize;
        if index == 0 {
            return (self.stack.len(), None);
        }
        self.frames[index].reach(assigned);
        let label = self.frames[index].label(self.context);
        (label.height, Some(label.block))
    }

    fn place_edges(&mut self) {
        for edge in std::mem::take(&mut self.edges) {
            self.builder.switch_to(edge.block);
            for instruction in edge.code {
                self.emit_at(edge.span, instruction);
            }
        }
    }

    /// Returns the topmost values.
    pub(super) fn return_values(&mut self) {
        let results = self.frames[0].shape.results(self.context);
        self.return_top(results.as_slice().len());
    }

    fn return_top(&mut self, count: usize) {
        let values = self.pop_list(count);
        self.leave(Instruction::ReturnValues { values });
    }

    /// Emits a call: takes the arguments, pushes the results.
    pub(super) fn call(
        &mut self,
        arguments: Box<[Operand]>,
        results: &[Type],
        make: impl FnOnce(Box<[Reg]>, Box<[Operand]>) -> Instruction,
    ) {
        if let [result] = *results {
            return self.produce(result, |dst| make([dst].into(), arguments));
        }
        self.flush();
        let first = self.stack.len();
        let registers = (first..).zip(results).map(|(position, &ty)| self.temporary(position, ty)).collect();
        self.emit(make(registers, arguments));
        self.push_temporaries(results);
    }

    /// Pushes values that are in the registers of their positions.
    pub(super) fn push_temporaries(&mut self, types: &[Type]) {
        self.take_room(types.len());
        types.iter().for_each(|&ty| self.stack.push(Value::Temporary, ty));
    }

    /// Emits an instruction that ends the function. Tail calls leave all regions first, so they stand outside of them.
    pub(super) fn leave(&mut self, instruction: Instruction) {
        if self.exceptions.open() > 0 && instruction.info().effects.call {
            let target = self.builder.block();
            self.emit(Instruction::Jump { target });
            self.place_edge(target, vec![instruction]);
        } else {
            self.emit(instruction);
        }
        self.is_reachable = false;
    }
}
