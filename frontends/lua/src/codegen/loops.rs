//! Loops. Their condition stands at the end, so that a turn takes one jump.

use super::Import;
use super::closings::Exit;
use super::function::{FunctionGenerator, Loop};
use super::registers::Pool;
use crate::syntax::hir::*;
use minivm_isa::entities::{Block as Target, Reg};

/// What the state of a loop is called.
const STATE: &str = "(for state)";

impl FunctionGenerator<'_, '_> {
    /// The body of a loop, in which `break` leads to `exit`.
    fn body(&mut self, exit: Target, generate: impl FnOnce(&mut Self)) {
        self.loops.push(Loop { exit, closings: self.closings.len() });
        generate(self);
        self.loops.pop();
    }

    pub(super) fn while_loop(&mut self, condition: ExpressionId, body: &Block) {
        let [test, start, exit] = [(); 3].map(|()| self.f.block());
        let always = matches!(
            self.chunk.expressions[condition].kind,
            ExpressionKind::Constant(constant) if !matches!(constant, Constant::Nil | Constant::Boolean(false))
        );
        if always {
            self.enter_loop(start);
            self.body(exit, |generator| generator.block_before(body, start));
        } else {
            self.jump(test);
            self.referenced[start] = true;
            self.f.switch_to(start);
            self.body(exit, |generator| generator.block_before(body, test));
            self.enter_loop(test);
            self.condition(condition, start, exit);
        }
        self.enter(exit);
    }

    pub(super) fn repeat_loop(&mut self, body: &Block, condition: ExpressionId) {
        let [start, exit] = [(); 2].map(|()| self.f.block());
        let closings = self.closings.len();
        self.enter_loop(start);
        self.body(exit, |generator| generator.statements(body, None));
        if self.f.is_terminated() {
            // The condition is never reached.
        } else if self.closes_above(closings) {
            let [leave, again] = [(); 2].map(|()| self.f.block());
            self.condition(condition, leave, again);
            for (block, target) in [(leave, exit), (again, start)] {
                if self.referenced[block] {
                    self.f.switch_to(block);
                    self.leave(Exit::Jump(target), closings);
                }
            }
        } else {
            self.condition(condition, exit, start);
        }
        self.end_scope(body, closings);
        self.enter(exit);
    }

    pub(super) fn numeric_for(&mut self, statement: &Statement) {
        let StatementKind::NumericFor { local, start, limit, step, do_line, body } = &statement.kind else {
            unreachable!("the caller looked at the kind")
        };
        let [index, last, increment, variable] = [(); 4].map(|()| self.lasting());
        self.into(*start, index);
        self.into(*limit, last);
        match step {
            Some(step) => self.into(*step, increment),
            None => {
                let one = self.f.integer(1);
                self.f.to(increment).copy(one);
            }
        }
        let states = [index, last, increment];
        self.open_states(&states);
        let [inside, exit] = [(); 2].map(|()| self.f.block());
        self.at(header(statement), *do_line);
        self.referenced[exit] = true;
        self.f.for_prepare(index, last, increment, variable, inside, exit);
        self.f.switch_to(inside);
        self.loops.push(Loop { exit, closings: self.closings.len() });
        self.bind_loop_variable(*local, variable);
        self.block(body);
        self.unbind_loop_variable(*local, variable);
        self.loops.pop();
        self.at(header(statement), statement.span.line);
        self.f.for_loop(index, last, increment, variable, inside, exit);
        self.close_states(&states);
        for register in [variable, increment, last, index] {
            self.registers.give_back(register);
        }
        self.f.switch_to(exit);
    }

    /// Makes the state of a loop known as variables, as the debug library shows it.
    fn open_states(&mut self, states: &[Reg]) {
        states.iter().for_each(|&state| self.f.open_local(STATE, state));
    }

    /// The loop is over.
    fn close_states(&mut self, states: &[Reg]) {
        states.iter().rev().for_each(|&state| self.f.close_local(state));
    }

    /// Makes what a loop puts into `register` in each turn its variable.
    fn bind_loop_variable(&mut self, local: LocalId, register: Reg) {
        if self.chunk.locals[local].needs_cell() {
            let cell = self.registers.take(&mut self.f, Pool::Cell);
            self.f.to(cell).cell_new(register);
            self.bind_place(local, cell);
        } else {
            self.bind_place(local, register);
        }
    }

    /// Ends the scope of a loop's variable; the register stays with the loop.
    fn unbind_loop_variable(&mut self, local: LocalId, register: Reg) {
        if let Some(place) = self.unit.places[local].take() {
            self.f.close_local(place);
            if place != register {
                self.registers.give_back(place);
            }
        }
    }

    pub(super) fn generic_for(&mut self, statement: &Statement) {
        let StatementKind::GenericFor { locals, values, call_line, body } = &statement.kind else {
            unreachable!("the caller looked at the kind")
        };
        let [iterator, state, control] = [(); 3].map(|()| self.lasting());
        let closing = self.may_close(values).then(|| self.lasting());
        let mut registers: Vec<Reg> = [iterator, state, control].into_iter().chain(closing).collect();
        self.adjust_into(values, &registers, *call_line);
        self.at(header(statement), *call_line);
        if let Some(closing) = closing {
            self.check_closing(closing);
        }
        let states: Vec<Reg> = registers.clone();
        self.open_states(&states);
        let outside = self.closings.len();
        self.open_closing(closing, true);
        let others: Vec<Reg> = locals[1..].iter().map(|_| self.lasting()).collect();
        registers.extend(&others);
        let [head, inside, exit, after] = [(); 4].map(|()| self.f.block());
        self.jump(head);
        self.referenced[inside] = true;
        self.f.switch_to(inside);
        self.loops.push(Loop { exit: after, closings: outside });
        let first = self.first_variable(locals[0], control, &mut registers);
        let places: Vec<(LocalId, Reg)> =
            locals.iter().copied().zip(std::iter::once(first).chain(others.iter().copied())).collect();
        for &(local, register) in &places {
            self.bind_loop_variable(local, register);
        }
        self.block_before(body, head);
        for &(local, register) in places.iter().rev() {
            self.unbind_loop_variable(local, register);
        }
        self.loops.pop();
        self.at(header(statement), *call_line);
        self.enter_loop(head);
        let results: Vec<Reg> = std::iter::once(control).chain(others).collect();
        self.referenced[exit] = true;
        self.f.for_each(&results, iterator, state, control, inside, exit);
        self.close_states(&states);
        self.f.switch_to(exit);
        self.at(header(statement), statement.last_line);
        self.close_down_to(outside);
        self.enter(after);
        registers.into_iter().rev().for_each(|register| self.registers.give_back(register));
    }

    /// The register for the first variable of a generic `for`: that of the control value, unless it is assigned.
    fn first_variable(&mut self, local: LocalId, control: Reg, registers: &mut Vec<Reg>) -> Reg {
        let record = &self.chunk.locals[local];
        if !record.reassigned || record.needs_cell() {
            return control;
        }
        let register = self.lasting();
        registers.push(register);
        self.f.to(register).copy(control);
        register
    }

    /// Whether a generic `for` over these values could have a fourth one, to be closed after the loop.
    fn may_close(&self, values: &[ExpressionId]) -> bool {
        match values.get(3) {
            Some(&value) => !matches!(self.chunk.expressions[value].kind, ExpressionKind::Constant(Constant::Nil)),
            None => values.last().is_some_and(|&last| self.is_multiple(last)),
        }
    }

    /// Fails unless the value can be closed; most often it is nil.
    fn check_closing(&mut self, closing: Reg) {
        let [check, start] = [(); 2].map(|()| self.f.block());
        self.branch_truthy(closing.into(), check, start);
        self.f.switch_to(check);
        let name = self.f.string(STATE.as_bytes());
        let function = self.import(Import::CheckClose);
        self.release(function);
        self.f.call_any(&[], function.operand, &[closing.into(), name]);
        self.enter(start);
    }
}

/// The place of a loop's first word, for what the loop itself does.
fn header(statement: &Statement) -> Span {
    Span { end: statement.span.start + 3, ..statement.span }
}
