//! Table constructors.

use super::expressions::{Evaluated, Position, Want};
use super::function::{FunctionGenerator, Value};
use crate::syntax::hir::*;
use minivm_isa::Operand;
use minivm_isa::entities::Reg;

/// Elements of the sequence that are stored at once.
const BATCH: usize = 50;
/// Elements for which a table has room in its own cell.
const SLOTS_IN_TABLE: usize = 15;

impl FunctionGenerator<'_, '_> {
    /// `{ … }` into a register that the items do not read.
    pub(super) fn table(&mut self, items: &[TableItem], span: Span, table: Reg) {
        let is_keyed = |item: &&TableItem| matches!(item, TableItem::Keyed { .. });
        let keyed = items.iter().filter(is_keyed).count();
        let open = match items.last() {
            Some(&TableItem::Positional(value)) if self.is_multiple(value) => Some(value),
            _ => None,
        };
        // What the last item gives is counted when it is there. But a call gives one value most of the time, whose room is given
        // up when there is none, as long as it lies in the cell of the table.
        let is_call = open.is_some_and(|value| {
            matches!(
                self.chunk.expressions[value].kind,
                ExpressionKind::Call { .. } | ExpressionKind::MethodCall { .. }
            )
        });
        let has_room = open.is_none() || is_call && keyed == 0 && items.len() <= SLOTS_IN_TABLE;
        self.at(span, span.line);
        self.f.to(table).table_new((items.len() - keyed - usize::from(!has_room)) as u64, keyed as u64);
        let splits = items.iter().any(|item| match *item {
            TableItem::Positional(value) => self.splits(value),
            TableItem::Keyed { key, value } => self.splits(key) || self.splits(value),
        });
        let mut pending: Vec<Value> = Vec::new();
        let mut first = 1;
        for (index, item) in items.iter().enumerate() {
            match *item {
                TableItem::Positional(value) if index + 1 == items.len() && self.is_multiple(value) => {
                    self.open_list(value);
                    self.at(span, self.span_of(value).line);
                    let operands = self.take_pending(&mut pending);
                    self.f.append_open(table, first, &operands);
                    return;
                }
                TableItem::Positional(value) => {
                    pending.push(self.value(value, Want::before(splits)));
                    if pending.len() == BATCH {
                        first += self.append(table, first, &mut pending, self.span_of(value));
                    }
                }
                TableItem::Keyed { key, value } => {
                    let key_value = match self.read_late(key, &[value]) {
                        Some(variable) => Evaluated::Late(variable),
                        None => Evaluated::Value(self.value(key, Want::before(self.splits(value)))),
                    };
                    let new = self.value(value, Want::Soon);
                    let key_value = self.arrive(key_value, Position::Plain);
                    self.release(new);
                    self.release(key_value);
                    self.at(self.span_of(key), self.span_of(value).line);
                    self.f.set(table, key_value.operand, new.operand);
                }
            }
        }
        self.append(table, first, &mut pending, span);
    }

    fn span_of(&self, expression: ExpressionId) -> Span {
        self.chunk.expressions[expression].span
    }

    /// Stores the pending elements from `first` on; returns how many.
    fn append(&mut self, table: Reg, first: u64, pending: &mut Vec<Value>, span: Span) -> u64 {
        let operands = self.take_pending(pending);
        if !operands.is_empty() {
            self.at(span, span.line);
            self.f.append(table, first, &operands);
        }
        operands.len() as u64
    }

    fn take_pending(&mut self, pending: &mut Vec<Value>) -> Vec<Operand> {
        pending.iter().for_each(|&value| self.release(value));
        pending.drain(..).map(|value| value.operand).collect()
    }
}
