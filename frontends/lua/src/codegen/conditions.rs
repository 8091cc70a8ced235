//! Conditions, and `and` and `or`: by jumps, with values only where somebody wants them.

use super::expressions::{Evaluated, Position, Want};
use super::function::{FunctionGenerator, Value};
use super::jumps::Comparison;
use super::registers::Pool;
use crate::syntax::hir::*;
use minivm_isa::entities::{Block as Target, Reg};
use minivm_isa::steps;

/// Where one outcome of a condition leads.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Exit {
    target: Target,
    /// Whether the value of the expression is wanted there.
    wants_value: bool,
}

/// Where both outcomes of a condition lead.
#[derive(Clone, Copy)]
struct Exits {
    if_true: Exit,
    if_false: Exit,
}

impl FunctionGenerator<'_, '_> {
    /// Continues at one of two blocks, by whether an expression is true.
    pub(super) fn condition(&mut self, expression: ExpressionId, if_true: Target, if_false: Target) {
        let exit = |target| Exit { target, wants_value: false };
        self.decide(expression, None, Exits { if_true: exit(if_true), if_false: exit(if_false) });
    }

    /// Evaluates `and` and `or`.
    pub(super) fn choice(&mut self, expression: ExpressionId, want: Want) -> Value {
        let want = if matches!(want, Want::Soon) { Want::Later } else { want };
        let (register, result) = self.destination(want);
        let end = self.f.block();
        let exit = Exit { target: end, wants_value: true };
        self.decide(expression, Some(register), Exits { if_true: exit, if_false: exit });
        self.enter(end);
        result
    }

    /// Whether evaluating an expression into a register writes it before all of `local` was read for it.
    pub(super) fn writes_early(&self, expression: ExpressionId, local: LocalId) -> bool {
        match self.chunk.expressions[expression].kind {
            ExpressionKind::Table(_) => self.mentions(expression, local),
            ExpressionKind::And { .. } | ExpressionKind::Or { .. } => {
                // `x = x or y` leaves `x` where it is, so its first operand does not count.
                let mut first = expression;
                while let ExpressionKind::And { left, right } | ExpressionKind::Or { left, right } =
                    self.chunk.expressions[first].kind
                {
                    if self.mentions(right, local) {
                        return true;
                    }
                    first = left;
                }
                let is_itself = |kind: &ExpressionKind| match kind {
                    ExpressionKind::Variable(variable) => *variable == Variable::Local(local),
                    _ => false,
                };
                !is_itself(&self.chunk.expressions[first].kind) && self.mentions(first, local)
            }
            ExpressionKind::First(inner) => self.writes_early(inner, local),
            _ => false,
        }
    }

    /// Whether an expression reads a local of this function, outside of nested functions.
    fn mentions(&self, expression: ExpressionId, local: LocalId) -> bool {
        let mut open = vec![expression];
        while let Some(expression) = open.pop() {
            steps::count(1);
            let kind = &self.chunk.expressions[expression].kind;
            let read = match kind {
                ExpressionKind::Variable(variable) | ExpressionKind::Global { environment: variable, .. } => {
                    *variable == Variable::Local(local)
                }
                _ => false,
            };
            if read {
                return true;
            }
            super::for_each_operand(kind, |operand| open.push(operand));
        }
        false
    }

    /// Evaluates `expression` and continues at one of the exits. Where an exit wants the value, it is in `register`.
    /// Left operands of `and` and `or` are followed in a loop, since they may nest without limit.
    fn decide(&mut self, mut expression: ExpressionId, register: Option<Reg>, mut exits: Exits) {
        let mut pending = Vec::new();
        // It is where the last operand is tested.
        let line = self.test_line.take();
        loop {
            match self.chunk.expressions[expression].kind {
                // Where it is known what the left operand is, nothing jumps: what is called keeps its name in error messages.
                ExpressionKind::And { left, right } if self.known_truth(left) == Some(true) => expression = right,
                ExpressionKind::Or { left, right } if self.known_truth(left) == Some(false) => expression = right,
                ExpressionKind::And { left, right } => {
                    let next = self.f.block();
                    pending.push((next, right, exits));
                    exits.if_true = Exit { target: next, wants_value: false };
                    expression = left;
                }
                ExpressionKind::Or { left, right } => {
                    let next = self.f.block();
                    pending.push((next, right, exits));
                    exits.if_false = Exit { target: next, wants_value: false };
                    expression = left;
                }
                ExpressionKind::Unary { operator: UnaryOperator::Not, operand } if !exits.want_value() => {
                    exits = Exits { if_true: exits.if_false, if_false: exits.if_true };
                    expression = operand;
                }
                _ => break,
            }
        }
        self.decide_simply(expression, register, exits, line.filter(|_| pending.is_empty()));
        while let Some((block, right, exits)) = pending.pop() {
            if self.referenced[block] {
                self.f.switch_to(block);
                self.test_line = line.filter(|_| pending.is_empty());
                self.decide(right, register, exits);
            }
        }
    }

    /// As [`decide`](Self::decide), for what is neither `and` nor `or`.
    fn decide_simply(&mut self, expression: ExpressionId, register: Option<Reg>, exits: Exits, line: Option<u32>) {
        let Expression { kind, span } = &self.chunk.expressions[expression];
        let (if_true, if_false) = (exits.if_true.target, exits.if_false.target);
        if let Some(constant) = self.known_value(kind) {
            let exit = if is_true(constant) { exits.if_true } else { exits.if_false };
            if let Some(register) = register.filter(|_| exit.wants_value) {
                self.into(expression, register);
            }
            self.at(*span, span.line);
            return self.jump(exit.target);
        }
        if let Some(register) = register.filter(|_| exits.want_value()) {
            if if_true == if_false {
                self.into(expression, register);
                return self.jump(if_true);
            }
            self.into(expression, register);
            self.at(*span, span.line);
            return self.branch_truthy(register.into(), if_true, if_false);
        }
        if let ExpressionKind::Binary { operator, left, right } = kind
            && let Some((comparison, swap, invert)) = fused(*operator)
        {
            let left = match self.read_late(*left, &[*right]) {
                Some(variable) => Evaluated::Late(variable),
                None => Evaluated::Value(self.value(*left, Want::before(self.splits(*right)))),
            };
            let right = self.value(*right, Want::Soon);
            let left = self.arrive(left, Position::Plain);
            self.release(right);
            self.release(left);
            let (left, right) = (left.operand, right.operand);
            self.at(*span, span.line);
            let operands = if swap { (right, left) } else { (left, right) };
            let targets = if invert { (if_false, if_true) } else { (if_true, if_false) };
            return self.branch_compare(comparison, operands, targets);
        }
        let value = self.value(expression, Want::Soon);
        self.release(value);
        self.at(*span, line.unwrap_or(span.line));
        self.branch_truthy(value.operand, if_true, if_false);
    }

    /// The value of an expression that is constant, or a variable that is.
    fn known_value(&self, kind: &ExpressionKind) -> Option<Constant> {
        match kind {
            ExpressionKind::Constant(constant) => Some(*constant),
            ExpressionKind::Variable(variable) => self.known(*variable),
            _ => None,
        }
    }

    /// Whether an expression is true, where its value is known.
    fn known_truth(&self, expression: ExpressionId) -> Option<bool> {
        self.known_value(&self.chunk.expressions[expression].kind).map(is_true)
    }

    /// A register for a value that lives across blocks.
    pub(super) fn lasting(&mut self) -> Reg {
        self.registers.take(&mut self.f, Pool::Lasting)
    }
}

impl Exits {
    fn want_value(&self) -> bool {
        self.if_true.wants_value || self.if_false.wants_value
    }
}

fn is_true(constant: Constant) -> bool {
    !matches!(constant, Constant::Nil | Constant::Boolean(false))
}

/// The fused comparison for an operator: whether its operands are swapped, and whether its outcome is inverted.
fn fused(operator: BinaryOperator) -> Option<(Comparison, bool, bool)> {
    match operator {
        BinaryOperator::Equal => Some((Comparison::Equal, false, false)),
        BinaryOperator::NotEqual => Some((Comparison::Equal, false, true)),
        BinaryOperator::Less => Some((Comparison::Less, false, false)),
        BinaryOperator::LessEqual => Some((Comparison::LessEqual, false, false)),
        BinaryOperator::Greater => Some((Comparison::Less, true, false)),
        BinaryOperator::GreaterEqual => Some((Comparison::LessEqual, true, false)),
        _ => None,
    }
}
