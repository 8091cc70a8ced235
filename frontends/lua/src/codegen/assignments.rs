//! Assignments, single and multiple.

use super::calls::Results;
use super::expressions::Want;
use super::function::{Access, FunctionGenerator, Value};
use crate::syntax::hir::*;
use minivm_isa::entities::Reg;
use minivm_isa::{Operand, steps};

/// A target whose subexpressions are evaluated.
enum Target {
    Variable(Access),
    Field { object: Value, key: Value },
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
        for target in targets {
            places.push(self.target(target, splits, &assigned));
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
        let place = self.target(target, splits, &[]);
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

    /// Evaluates what a target needs. Locals that the same statement assigns are copied.
    fn target(&mut self, target: &Place, splits: bool, assigned: &[Reg]) -> Target {
        let want = Want::before(splits);
        match target.kind {
            PlaceKind::Variable(variable) => Target::Variable(self.access(variable)),
            PlaceKind::Global { environment, name } => {
                let environment = self.environment(environment);
                let object = self.keep(environment, splits, assigned);
                let key = Value::of(self.string(name));
                Target::Field { object, key }
            }
            PlaceKind::Index { table, key } => {
                let object = self.object(table, want);
                let object = self.keep(object, false, assigned);
                let key = self.value(key, want);
                let key = self.keep(key, false, assigned);
                Target::Field { object, key }
            }
        }
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
        self.release(value);
        self.at(statement.span, statement.last_line);
        let source: Operand = value.operand;
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
                self.release(key);
                self.release(object);
                self.f.set(object.operand, key.operand, source);
            }
        }
    }
}
