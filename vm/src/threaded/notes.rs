//! What threaded instructions are, for people: remembered while code is written, shown when it is complete.
//!
//! Rows of the table show themselves. Instructions of typed code have trees, whose operands only those know who write them.

use crate::threaded::kinds::{Branch, Names, OperandKind, Returns};
use crate::threaded::operands::Cursor;
use crate::threaded::table::{Row, show_at};
use crate::threaded::{Code, Pc, ReturnInfo};
use crate::value::Value;

/// An operand of a tree.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    /// A register.
    Word(usize),
    /// The address of something.
    Address(u64),
    /// A value.
    Value(Value),
    /// Anything else, as it is shown.
    Text(String),
    /// An operator with its operands by name.
    Tree(&'static str, Vec<(&'static str, Shown)>),
    /// A branch, which stands so many halves behind the entry of the function.
    Branch(u32),
    /// The return information of a call.
    Returns(ReturnInfo),
}

impl Shown {
    /// Shows it, as an operand of the instruction at `pc`.
    fn show(&self, code: &Code, pc: Pc, names: &dyn Names) -> String {
        match self {
            Shown::Word(word) => names.word(*word),
            Shown::Address(address) => names.address(*address),
            Shown::Value(value) => names.value(*value),
            Shown::Text(text) => text.clone(),
            Shown::Tree(name, operands) => {
                let operands = operands.iter().map(|(name, shown)| format!("{name}={}", shown.show(code, pc, names)));
                format!("{name}({})", operands.collect::<Vec<_>>().join(" "))
            }
            Shown::Branch(at) => {
                // SAFETY: the assembler has noted where it wrote a branch.
                let branch = unsafe { Branch::read(&mut Cursor::at(code.at(*at))) };
                Branch::show(branch, pc, names)
            }
            Shown::Returns(info) => Returns::show(*info, pc, names),
        }
    }
}

/// Shows the operands of a row at a place.
type ShowRow = unsafe fn(Pc, &dyn Names) -> Vec<(&'static str, String)>;

/// What one threaded instruction is.
#[derive(Default)]
pub(crate) struct Note {
    /// Its name: that of its row, or what its trees do.
    name: String,
    row: Option<ShowRow>,
    /// What follows the operands of the row.
    operands: Vec<(&'static str, Shown)>,
}

impl Note {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Says that it has the operands of a row; the name is that of the row unless it has one.
    pub(super) fn set_row<R: Row>(&mut self) {
        if self.name.is_empty() {
            self.name = R::name();
        }
        self.row = Some(show_at::<R>);
    }

    /// Adds to its name: what it does next.
    pub(super) fn add_name(&mut self, name: &str) {
        if !self.name.is_empty() {
            self.name.push('+');
        }
        self.name.push_str(name);
    }

    /// Adds an operand.
    pub(super) fn add(&mut self, name: &'static str, operand: Shown) {
        self.operands.push((name, operand));
    }

    /// The operands by name.
    ///
    /// # Safety
    /// This is the note of the instruction at `pc` of `code`.
    pub(crate) unsafe fn show(&self, code: &Code, pc: Pc, names: &dyn Names) -> Vec<(&'static str, String)> {
        // SAFETY: passed on.
        let mut shown = self.row.map_or_else(Vec::new, |show| unsafe { show(pc, names) });
        shown.extend(self.operands.iter().map(|(name, operand)| (*name, operand.show(code, pc, names))));
        shown
    }
}
