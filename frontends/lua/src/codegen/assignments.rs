//! Assignments, single and multiple.

use super::calls::Results;
use super::expressions::{Evaluated, Position, Want};
use super::function::{Access, FunctionGenerator, Value};
use crate::syntax::hir::*;
use minivm_isa::entities::Reg;
use minivm_isa::{Operand, steps};

/// Bytes of the longest string that the reference implementation takes as the name of a field in one operation.
const SHORT_BYTES_MAX: usize = 40;

/// A target whose subexpressions are evaluated, or are variables that are read when the value is stored.
enum Target {
    Variable(Access),
    Field { object: Evaluated, key: Evaluated },
}

impl FunctionGenerator<'_, '_> {
    /// `a, b.c = x, y`
    pub(super) fn assign(&mut self, targets: &[Place], values: &[ExpressionId], statement: &Statement) {
        if let ([target], [value]) = (targets, values) {
            return self.assign_one(target, *value, statement);
        }
        let splits = self.any_splits(values) || targets.iter().any(|target| self.target_splits(target));
        let assigned: Vec<Reg> = targets.iter().filter_map(|target| self.target_register(target)).collect();
        let mut places = Vec::with_capacity(targets.len());
        for (index, target) in targets.iter().enumerate() {
            places.push(self.target(target, splits, &assigned, (&targets[index + 1..], values)));
        }
        let sources = self.sources(targets, values, splits);
        for (place, source) in places.into_iter().zip(sources).rev() {
            self.store(place, source, statement);
        }
    }

    fn assign_one(&mut self, target: &Place, value: ExpressionId, statement: &Statement) {
        if let PlaceKind::Variable(variable) = target.kind
            && let Access::Register(register) = self.access(variable)
        {
            if !self.writes_early(value, self.local_of(variable)) {
                return self.into(value, register);
            }
            let result = self.value(value, Want::Soon);
            self.release(result);
            self.at(statement.span, statement.last_line);
            self.f.to(register).copy(result.operand);
            return;
        }
        let splits = self.splits(value);
        let place = self.target(target, splits, &[], (&[], &[value]));
        let value = self.value(value, Want::Soon);
        self.store(place, value, statement);
    }

    /// The register that a target writes, if it is a local in one.
    fn target_register(&mut self, target: &Place) -> Option<Reg> {
        let PlaceKind::Variable(variable) = target.kind else { return None };
        match self.access(variable) {
            Access::Register(register) => Some(register),
            Access::Cell(_) | Access::Captured(_) | Access::CapturedCell(_) | Access::Itself => None,
        }
    }

    /// The local that a target with a register is.
    fn local_in(&self, target: Place) -> LocalId {
        match target.kind {
            PlaceKind::Variable(variable) => self.local_of(variable),
            PlaceKind::Global { .. } | PlaceKind::Index { .. } => unreachable!("only locals have a register"),
        }
    }

    fn target_splits(&self, target: &Place) -> bool {
        match target.kind {
            PlaceKind::Index { table, key } => self.splits(table) || self.splits(key),
            PlaceKind::Variable(_) | PlaceKind::Global { .. } => false,
        }
    }

    /// Evaluates what a target needs, before the `rest` of the statement: targets and values. Locals that the same statement
    /// assigns are copied; others are read when all is there, if they could be assigned by then.
    fn target(&mut self, target: &Place, splits: bool, assigned: &[Reg], rest: (&[Place], &[ExpressionId])) -> Target {
        let want = Want::before(splits);
        match target.kind {
            PlaceKind::Variable(variable) => Target::Variable(self.access(variable)),
            PlaceKind::Global { environment, name } => {
                let key = Evaluated::Value(Value::of(self.string(name)));
                let access = self.access(environment);
                let is_late = matches!(access, Access::Cell(_) | Access::Captured(_) | Access::CapturedCell(_));
                if is_late && !is_assigned_in(rest.0, environment) {
                    return Target::Field { object: Evaluated::Late(environment), key };
                }
                let environment = self.environment(environment);
                let object = self.keep(environment, splits, assigned);
                Target::Field { object: Evaluated::Value(object), key }
            }
            PlaceKind::Index { table, key } => {
                let object = match self.target_table(table, key, rest) {
                    Some(variable) => Evaluated::Late(variable),
                    None => {
                        let object = self.object(table, want);
                        Evaluated::Value(self.keep(object, false, assigned))
                    }
                };
                let key = match self.target_operand(key, rest) {
                    Some(variable) => Evaluated::Late(variable),
                    None => {
                        let key = self.value(key, want);
                        Evaluated::Value(self.keep(key, false, assigned))
                    }
                };
                Target::Field { object, key }
            }
        }
    }

    /// The variable that a part of a target is, if it is to be read when the rest of the statement is evaluated.
    fn target_operand(&mut self, part: ExpressionId, rest: (&[Place], &[ExpressionId])) -> Option<Variable> {
        let ExpressionKind::Variable(variable) = self.chunk.expressions[part].kind else { return None };
        let is_late = matches!(self.access(variable), Access::Cell(_)) && !is_assigned_in(rest.0, variable);
        is_late.then_some(variable)
    }

    /// As [`target_operand`](Self::target_operand), for the table of a target. A field with a constant name of an upvalue is
    /// one operation in the reference implementation, which also reads the upvalue at the end.
    fn target_table(
        &mut self,
        table: ExpressionId,
        key: ExpressionId,
        rest: (&[Place], &[ExpressionId]),
    ) -> Option<Variable> {
        if let Some(variable) = self.target_operand(table, rest) {
            return Some(variable);
        }
        let ExpressionKind::Variable(variable) = self.chunk.expressions[table].kind else { return None };
        let ExpressionKind::Constant(Constant::String(name)) = self.chunk.expressions[key].kind else { return None };
        let is_late = matches!(self.access(variable), Access::CapturedCell(_))
            && self.chunk.strings[name].len() <= SHORT_BYTES_MAX
            && !is_assigned_in(rest.0, variable);
        is_late.then_some(variable)
    }

    /// Copies a value that would not survive: one in a register that is assigned, or (`must_last`) in a temporary one.
    fn keep(&mut self, value: Value, must_last: bool, assigned: &[Reg]) -> Value {
        let is_assigned = value.operand.reg().is_some_and(|register| assigned.contains(&register));
        if !(is_assigned || must_last && value.owned.is_some()) {
            return value;
        }
        self.release(value);
        let register = self.lasting();
        self.f.to(register).copy(value.operand);
        Value { operand: register.into(), owned: Some(register) }
    }

    /// Evaluates the values of an assignment to as many as there are targets. Stores happen from the last to the first,
    /// so that a value which is a local assigned by a later target must be copied.
    fn sources(&mut self, targets: &[Place], values: &[ExpressionId], splits: bool) -> Vec<Value> {
        let mut sources = Vec::with_capacity(targets.len());
        let written: Vec<Option<Reg>> = targets.iter().map(|target| self.target_register(target)).collect();
        for (index, &expression) in values.iter().enumerate() {
            let is_last = index + 1 == values.len();
            if index >= targets.len() {
                self.effect(expression);
            } else if is_last && index + 1 < targets.len() && self.is_multiple(expression) {
                let registers: Vec<Reg> = targets[index..].iter().map(|_| self.lasting()).collect();
                self.multiple(expression, Results::Registers(&registers));
                let owned = |&register: &Reg| Value { operand: register.into(), owned: Some(register) };
                sources.extend(registers.iter().map(owned));
            } else if is_last
                && index + 1 == targets.len()
                && let Some(register) = written[index]
                && !self.writes_early(expression, self.local_in(targets[index]))
            {
                // It is stored first, so nothing else needs the old value of its target by now.
                sources.push(self.value(expression, Want::Into(register)));
            } else {
                let value = self.value(expression, Want::before(splits));
                steps::count(written.len() - index);
                let later: Vec<Reg> = written[index + 1..].iter().flatten().copied().collect();
                sources.push(self.keep(value, false, &later));
            }
        }
        while sources.len() < targets.len() {
            sources.push(Value::of(self.f.nil()));
        }
        sources
    }

    /// Stores a value and gives up all registers.
    fn store(&mut self, target: Target, value: Value, statement: &Statement) {
        self.at(statement.span, statement.last_line);
        let source: Operand = value.operand;
        // What else is read before the store must not take the register of the value.
        if let Target::Variable(_) = target {
            self.release(value);
        }
        match target {
            Target::Variable(Access::Register(register)) => {
                if source.reg() != Some(register) {
                    self.f.to(register).copy(source);
                }
            }
            Target::Variable(Access::Cell(cell)) => self.f.cell_set(cell, source),
            Target::Variable(Access::CapturedCell(number)) => self.f.capture_cell_set(number, source),
            Target::Variable(Access::Captured(_) | Access::Itself) => {
                unreachable!("a captured variable that is assigned is in a cell")
            }
            Target::Field { object, key } => {
                let object = self.arrive(object, Position::Named);
                let key = self.arrive(key, Position::Plain);
                self.at(statement.span, statement.last_line);
                self.release(key);
                self.release(object);
                self.release(value);
                self.f.set(object.operand, key.operand, source);
            }
        }
    }
}

/// Whether one of the targets is this variable.
fn is_assigned_in(targets: &[Place], variable: Variable) -> bool {
    targets.iter().any(|target| matches!(target.kind, PlaceKind::Variable(other) if other == variable))
}
