//! Instructions on `any` values that may call a metamethod.

use crate::arithmetic::text;
use crate::calls::{NESTED_TOO_DEEP, NESTING_MAX};
use crate::fiber::{Continuation, ContinuationKind, Level};
use crate::machine::{Action, Machine};
use crate::rules::dynamic::{Relation, arithmetic, long_comparison, units_of_bytes};
use crate::rules::scope::{Flow, Stop};
use crate::table::WrongKey;
use crate::value::{Any, TableId};
use minivm_isa::entities::Reg;
use minivm_isa::{Instruction, Opcode, Operand};

/// Metatables that may stand behind one another.
const CHAIN_MAX: usize = 2000;
/// As many are free.
const CHAIN_FREE: usize = 16;
/// Bytes of keys, and of strings that are compared, that are free.
const BYTES_FREE: usize = 4096;
/// Bytes of strings above which the machine joins and compares in slices, which may cost more.
const BYTES_AT_ONCE: usize = 64 << 10;

/// How looking for an element ended.
enum Found {
    /// With this element.
    Element(Any),
    /// At a table without metamethod, where the element is to be put.
    Place(TableId),
    /// At a metamethod, to be called with this object.
    Metamethod(Any, Any),
}

impl Machine {
    /// Does an instruction on `any` values.
    pub(crate) fn metamethod_instruction(&mut self, instruction: &Instruction) -> Result<Action, Stop> {
        match instruction {
            Instruction::Get { object, key, .. } => {
                let (object, key) = self.two(*object, *key);
                self.get(object, key)
            }
            Instruction::GetMethod { self_value, object, key, .. } => {
                let (object, key) = self.two(*object, *key);
                self.with_scope(|scope| scope.set(*self_value, object.clone()));
                self.get(object, key)
            }
            Instruction::Set { object, key, value } => {
                let (object, key) = self.two(*object, *key);
                let value = self.with_scope(|scope| scope.get(*value));
                self.set(object, key, value)
            }
            Instruction::Length { dst, src } => {
                let value = self.with_scope(|scope| scope.get(*src));
                self.length(*dst, value)
            }
            Instruction::Concat { values, .. } => {
                let values = self.with_scope(|scope| scope.anys(values));
                self.concat(values)
            }
            _ => match relation(instruction) {
                Some((relation, lhs, rhs)) => self.compare(relation, lhs, rhs),
                None => self.arithmetic(instruction),
            },
        }
    }

    fn two(&mut self, lhs: Operand, rhs: Operand) -> (Any, Any) {
        self.with_scope(|scope| (scope.get(lhs), scope.get(rhs)))
    }

    /// Calls a metamethod for the instruction of the frame at the top, unless there are too many within one another.
    fn call_metamethod(&mut self, kind: ContinuationKind, callee: Any, arguments: Vec<Any>) -> Result<Action, Stop> {
        if self.run.nesting >= NESTING_MAX {
            return Err(Stop::Message(NESTED_TOO_DEEP.to_owned()));
        }
        let prepared = self.prepare(callee, arguments)?;
        let nesting = self.nest();
        self.push(Level::Continuation(Continuation { kind, nesting }))?;
        self.start(prepared, true)
    }

    /// A metamethod of one value, or else of another.
    fn either(&self, lhs: &Any, rhs: &Any, name: &str) -> Any {
        match self.store.metamethod(lhs, name) {
            Any::Nil => self.store.metamethod(rhs, name),
            found => found,
        }
    }

    /// The instruction at the top has its result: from a metamethod, or without one. Until then it has written nothing, but for the
    /// object of `get_method`.
    pub(crate) fn metamethod_returned(&mut self, value: Any) -> Action {
        let flow = self.with_scope(|scope| {
            let instruction = &scope.code.code[scope.frame.at];
            match instruction {
                Instruction::Set { .. } => Flow::Next,
                Instruction::GetMethod { function, .. } => {
                    scope.set(*function, value);
                    Flow::Next
                }
                Instruction::Equal { dst, .. } | Instruction::Less { dst, .. } | Instruction::LessEqual { dst, .. } => {
                    scope.set(*dst, Any::Bool(value.is_truthy()));
                    Flow::Next
                }
                Instruction::BranchEqual { if_true, if_false, .. }
                | Instruction::BranchLess { if_true, if_false, .. }
                | Instruction::BranchLessEqual { if_true, if_false, .. } => {
                    Flow::Jump(if value.is_truthy() { *if_true } else { *if_false })
                }
                other => {
                    let mut result = None;
                    other.for_each_def(|dst| result = Some(dst));
                    scope.set(result.expect("all others have a result"), value);
                    Flow::Next
                }
            }
        });
        self.go_on(flow)
    }

    fn arithmetic(&mut self, instruction: &Instruction) -> Result<Action, Stop> {
        let (mut operands, mut dst) = (Vec::new(), None);
        instruction.for_each_def(|register| dst = Some(register));
        instruction.for_each_operand(|_, operand| {
            if let minivm_isa::operand::OperandRef::In(input, _) = operand {
                operands.push(input);
            }
        });
        let (first, last) = (operands[0], operands[operands.len() - 1]);
        let (lhs, rhs) = self.two(first, last);
        let opcode = instruction.opcode();
        if let Some(result) = arithmetic(opcode, &lhs, &rhs) {
            self.with_scope(|scope| scope.set(dst.expect("arithmetic has a result"), result));
            return Ok(self.go_on(Flow::Next));
        }
        let (name, is_bitwise) = metamethod_of(opcode);
        let callee = self.either(&lhs, &rhs, name);
        if !callee.is_nil() {
            return self.call_metamethod(ContinuationKind::Metamethod, callee, vec![lhs, rhs]);
        }
        let message = match (lhs.float(), rhs.float()) {
            (Some(_), Some(_)) if is_bitwise => "number has no integer representation".to_owned(),
            (Some(_), Some(_)) if opcode == Opcode::Modulo => "attempt to perform 'n%0'".to_owned(),
            (Some(_), Some(_)) => "attempt to divide by zero".to_owned(),
            (left, _) => {
                let wrong = if left.is_some() { &rhs } else { &lhs };
                let operation = if is_bitwise { "perform bitwise operation on" } else { "perform arithmetic on" };
                format!("attempt to {operation} a {} value", self.store.type_name(wrong))
            }
        };
        Err(Stop::Message(message))
    }

    fn compare(&mut self, relation: Relation, lhs: Operand, rhs: Operand) -> Result<Action, Stop> {
        let (lhs, rhs) = self.two(lhs, rhs);
        let units = long_comparison(&lhs, &rhs, relation == Relation::Equal);
        self.store.was_open |= units > ((BYTES_AT_ONCE - BYTES_FREE) / 64) as u64;
        if let Some(holds) = relation.holds(&lhs, &rhs) {
            self.meter.pay(units)?;
            return Ok(self.metamethod_returned(Any::Bool(holds)));
        }
        let name = match relation {
            Relation::Equal => "__eq",
            Relation::Less => "__lt",
            Relation::LessEqual => "__le",
        };
        let callee = self.either(&lhs, &rhs, name);
        if !callee.is_nil() {
            return self.call_metamethod(ContinuationKind::Metamethod, callee, vec![lhs, rhs]);
        }
        if relation == Relation::Equal {
            return Ok(self.metamethod_returned(Any::Bool(false)));
        }
        let (left, right) = (self.store.type_name(&lhs), self.store.type_name(&rhs));
        Err(Stop::Message(match left == right {
            true => format!("attempt to compare two {left} values"),
            false => format!("attempt to compare {left} with {right}"),
        }))
    }

    /// Looks for an element along a chain of metatables; pays for long chains and long keys.
    fn search(&mut self, object: Any, key: &Any, event: &str) -> Result<Found, Stop> {
        let is_setting = event == "__newindex";
        let mut object = object;
        for hops in 0..CHAIN_MAX {
            let mut found = None;
            let mut handler = self.store.metamethod(&object, event);
            if let Any::Table(table) = object {
                let element = self.store[table].get(key);
                if is_setting && (handler.is_nil() || !element.is_nil()) {
                    found = Some(Ok(Found::Place(table)));
                } else if !is_setting && (handler.is_nil() || !element.is_nil()) {
                    found = Some(Ok(Found::Element(element)));
                }
            } else if handler.is_nil() {
                let kind = self.store.type_name(&object);
                found = Some(Err(Stop::Message(format!("attempt to index a {kind} value"))));
            }
            if found.is_none() && matches!(handler, Any::Function(_)) {
                found = Some(Ok(Found::Metamethod(std::mem::replace(&mut handler, Any::Nil), object.clone())));
            }
            if let Some(found) = found {
                self.pay_for_search(hops, key)?;
                return found;
            }
            object = handler;
        }
        self.pay_for_search(CHAIN_MAX - 1, key)?;
        Err(Stop::Message(format!("'{event}' chain too long; possible loop")))
    }

    fn pay_for_search(&mut self, hops: usize, key: &Any) -> Result<(), Stop> {
        let bytes = if let Any::String(bytes) = key { bytes.len() } else { 0 };
        if hops < CHAIN_FREE && bytes <= BYTES_FREE {
            return Ok(());
        }
        self.meter.pay(hops as u64 / 4 + units_of_bytes(bytes) * (hops as u64 + 1))
    }

    fn get(&mut self, object: Any, key: Any) -> Result<Action, Stop> {
        match self.search(object, &key, "__index")? {
            Found::Metamethod(callee, object) => {
                self.call_metamethod(ContinuationKind::Metamethod, callee, vec![object, key])
            }
            Found::Element(value) => Ok(self.metamethod_returned(value)),
            Found::Place(_) => unreachable!("places are looked for when an element is set"),
        }
    }

    fn set(&mut self, object: Any, key: Any, value: Any) -> Result<Action, Stop> {
        match self.search(object, &key, "__newindex")? {
            Found::Metamethod(callee, object) => {
                self.call_metamethod(ContinuationKind::Metamethod, callee, vec![object, key, value])
            }
            Found::Place(table) => match self.store[table].set(&key, value) {
                Ok(()) => Ok(self.go_on(Flow::Next)),
                Err(WrongKey::Nil) => Err(Stop::Message("table index is nil".to_owned())),
                Err(WrongKey::Nan) => Err(Stop::Message("table index is NaN".to_owned())),
            },
            Found::Element(_) => unreachable!("elements are looked for when one is read"),
        }
    }

    fn length(&mut self, dst: Reg, value: Any) -> Result<Action, Stop> {
        let callee = self.store.metamethod(&value, "__len");
        if !callee.is_nil() {
            return self.call_metamethod(ContinuationKind::Metamethod, callee, vec![value.clone(), value]);
        }
        let length = match &value {
            Any::String(bytes) => bytes.len() as i64,
            Any::Table(table) => {
                let border = self.store[*table].border();
                self.store.was_open |= !border.is_only;
                border.length
            }
            _ => {
                let kind = self.store.type_name(&value);
                return Err(Stop::Message(format!("attempt to get length of a {kind} value")));
            }
        };
        self.with_scope(|scope| scope.set(dst, Any::Integer(length)));
        Ok(self.go_on(Flow::Next))
    }

    /// Joins values from the right: as many strings and numbers as there are at once, else two by a metamethod.
    pub(crate) fn concat(&mut self, mut values: Vec<Any>) -> Result<Action, Stop> {
        let is_piece = |value: &Any| matches!(value, Any::String(_)) || value.float().is_some();
        while values.len() > 1 {
            let pieces = values.iter().rev().take_while(|value| is_piece(value)).count();
            if pieces < 2 {
                return self.concat_metamethod(values);
            }
            let (mut joined, mut bytes) = (Vec::new(), 0);
            for value in values.split_off(values.len() - pieces) {
                match value {
                    Any::String(string) => {
                        bytes += string.len();
                        joined.extend_from_slice(&string);
                    }
                    number => joined.extend_from_slice(text(&number).unwrap_or_default().as_bytes()),
                }
            }
            self.store.was_open |= bytes > BYTES_AT_ONCE;
            self.meter.pay(units_of_bytes(bytes))?;
            values.push(Any::string(joined));
        }
        let joined = values.pop().expect("the verifier proved that there are two values at least");
        Ok(self.metamethod_returned(joined))
    }

    fn concat_metamethod(&mut self, mut values: Vec<Any>) -> Result<Action, Stop> {
        let rhs = values.pop().expect("two values are left");
        let lhs = values.pop().expect("two values are left");
        let callee = self.either(&lhs, &rhs, "__concat");
        if !callee.is_nil() {
            return self.call_metamethod(ContinuationKind::Concat(values), callee, vec![lhs, rhs]);
        }
        let is_joinable = matches!(lhs, Any::String(_)) || lhs.float().is_some();
        let kind = self.store.type_name(if is_joinable { &rhs } else { &lhs });
        Err(Stop::Message(format!("attempt to concatenate a {kind} value")))
    }
}

/// The relation that an instruction asks for, and of what.
fn relation(instruction: &Instruction) -> Option<(Relation, Operand, Operand)> {
    match *instruction {
        Instruction::Equal { lhs, rhs, .. } | Instruction::BranchEqual { lhs, rhs, .. } => {
            Some((Relation::Equal, lhs, rhs))
        }
        Instruction::Less { lhs, rhs, .. } | Instruction::BranchLess { lhs, rhs, .. } => {
            Some((Relation::Less, lhs, rhs))
        }
        Instruction::LessEqual { lhs, rhs, .. } | Instruction::BranchLessEqual { lhs, rhs, .. } => {
            Some((Relation::LessEqual, lhs, rhs))
        }
        _ => None,
    }
}

/// The metamethod of an arithmetic operation, and whether that is one on bits.
fn metamethod_of(opcode: Opcode) -> (&'static str, bool) {
    match opcode {
        Opcode::Add => ("__add", false),
        Opcode::Sub => ("__sub", false),
        Opcode::Mul => ("__mul", false),
        Opcode::Div => ("__div", false),
        Opcode::Modulo => ("__mod", false),
        Opcode::Pow => ("__pow", false),
        Opcode::FloorDiv => ("__idiv", false),
        Opcode::Negate => ("__unm", false),
        Opcode::BitAnd => ("__band", true),
        Opcode::BitOr => ("__bor", true),
        Opcode::BitXor => ("__bxor", true),
        Opcode::ShiftLeft => ("__shl", true),
        Opcode::ShiftRight => ("__shr", true),
        Opcode::BitNot => ("__bnot", true),
        other => unreachable!("{} has no rule", other.info().name),
    }
}
