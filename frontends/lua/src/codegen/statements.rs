//! Statements and the scopes they make.

use super::Import;
use super::calls::Results;
use super::closings::Exit;
use super::expressions::Want;
use super::function::FunctionGenerator;
use super::registers::Pool;
use crate::syntax::hir::*;
use minivm_isa::entities::{Block as Target, Reg};
use minivm_isa::steps;

impl FunctionGenerator<'_, '_> {
    /// A block with a scope of its own.
    pub(super) fn block(&mut self, block: &Block) {
        let closings = self.closings.len();
        self.statements(block, None);
        self.end_scope(block, closings);
    }

    /// A block with a scope of its own, after which all continues at `next`.
    pub(super) fn block_before(&mut self, block: &Block, next: Target) {
        let closings = self.closings.len();
        self.statements(block, Some(next));
        self.end_scope(block, closings);
        self.jump(next);
    }

    /// The statements of a block, without the end of its scope. If nothing has to be done there, `next` may say where
    /// to continue, which saves the last statement a jump to a jump.
    pub(super) fn statements(&mut self, block: &Block, next: Option<Target>) {
        let closings = self.closings.len();
        // Whether a declaration was left out. Then no jump can lead to where its variable is used, and code after later
        // labels is left out too, but for a label at the very end.
        let mut has_gap = false;
        for (index, statement) in block.statements.iter().enumerate() {
            if !self.f.is_terminated() || self.revives(statement, has_gap) {
                let is_last = index + 1 == block.statements.len() && self.closings.len() == closings;
                match &statement.kind {
                    StatementKind::If { arms, otherwise } => {
                        self.branches(arms, otherwise.as_ref(), next.filter(|_| is_last));
                    }
                    _ => self.statement(statement),
                }
            } else {
                has_gap |= matches!(statement.kind, StatementKind::Local { .. } | StatementKind::LocalFunction { .. });
            }
        }
    }

    /// Whether a statement after a jump can be reached: it is a label that is jumped to, or may be from below.
    fn revives(&mut self, statement: &Statement, has_gap: bool) -> bool {
        let StatementKind::Label(label) = statement.kind else { return false };
        let target = self.label(label);
        self.referenced[target] || (self.chunk.labels[label].is_loop && !has_gap)
    }

    /// Ends the scope of a block: closes its variables down to `closings` and gives up its registers.
    pub(super) fn end_scope(&mut self, block: &Block, closings: usize) {
        self.close_down_to(closings);
        steps::count(block.statements.len());
        for statement in block.statements.iter().rev() {
            match &statement.kind {
                StatementKind::Local { locals, .. } => locals.iter().rev().for_each(|&local| self.unbind(local)),
                StatementKind::LocalFunction { local, .. } => self.unbind(*local),
                _ => {}
            }
        }
    }

    fn statement(&mut self, statement: &Statement) {
        self.at(statement.span, statement.span.line);
        match &statement.kind {
            StatementKind::Local { locals, values } => self.local(locals, values, statement),
            StatementKind::LocalFunction { local, function } => self.local_function(*local, *function, statement),
            StatementKind::Assign { targets, values } => self.assign(targets, values, statement),
            StatementKind::Call(call) => self.effect(*call),
            StatementKind::Do(body) => self.block(body),
            StatementKind::While { condition, body } => self.while_loop(*condition, body),
            StatementKind::Repeat { body, condition } => self.repeat_loop(body, *condition),
            StatementKind::If { arms, otherwise } => self.branches(arms, otherwise.as_ref(), None),
            StatementKind::NumericFor { .. } => self.numeric_for(statement),
            StatementKind::GenericFor { .. } => self.generic_for(statement),
            StatementKind::Goto(label) => {
                let target = self.label(*label);
                self.leave(Exit::Jump(target), self.label_depth(*label));
            }
            StatementKind::Label(label) => {
                let target = self.label(*label);
                if self.chunk.labels[*label].is_loop { self.enter_loop(target) } else { self.enter(target) }
            }
            StatementKind::Break => {
                if let Some(around) = self.loops.last() {
                    let (exit, depth) = (around.exit, around.closings);
                    self.leave(Exit::Jump(exit), depth);
                }
            }
            StatementKind::Return { values, tail_call } => self.return_statement(values, *tail_call, statement.span),
        }
    }

    /// The block of a label.
    fn label(&mut self, label: LabelId) -> Target {
        let f = &mut self.f;
        *self.labels.entry(label).or_insert_with(|| f.block())
    }

    /// How many variables to be closed are in scope at a label.
    fn label_depth(&self, label: LabelId) -> usize {
        self.chunk.labels[label].open_closes as usize
    }

    /// `local a, b = x, y`
    fn local(&mut self, locals: &[LocalId], values: &[ExpressionId], statement: &Statement) {
        // A single value for a cell needs no register before.
        if let ([local], [value]) = (locals, values)
            && self.chunk.locals[*local].needs_cell()
        {
            let value = self.value(*value, Want::Soon);
            self.release(value);
            let cell = self.registers.take(&mut self.f, Pool::Cell);
            self.at(statement.span, statement.last_line);
            self.f.to(cell).cell_new(value.operand);
            return self.bind_place(*local, cell);
        }
        let registers: Vec<Reg> = locals.iter().map(|_| self.lasting()).collect();
        self.adjust_into(values, &registers, statement.last_line);
        self.at(statement.span, statement.last_line);
        for (&local, &register) in locals.iter().zip(&registers) {
            self.bind(local, register);
        }
        if let Some(&local) = locals.iter().find(|&&local| self.chunk.locals[local].attribute == Attribute::Close) {
            self.begin_close(local);
        }
    }

    /// Makes a declared local one that is closed when its scope ends.
    fn begin_close(&mut self, local: LocalId) {
        let place = self.unit.places[local].expect("it was declared just before");
        let name = self.string(self.chunk.locals[local].name);
        let check = self.import(Import::CheckClose);
        self.release(check);
        self.f.call_any(&[], check.operand, &[place.into(), name]);
        self.open_closing(Some(place), false);
    }

    /// `local function f`
    fn local_function(&mut self, local: LocalId, function: ExpressionId, statement: &Statement) {
        if self.chunk.locals[local].needs_cell() {
            let cell = self.registers.take(&mut self.f, Pool::Cell);
            let nil = self.f.nil();
            self.f.to(cell).cell_new(nil);
            self.bind_place(local, cell);
            let value = self.value(function, Want::Soon);
            self.release(value);
            self.at(statement.span, statement.last_line);
            self.f.cell_set(cell, value.operand);
        } else {
            let register = self.lasting();
            self.into(function, register);
            self.bind_place(local, register);
        }
    }

    /// `if … elseif … else … end`; all continues at `next` if that is given, else in a new block.
    fn branches(&mut self, arms: &[(ExpressionId, Block, u32)], otherwise: Option<&Block>, next: Option<Target>) {
        let end = next.unwrap_or_else(|| self.f.block());
        self.arms(arms, otherwise, end);
        if next.is_none() {
            self.enter(end);
        } else {
            self.jump(end);
        }
    }

    fn arms(&mut self, arms: &[(ExpressionId, Block, u32)], otherwise: Option<&Block>, end: Target) {
        for (index, (condition, body, then_line)) in arms.iter().enumerate() {
            self.test_line = Some(*then_line);
            let is_last = index + 1 == arms.len() && otherwise.is_none();
            let next = if is_last { end } else { self.f.block() };
            // `if c then break end` jumps at once.
            if let Some(target) = self.only_jump(body) {
                self.condition(*condition, target, next);
            } else {
                let then = self.f.block();
                self.condition(*condition, then, next);
                if self.referenced[then] {
                    self.f.switch_to(then);
                    self.block_before(body, end);
                }
            }
            if is_last || !self.referenced[next] {
                return;
            }
            self.f.switch_to(next);
        }
        if let Some(body) = otherwise {
            self.block_before(body, end);
        }
    }

    /// Where a block leads that does nothing but jump, with nothing to be closed on the way.
    fn only_jump(&mut self, body: &Block) -> Option<Target> {
        let [statement] = body.statements.as_slice() else { return None };
        let (target, depth) = match statement.kind {
            StatementKind::Break => {
                let around = self.loops.last()?;
                (around.exit, around.closings)
            }
            StatementKind::Goto(label) => (self.label(label), self.label_depth(label)),
            _ => return None,
        };
        (!self.closes_above(depth)).then_some(target)
    }

    fn return_statement(&mut self, values: &[ExpressionId], tail_call: bool, span: Span) {
        if self.closes_above(0) {
            return self.return_closing(values, span);
        }
        match values.split_last() {
            Some((&last, [])) if tail_call => self.multiple(last, Results::Return),
            Some((&last, before)) if self.is_multiple(last) => self.return_open(before, last, span),
            _ => {
                let values = self.values(values);
                self.at(span, span.line);
                self.f.return_values(&values);
            }
        }
    }

    /// Returns values and all of a last expression that gives many.
    pub(super) fn return_open(&mut self, before: &[ExpressionId], last: ExpressionId, span: Span) {
        let values = self.held_values(before, self.splits(last));
        self.open_list(last);
        self.at(span, span.line);
        let operands: Vec<_> = values.iter().map(|value| value.operand).collect();
        values.into_iter().for_each(|value| self.release(value));
        self.f.return_open(&operands);
    }
}
