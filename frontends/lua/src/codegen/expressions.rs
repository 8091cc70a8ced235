//! Expressions that give one value.

use super::calls::Results;
use super::function::{Access, FunctionGenerator, Value};
use super::registers::Pool;
use crate::syntax::hir::*;
use minivm_isa::entities::Reg;
use minivm_isa::{Operand, steps};

/// Where a value is wanted.
#[derive(Clone, Copy)]
pub(super) enum Want {
    /// Anywhere, to be read before the block ends.
    Soon,
    /// Anywhere, to be read in a later block.
    Later,
    /// In this register.
    Into(Reg),
}

impl Want {
    /// Anywhere, for an operand that is read after others were evaluated.
    pub(super) fn before(splits: bool) -> Self {
        if splits { Self::Later } else { Self::Soon }
    }
}

/// An operand that is evaluated, or a variable that is read when the rest is.
#[derive(Clone, Copy)]
pub(super) enum Evaluated {
    /// It is there.
    Value(Value),
    /// A local in a cell. In the reference implementation such a local is in a register, which an operation reads after its
    /// other operands were evaluated; calls among these may have assigned to it.
    Late(Variable),
}

/// What an operand is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// Its value counts, so that a known number may stand for a variable.
    Plain,
    /// It is an operand of a bitwise operator: as `Plain`, but errors name variables with numbers that are no integers.
    Bits,
    /// It is indexed or called: errors name the variable.
    Named,
}

impl FunctionGenerator<'_, '_> {
    /// Whether evaluating an expression needs more than one block.
    pub(super) fn splits(&self, expression: ExpressionId) -> bool {
        self.unit.splits[expression]
    }

    /// Whether evaluating any of the expressions needs more than one block.
    pub(super) fn any_splits(&self, expressions: &[ExpressionId]) -> bool {
        steps::count(expressions.len());
        expressions.iter().any(|&expression| self.splits(expression))
    }

    /// The register for a result that is wanted at `want`.
    pub(super) fn destination(&mut self, want: Want) -> (Reg, Value) {
        match want {
            Want::Into(register) => (register, Value::of(register)),
            Want::Soon | Want::Later => {
                let pool = if matches!(want, Want::Soon) { Pool::Temporary } else { Pool::Lasting };
                let register = self.registers.take(&mut self.f, pool);
                (register, Value { operand: register.into(), owned: Some(register) })
            }
        }
    }

    /// Copies an operand to where it is wanted, if it must be in a register.
    fn settle(&mut self, operand: Operand, want: Want) -> Value {
        match want {
            Want::Into(register) => {
                if operand.reg() != Some(register) {
                    self.f.to(register).copy(operand);
                }
                Value::of(register)
            }
            Want::Soon | Want::Later => Value::of(operand),
        }
    }

    /// Evaluates an expression.
    pub(super) fn value(&mut self, expression: ExpressionId, want: Want) -> Value {
        self.value_at(expression, want, Position::Plain)
    }

    /// Evaluates an expression that is indexed, called or measured.
    pub(super) fn object(&mut self, expression: ExpressionId, want: Want) -> Value {
        self.value_at(expression, want, Position::Named)
    }

    /// Evaluates an expression into a register. Unless it is a new one, the expression must not read it after a first
    /// write; see [`writes_early`](Self::writes_early).
    pub(super) fn into(&mut self, expression: ExpressionId, register: Reg) {
        self.value(expression, Want::Into(register));
    }

    /// Follows the spine down to its first operand, then applies operation after operation to it.
    fn value_at(&mut self, expression: ExpressionId, want: Want, position: Position) -> Value {
        let chunk = self.chunk;
        let mut spine = Vec::new();
        let mut first = expression;
        while let Some(left) = spine_operand(&chunk.expressions[first].kind) {
            steps::count(1);
            spine.push(first);
            first = left;
        }
        let wanted = |generator: &Self, above: Option<&ExpressionId>| match above {
            None => want,
            Some(&above) => Want::before(generator.rest_splits(above)),
        };
        let position = match spine.last().map(|&above| &chunk.expressions[above].kind) {
            None => position,
            Some(ExpressionKind::Binary { operator, .. }) => operand_position(*operator),
            Some(_) => Position::Named,
        };
        let rest = spine.last().and_then(|&above| later_operand(&chunk.expressions[above].kind));
        let Some(mut operation) = spine.pop() else { return self.leaf(first, want, position) };
        let mut operand = match rest.and_then(|rest| self.read_late(first, &[rest])) {
            Some(variable) => Evaluated::Late(variable),
            None => {
                self.operator_line = self.line_of_operator(Some(operation));
                Evaluated::Value(self.leaf(first, wanted(self, Some(&operation)), position))
            }
        };
        loop {
            let line = self.line_of_operator(spine.last().copied());
            let value = self.apply(operation, operand, wanted(self, spine.last()), line);
            let Some(next) = spine.pop() else { return value };
            (operation, operand) = (next, Evaluated::Value(value));
        }
    }

    /// The line of a binary operator: where its first operand is fetched from a table, as the reference implementation does that
    /// when it knows what is done with it.
    fn line_of_operator(&self, operation: Option<ExpressionId>) -> Option<u32> {
        let expression = &self.chunk.expressions[operation?];
        matches!(expression.kind, ExpressionKind::Binary { .. }).then_some(expression.span.line)
    }

    /// The variable that an operand is, if it is to be read only when `rest` is evaluated.
    pub(super) fn read_late(&mut self, operand: ExpressionId, rest: &[ExpressionId]) -> Option<Variable> {
        let ExpressionKind::Variable(variable) = self.chunk.expressions[operand].kind else { return None };
        let runs_code = |&expression: &ExpressionId| {
            let kind = &self.chunk.expressions[expression].kind;
            !matches!(kind, ExpressionKind::Constant(_) | ExpressionKind::Variable(_) | ExpressionKind::Function(_))
        };
        let is_late = rest.iter().any(runs_code) && matches!(self.access(variable), Access::Cell(_));
        is_late.then_some(variable)
    }

    /// The value of an operand, read now if it was not yet.
    pub(super) fn arrive(&mut self, operand: Evaluated, position: Position) -> Value {
        match operand {
            Evaluated::Value(value) => value,
            Evaluated::Late(variable) => self.variable(variable, Want::Soon, position),
        }
    }

    /// Whether evaluating the operands of an operation after the first needs more than one block.
    fn rest_splits(&self, operation: ExpressionId) -> bool {
        match &self.chunk.expressions[operation].kind {
            ExpressionKind::Index { key: right, .. } | ExpressionKind::Binary { right, .. } => self.splits(*right),
            ExpressionKind::Call { arguments, .. } => self.any_splits(arguments),
            // The receiver of a method call is read before its arguments are evaluated.
            _ => false,
        }
    }

    /// Applies an operation on the spine to its evaluated first operand.
    fn apply(&mut self, operation: ExpressionId, first: Evaluated, want: Want, line: Option<u32>) -> Value {
        let Expression { kind, span } = &self.chunk.expressions[operation];
        match kind {
            ExpressionKind::Index { key, .. } => {
                let key = self.value(*key, Want::Soon);
                let first = self.arrive(first, Position::Named);
                self.release(key);
                self.release(first);
                let (register, result) = self.destination(want);
                self.at(*span, line.unwrap_or(span.line));
                self.f.to(register).get(first.operand, key.operand);
                result
            }
            ExpressionKind::Binary { operator, right, .. } => {
                let right = self.value_at(*right, Want::Soon, operand_position(*operator));
                let first = self.arrive(first, operand_position(*operator));
                self.release(right);
                self.release(first);
                let (register, result) = self.destination(want);
                self.at(*span, span.line);
                self.binary(*operator, first.operand, right.operand, register);
                result
            }
            ExpressionKind::Call { arguments, .. } => {
                let first = self.arrive(first, Position::Named);
                let call = self.prepare_call(first, arguments);
                self.single_call(call, *span, want)
            }
            ExpressionKind::MethodCall { name, arguments, .. } => {
                let first = self.arrive(first, Position::Named);
                let call = self.prepare_method(first, *name, arguments, *span);
                self.single_call(call, *span, want)
            }
            _ => unreachable!("only these operations are on a spine"),
        }
    }

    fn single_call(&mut self, call: super::calls::Prepared, span: Span, want: Want) -> Value {
        self.release_call(&call);
        let (register, result) = self.destination(want);
        self.emit_call(&call, span, Results::Registers(&[register]));
        result
    }

    /// Evaluates an expression that is not on a spine.
    fn leaf(&mut self, expression: ExpressionId, want: Want, position: Position) -> Value {
        let Expression { kind, span } = &self.chunk.expressions[expression];
        let line = self.operator_line.take();
        match kind {
            ExpressionKind::Constant(constant) => {
                let operand = self.constant(*constant);
                self.at(*span, span.line);
                self.settle(operand, want)
            }
            ExpressionKind::Variable(variable) => {
                self.at(*span, span.line);
                self.variable(*variable, want, position)
            }
            ExpressionKind::Global { environment, name } => {
                self.at(*span, line.unwrap_or(span.line));
                let environment = self.environment(*environment);
                let name = self.string(*name);
                self.release(environment);
                let (register, result) = self.destination(want);
                self.f.to(register).get(environment.operand, name);
                result
            }
            ExpressionKind::First(inner) => self.value_at(*inner, want, position),
            ExpressionKind::And { .. } | ExpressionKind::Or { .. } => self.choice(expression, want),
            ExpressionKind::Vararg => {
                let (register, result) = self.destination(want);
                self.at(*span, span.line);
                self.f.varargs(&[register]);
                result
            }
            ExpressionKind::Function(function) => {
                let (register, result) = self.destination(want);
                self.at(*span, self.chunk.functions[*function].last_line);
                self.closure(*function, register);
                result
            }
            ExpressionKind::Unary { operator, operand } => self.unary(*operator, *operand, *span, want),
            ExpressionKind::Concat(operands) => {
                let values = self.values(operands);
                let (register, result) = self.destination(want);
                self.at(*span, span.line);
                self.f.to(register).concat(&values);
                result
            }
            ExpressionKind::Table(items) => {
                let is_later = matches!(want, Want::Soon) && self.splits(expression);
                let (register, result) = self.destination(if is_later { Want::Later } else { want });
                self.table(items, *span, register);
                result
            }
            ExpressionKind::Index { .. }
            | ExpressionKind::Call { .. }
            | ExpressionKind::MethodCall { .. }
            | ExpressionKind::Binary { .. } => unreachable!("these are on a spine"),
        }
    }

    fn unary(&mut self, operator: UnaryOperator, operand: ExpressionId, span: Span, want: Want) -> Value {
        let operand = match operator {
            UnaryOperator::Length | UnaryOperator::BitNot => self.object(operand, Want::Soon),
            UnaryOperator::Negate | UnaryOperator::Not => self.value(operand, Want::Soon),
        };
        self.release(operand);
        let (register, result) = self.destination(want);
        self.at(span, span.line);
        match operator {
            UnaryOperator::Negate => self.f.to(register).negate(operand.operand),
            UnaryOperator::Not => self.f.to(register).not(operand.operand),
            UnaryOperator::Length => self.f.to(register).length(operand.operand),
            UnaryOperator::BitNot => self.f.to(register).bit_not(operand.operand),
        };
        result
    }

    /// Evaluates expressions one after the other and gives up their registers, for an instruction that follows at once.
    pub(super) fn values(&mut self, expressions: &[ExpressionId]) -> Vec<Operand> {
        let values = self.held_values(expressions, false);
        values.iter().for_each(|&value| self.release(value));
        values.iter().map(|value| value.operand).collect()
    }

    /// Evaluates expressions one after the other. `splits` says whether more blocks come before they are read.
    pub(super) fn held_values(&mut self, expressions: &[ExpressionId], splits: bool) -> Vec<Value> {
        let mut values = Vec::with_capacity(expressions.len());
        let last_split = expressions.iter().rposition(|&expression| self.splits(expression));
        for (index, &expression) in expressions.iter().enumerate() {
            let later = splits || last_split.is_some_and(|last| last > index);
            values.push(self.value(expression, Want::before(later)));
        }
        values
    }

    /// The environment of a global.
    pub(super) fn environment(&mut self, environment: Variable) -> Value {
        self.variable(environment, Want::Soon, Position::Named)
    }

    pub(super) fn variable(&mut self, variable: Variable, want: Want, position: Position) -> Value {
        let may_stand = |constant: &Constant| match constant {
            Constant::Integer(_) => position != Position::Named,
            Constant::Float(_) => position == Position::Plain,
            Constant::Nil | Constant::Boolean(_) | Constant::String(_) => false,
        };
        if let Some(number) = self.known(variable).filter(may_stand) {
            let operand = self.constant(number);
            return self.settle(operand, want);
        }
        let access = self.access(variable);
        if let Access::Register(register) = access {
            return self.settle(register.into(), want);
        }
        let (register, result) = self.destination(want);
        match access {
            Access::Register(_) => {}
            Access::Cell(cell) => drop(self.f.to(register).cell_get(cell)),
            Access::Captured(number) => drop(self.f.to(register).capture_get(number)),
            Access::CapturedCell(number) => drop(self.f.to(register).capture_cell_get(number)),
            Access::Itself => drop(self.f.to(register).current_function()),
        }
        result
    }

    /// The value of a variable, where it is a constant for good.
    pub(super) fn known(&self, variable: Variable) -> Option<Constant> {
        self.chunk.locals[self.local_of(variable)].known
    }

    fn binary(&mut self, operator: BinaryOperator, left: Operand, right: Operand, register: Reg) {
        self.f.to(register);
        match operator {
            BinaryOperator::Add => self.f.add(left, right),
            BinaryOperator::Subtract => self.f.sub(left, right),
            BinaryOperator::Multiply => self.f.mul(left, right),
            BinaryOperator::Divide => self.f.div(left, right),
            BinaryOperator::FloorDivide => self.f.floor_div(left, right),
            BinaryOperator::Modulo => self.f.modulo(left, right),
            BinaryOperator::Power => self.f.pow(left, right),
            BinaryOperator::BitAnd => self.f.bit_and(left, right),
            BinaryOperator::BitOr => self.f.bit_or(left, right),
            BinaryOperator::BitXor => self.f.bit_xor(left, right),
            BinaryOperator::ShiftLeft => self.f.shift_left(left, right),
            BinaryOperator::ShiftRight => self.f.shift_right(left, right),
            BinaryOperator::Equal => self.f.equal(left, right),
            BinaryOperator::NotEqual => {
                self.f.equal(left, right);
                self.f.to(register).not(register)
            }
            BinaryOperator::Less => self.f.less(left, right),
            BinaryOperator::LessEqual => self.f.less_equal(left, right),
            BinaryOperator::Greater => self.f.less(right, left),
            BinaryOperator::GreaterEqual => self.f.less_equal(right, left),
        };
    }
}

/// What the operands of an operator are used for.
fn operand_position(operator: BinaryOperator) -> Position {
    match operator {
        BinaryOperator::BitAnd | BinaryOperator::BitOr | BinaryOperator::BitXor => Position::Bits,
        BinaryOperator::ShiftLeft | BinaryOperator::ShiftRight => Position::Bits,
        _ => Position::Plain,
    }
}

/// The first operand of an operation on the spine, in whatever number such operations follow one another.
fn spine_operand(kind: &ExpressionKind) -> Option<ExpressionId> {
    match kind {
        ExpressionKind::Index { table: first, .. }
        | ExpressionKind::Call { callee: first, .. }
        | ExpressionKind::MethodCall { receiver: first, .. }
        | ExpressionKind::Binary { left: first, .. } => Some(*first),
        _ => None,
    }
}

/// The second operand of an operation on the spine that takes its operands where they are.
fn later_operand(kind: &ExpressionKind) -> Option<ExpressionId> {
    match kind {
        ExpressionKind::Index { key: second, .. } | ExpressionKind::Binary { right: second, .. } => Some(*second),
        _ => None,
    }
}
