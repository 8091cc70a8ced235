//! Calls, with any number of arguments and results.

use super::expressions::Want;
use super::function::{FunctionGenerator, Value};
use super::registers::Pool;
use crate::syntax::hir::*;
use minivm_isa::Operand;
use minivm_isa::entities::Reg;

/// A call whose callee and arguments are evaluated.
pub(super) struct Prepared {
    callee: Value,
    arguments: Vec<Value>,
    /// Whether an open list follows the arguments. Then nothing may be emitted before the call.
    open: bool,
}

/// What happens to the results of a call.
#[derive(Clone, Copy)]
pub(super) enum Results<'a> {
    /// They go to registers.
    Registers(&'a [Reg]),
    /// All of them become the open list.
    Open,
    /// All of them are returned, by a call that gives up the frame.
    Return,
}

impl FunctionGenerator<'_, '_> {
    /// Evaluates the arguments of a call.
    pub(super) fn prepare_call(&mut self, callee: Value, arguments: &[ExpressionId]) -> Prepared {
        let (arguments, open) = self.arguments(arguments);
        Prepared { callee, arguments, open }
    }

    /// Looks up the method `name` of an object and evaluates the arguments of its call.
    pub(super) fn prepare_method(
        &mut self,
        object: Value,
        name: StringId,
        arguments: &[ExpressionId],
        span: Span,
    ) -> Prepared {
        let name = self.string(name);
        self.release(object);
        let pool = if self.any_splits(arguments) { Pool::Lasting } else { Pool::Temporary };
        // The receiver may take over the register of the object, which it equals; the method must not.
        let receiver = self.registers.take(&mut self.f, pool);
        let callee = self.registers.take(&mut self.f, pool);
        self.at(span, span.line);
        self.f.get_method(callee, receiver, object.operand, name);
        let [callee, receiver] =
            [callee, receiver].map(|register| Value { operand: register.into(), owned: Some(register) });
        let (mut arguments, open) = self.arguments(arguments);
        arguments.insert(0, receiver);
        Prepared { callee, arguments, open }
    }

    /// Evaluates arguments; if the last one can give many values, it is left as open list.
    fn arguments(&mut self, arguments: &[ExpressionId]) -> (Vec<Value>, bool) {
        match arguments.split_last() {
            Some((&last, before)) if self.is_multiple(last) => {
                let values = self.held_values(before, self.splits(last));
                self.open_list(last);
                (values, true)
            }
            _ => (self.held_values(arguments, false), false),
        }
    }

    /// Whether an expression can give any number of values.
    pub(super) fn is_multiple(&self, expression: ExpressionId) -> bool {
        self.chunk.expressions[expression].kind.is_multiple()
    }

    /// Evaluates an expression of many values; all of them become the open list.
    pub(super) fn open_list(&mut self, expression: ExpressionId) {
        self.multiple(expression, Results::Open);
    }

    /// Evaluates an expression of many values.
    pub(super) fn multiple(&mut self, expression: ExpressionId, results: Results<'_>) {
        let Expression { kind, span } = &self.chunk.expressions[expression];
        let call = match kind {
            ExpressionKind::Vararg => {
                self.at(*span, span.line);
                match results {
                    Results::Registers(registers) => self.f.varargs(registers),
                    Results::Open => self.f.varargs_to_open(),
                    Results::Return => {
                        self.f.varargs_to_open();
                        self.f.return_open(&[]);
                    }
                }
                return;
            }
            ExpressionKind::Call { callee, arguments } => {
                let callee = self.object(*callee, Want::before(self.any_splits(arguments)));
                self.prepare_call(callee, arguments)
            }
            ExpressionKind::MethodCall { receiver, name, arguments } => {
                let receiver = self.object(*receiver, Want::Soon);
                self.prepare_method(receiver, *name, arguments, *span)
            }
            _ => unreachable!("only calls and varargs give many values"),
        };
        self.release_call(&call);
        self.emit_call(&call, *span, results);
    }

    /// Gives back the registers of a call that is emitted next.
    pub(super) fn release_call(&mut self, call: &Prepared) {
        self.release(call.callee);
        call.arguments.iter().for_each(|&argument| self.release(argument));
    }

    /// Emits a call.
    pub(super) fn emit_call(&mut self, call: &Prepared, span: Span, results: Results<'_>) {
        let callee = call.callee.operand;
        let arguments: Vec<Operand> = call.arguments.iter().map(|argument| argument.operand).collect();
        self.at(span, span.line);
        match (results, call.open) {
            (Results::Registers(registers), false) => self.f.call_any(registers, callee, &arguments),
            (Results::Registers(registers), true) => self.f.call_any_open(registers, callee, &arguments),
            (Results::Open, false) => self.f.call_any_to_open(callee, &arguments),
            (Results::Open, true) => self.f.call_any_open_to_open(callee, &arguments),
            (Results::Return, false) => self.f.tail_call_any(callee, &arguments),
            (Results::Return, true) => self.f.tail_call_any_open(callee, &arguments),
        }
    }

    /// Evaluates a list of expressions into exactly these registers, which nothing in the list reads.
    pub(super) fn adjust_into(&mut self, expressions: &[ExpressionId], registers: &[Reg], line: u32) {
        for (index, &expression) in expressions.iter().enumerate() {
            let is_last = index + 1 == expressions.len();
            match registers.get(index) {
                Some(_) if is_last && self.is_multiple(expression) => {
                    self.multiple(expression, Results::Registers(&registers[index..]));
                    return;
                }
                Some(&register) => self.into(expression, register),
                None => self.effect(expression),
            }
        }
        for &register in registers.get(expressions.len()..).unwrap_or_default() {
            let nil = self.f.nil();
            if let Some(&last) = expressions.last() {
                self.at(self.chunk.expressions[last].span, line);
            }
            self.f.to(register).copy(nil);
        }
    }

    /// Evaluates an expression for what it does.
    pub(super) fn effect(&mut self, expression: ExpressionId) {
        match self.chunk.expressions[expression].kind {
            ExpressionKind::Call { .. } | ExpressionKind::MethodCall { .. } => {
                self.multiple(expression, Results::Registers(&[]));
            }
            _ => {
                let value = self.value(expression, Want::Soon);
                self.release(value);
            }
        }
    }
}
