//! Exceptions: `try_table` and `throw`, and the forms that were before them (`try`, `catch`, `delegate`, `rethrow`).
//!
//! The body of a `try_table` or `try` is a protected region. Its handler lies at the end of the function: it finds the clause for
//! the exception and goes to the clause's label with what the exception carries, or on to the handler of the region around it. A
//! tag is a global that holds a record of the layout of its exceptions; an exception is such a record whose first field is its tag.

use super::control::{Frame, FrameKind};
use super::function::FunctionTranslator;
use super::local_set::LocalSet;
use super::types::BlockShape;
use minivm_isa::entities::{Block, Global, Layout, Reg};
use minivm_isa::program::RegionKind;
use minivm_isa::types::Kind;
use minivm_isa::{Instruction, Operand, TrapCode, Type, steps};
use std::collections::{HashMap, HashSet};
use wasmparser::Catch;

/// Bytes that a clause takes besides what it copies.
const CLAUSE_BYTES: u64 = 640;

/// A tag of the module.
pub(super) struct Tag {
    /// The global that holds it.
    pub(super) global: Global,
    /// What its exceptions look like.
    pub(super) layout: Layout,
    /// Index of the type whose parameters they carry.
    pub(super) ty: u32,
}

/// What a function that throws or catches needs.
#[derive(Default)]
pub(super) struct Exceptions {
    /// Handlers of the regions that are open, from the outermost.
    handlers: Vec<Block>,
    /// The register in which handlers find the exception.
    error: Option<Reg>,
    flag: Option<Reg>,
    /// See [`FunctionTranslator::exception_registers`].
    references: HashMap<Layout, [Reg; 3]>,
    /// Throws the exception on, outside of all regions.
    rethrow: Option<Block>,
    /// Handlers to which a `delegate` has sent exceptions.
    delegated: HashSet<Block>,
}

/// A region that is open.
pub(super) struct Guard {
    start: Block,
    handler: Block,
    /// Locals that are assigned where it begins.
    assigned: LocalSet,
}

/// What follows the body of a `try`.
pub(super) struct LegacyCatch {
    guard: Guard,
    /// Keeps the exception while a clause runs, for `rethrow`.
    caught: Reg,
    clauses: Vec<Clause>,
}

/// Where exceptions go to.
struct Clause {
    /// Only those with this tag.
    tag: Option<u32>,
    /// Registers for what they carry.
    values: Vec<Reg>,
    /// A register for the exception itself.
    exception: Option<Reg>,
    /// How the handler ends.
    end: Instruction,
}

impl Exceptions {
    /// How many regions are open.
    pub(super) fn open(&self) -> usize {
        self.handlers.len()
    }
}

impl FunctionTranslator<'_> {
    fn error_register(&mut self) -> Reg {
        *self.exceptions.error.get_or_insert_with(|| self.builder.register(Type::Any))
    }

    fn flag_register(&mut self) -> Reg {
        *self.exceptions.flag.get_or_insert_with(|| self.builder.register(Type::I32))
    }

    /// Registers for an exception, its tag, and a tag to compare that with.
    fn exception_registers(&mut self, layout: Layout) -> [Reg; 3] {
        let builder = &mut self.builder;
        *self
            .exceptions
            .references
            .entry(layout)
            .or_insert_with(|| [(); 3].map(|()| builder.register(Type::Ref(layout))))
    }

    fn begin_guard(&mut self) -> Guard {
        self.evaluate_reads();
        let (start, handler) = (self.builder.block(), self.builder.block());
        self.emit(Instruction::Jump { target: start });
        self.builder.switch_to(start);
        self.exceptions.handlers.push(handler);
        self.builder.take(self.assigned.bytes());
        Guard { start, handler, assigned: self.assigned.clone() }
    }

    /// Ends a region: what follows is outside of it. `handler` gets its exceptions.
    fn end_guard(&mut self, guard: &Guard, handler: Block) {
        self.exceptions.handlers.pop();
        let (after, error) = (self.builder.block(), self.error_register());
        self.builder.switch_to(after);
        // Nobody comes here: it only tells where the region ends.
        self.emit(Instruction::Trap { code: TrapCode::Unreachable as u64 });
        self.builder.protect(RegionKind::Exception, guard.start, after, handler, error, None);
    }

    pub(super) fn begin_try_table(&mut self, shape: BlockShape, catches: Vec<Catch>) {
        let guard = self.begin_guard();
        let label = self.builder.block();
        self.push_frame(FrameKind::TryTable(guard, catches), shape, label);
    }

    /// Ends a `try_table`; its frame was taken, and can be told where it is reached.
    pub(super) fn end_try_table(&mut self, frame: &mut Frame, guard: Guard, catches: &[Catch]) {
        self.fall_to_end(frame);
        self.end_guard(&guard, guard.handler);
        let clauses: Vec<Clause> = catches.iter().map(|&catch| self.clause(catch, &guard.assigned)).collect();
        self.place_handler(guard.handler, None, clauses);
    }

    /// The way from a handler to a label.
    fn clause(&mut self, catch: Catch, assigned: &LocalSet) -> Clause {
        let (tag, label, takes_exception) = match catch {
            Catch::One { tag, label } => (Some(tag), label, false),
            Catch::OneRef { tag, label } => (Some(tag), label, true),
            Catch::All { label } => (None, label, false),
            Catch::AllRef { label } => (None, label, true),
        };
        let (height, target) = self.label_of(label, assigned);
        let params = tag.map_or(&[][..], |tag| self.context.tag_params(tag));
        self.take_room(params.len() + 1);
        self.builder.take(CLAUSE_BYTES + 64 * params.len() as u64);
        let values: Vec<Reg> = (height..).zip(params).map(|(position, &ty)| self.temporary(position, ty)).collect();
        let exception = takes_exception.then(|| self.temporary(height + params.len(), Type::Any));
        let end = match target {
            Some(target) => Instruction::Jump { target },
            None => {
                let values = values.iter().chain(&exception).map(|&value| value.into()).collect();
                Instruction::ReturnValues { values }
            }
        };
        Clause { tag, values, exception, end }
    }

    /// Lays out a handler, at the end of the function.
    fn place_handler(&mut self, handler: Block, caught: Option<Reg>, clauses: Vec<Clause>) {
        let error = self.error_register();
        let copy = |dst| Instruction::Copy { dst, src: error.into() };
        let (mut block, mut code) = (handler, Vec::new());
        code.extend(caught.map(copy));
        for Clause { tag, values, exception, end } in clauses {
            steps::count(1 + values.len());
            if let Some(tag) = tag {
                let next = self.builder.block();
                let found = self.test_tag(tag, (block, code), next);
                let layout = self.context.tags[tag as usize].layout;
                let [object, ..] = self.exception_registers(layout);
                let object = Operand::from(object);
                code = (1..)
                    .zip(values)
                    .map(|(field, dst)| Instruction::RecordGet { dst, layout, object, field })
                    .chain(exception.map(copy))
                    .chain([end])
                    .collect();
                self.place_edge(found, std::mem::take(&mut code));
                block = next;
            } else {
                // It takes all: what stands after it is never reached.
                code.extend(exception.map(copy));
                code.push(end);
                return self.place_edge(block, code);
            }
        }
        code.push(match self.exceptions.handlers.last() {
            Some(&target) => Instruction::Jump { target },
            None => Instruction::Throw { value: error.into() },
        });
        self.place_edge(block, code);
    }

    /// Lays out the handler of a `try` that handles nothing, if something inside was delegated to it: it goes on in that of the
    /// innermost of so many regions.
    fn place_passage(&mut self, guard: &Guard, regions: usize) {
        if self.exceptions.delegated.remove(&guard.handler) {
            let target = self.delegate_to(regions);
            self.place_edge(guard.handler, vec![Instruction::Jump { target }]);
        }
    }

    /// The handler of the innermost of so many regions, to which something is delegated.
    fn delegate_to(&mut self, regions: usize) -> Block {
        let Some(last) = regions.checked_sub(1) else { return self.rethrow_block() };
        let handler = self.exceptions.handlers[last];
        self.exceptions.delegated.insert(handler);
        handler
    }

    /// Goes on in the block that it gives when the error is an exception with that tag, else in `next`.
    fn test_tag(&mut self, tag: u32, (block, mut code): (Block, Vec<Instruction>), next: Block) -> Block {
        let (error, flag) = (self.error_register(), self.flag_register());
        let &Tag { global, layout, .. } = &self.context.tags[tag as usize];
        let [object, own, expected] = self.exception_registers(layout);
        let (alike, found) = (self.builder.block(), self.builder.block());
        code.push(Instruction::BranchRef { dst: object, layout, src: error.into(), if_true: alike, if_false: next });
        self.place_edge(block, code);
        let test = vec![
            Instruction::RecordGet { dst: own, layout, object: object.into(), field: 0 },
            Instruction::GlobalGet { dst: expected, global },
            Instruction::RefSame { dst: flag, layout, lhs: own.into(), rhs: expected.into() },
            Instruction::BranchIf { cond: flag.into(), if_true: found, if_false: next },
        ];
        self.place_edge(alike, test);
        found
    }

    pub(super) fn begin_try(&mut self, shape: BlockShape) {
        let guard = self.begin_guard();
        let label = self.builder.block();
        self.push_frame(FrameKind::Try(guard), shape, label);
    }

    /// A clause of a `try` begins, for a tag or for all.
    pub(super) fn begin_catch(&mut self, tag: Option<u32>) {
        let mut frame = self.frames.pop().expect("validated code has an open `try` here");
        self.fall_to_end(&mut frame);
        let mut catch = match std::mem::replace(&mut frame.kind, FrameKind::Block) {
            FrameKind::Try(guard) => {
                self.end_guard(&guard, guard.handler);
                LegacyCatch { guard, caught: self.builder.register(Type::Any), clauses: Vec::new() }
            }
            FrameKind::LegacyCatch(catch) => catch,
            _ => unreachable!("validated code has a `try` before its `catch`"),
        };
        let target = self.builder.block();
        let params = tag.map_or(&[][..], |tag| self.context.tag_params(tag));
        self.builder.take(CLAUSE_BYTES + 64 * params.len() as u64 + catch.guard.assigned.bytes());
        let values = (frame.height..).zip(params).map(|(position, &ty)| self.temporary(position, ty)).collect();
        catch.clauses.push(Clause { tag, values, exception: None, end: Instruction::Jump { target } });
        self.stack.truncate(frame.height);
        self.builder.switch_to(target);
        self.assigned = catch.guard.assigned.clone();
        self.is_reachable = true;
        self.push_temporaries(params);
        frame.kind = FrameKind::LegacyCatch(catch);
        self.frames.push(frame);
    }

    /// Ends the clauses of a `try`; its frame was taken.
    pub(super) fn end_catch(&mut self, frame: &mut Frame, catch: LegacyCatch) {
        self.fall_to_end(frame);
        self.place_handler(catch.guard.handler, Some(catch.caught), catch.clauses);
    }

    /// Ends a `try` without clauses: exceptions go where they would without it.
    pub(super) fn end_try(&mut self, frame: &mut Frame, guard: &Guard) {
        self.fall_to_end(frame);
        self.exceptions.handlers.pop();
        self.place_passage(guard, self.exceptions.open());
    }

    /// Ends a `try` whose exceptions go on as if they came from the block at that depth.
    pub(super) fn delegate(&mut self, depth: u32) {
        let mut frame = self.frames.pop().expect("validated code has an open `try` here");
        let FrameKind::Try(guard) = std::mem::replace(&mut frame.kind, FrameKind::Block) else {
            unreachable!("validated code has a `try` before its `delegate`")
        };
        self.fall_to_end(&mut frame);
        let target = &self.frames[self.frames.len() - 1 - depth as usize];
        let is_guard = matches!(target.kind, FrameKind::Try(_) | FrameKind::TryTable(..));
        let regions = target.handlers + usize::from(is_guard);
        let handler = self.delegate_to(regions);
        self.end_guard(&guard, handler);
        self.place_passage(&guard, regions);
        self.finish_frame(frame);
    }

    /// A block that throws an exception on, outside of all regions.
    fn rethrow_block(&mut self) -> Block {
        if let Some(block) = self.exceptions.rethrow {
            return block;
        }
        let (block, error) = (self.builder.block(), self.error_register());
        self.exceptions.rethrow = Some(block);
        self.place_edge(block, vec![Instruction::Throw { value: error.into() }]);
        block
    }

    pub(super) fn rethrow(&mut self, depth: u32) {
        let FrameKind::LegacyCatch(catch) = &self.frames[self.frames.len() - 1 - depth as usize].kind else {
            unreachable!("validated code has a `catch` at that depth")
        };
        let value = catch.caught.into();
        self.leave(Instruction::Throw { value });
    }

    pub(super) fn throw(&mut self, tag: u32) {
        let &Tag { global, layout, .. } = &self.context.tags[tag as usize];
        let count = self.context.tag_params(tag).len();
        let [object, own, _] = self.exception_registers(layout);
        let arguments = self.pop_list(count);
        let fields = std::iter::once(own.into()).chain(arguments).collect();
        let dst = self.error_register();
        self.emit(Instruction::GlobalGet { dst: own, global });
        self.emit(Instruction::RecordNew { dst: object, layout, fields });
        self.emit(Instruction::AnyFromRef { dst, layout, src: object.into() });
        self.leave(Instruction::Throw { value: dst.into() });
    }

    pub(super) fn throw_ref(&mut self) {
        let value = self.pop();
        let (null, exception) = (self.builder.block(), self.builder.block());
        let kind = Kind::Nil as u64;
        self.emit(Instruction::BranchKind { src: value, kind, if_true: null, if_false: exception });
        self.builder.switch_to(null);
        self.emit(Instruction::Trap { code: TrapCode::NullReference as u64 });
        self.builder.switch_to(exception);
        self.leave(Instruction::Throw { value });
    }
}
