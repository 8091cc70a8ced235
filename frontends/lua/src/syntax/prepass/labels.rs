//! `goto`, labels and `break` while the grammar check walks a chunk.

use super::checker::{Checked, Checker};
use super::scope::Use;
use super::token::{TokenIndex, TokenKind};
use crate::syntax::hir::{Label, LabelId, Span, StringId};
use minivm_isa::steps;
use std::collections::HashMap;

/// A label that a `goto` here could jump to.
struct VisibleLabel {
    id: LabelId,
    name: StringId,
    line: u32,
    /// The label around its function that it hides, by its place.
    hidden: Option<usize>,
}

/// The labels of all functions that are being read.
#[derive(Default)]
pub(super) struct Labels {
    visible: Vec<VisibleLabel>,
    /// For each name the place of the innermost label.
    innermost: HashMap<StringId, usize>,
}

impl Labels {
    /// How many are visible, over all functions.
    pub(super) fn count(&self) -> usize {
        self.visible.len()
    }

    fn enter(&mut self, id: LabelId, name: StringId, line: u32) {
        let hidden = self.innermost.insert(name, self.visible.len());
        self.visible.push(VisibleLabel { id, name, line, hidden });
    }

    /// Forgets all but the first `count`.
    pub(super) fn truncate(&mut self, count: usize) {
        for label in self.visible.drain(count..).rev() {
            match label.hidden {
                Some(place) => self.innermost.insert(label.name, place),
                None => self.innermost.remove(&label.name),
            };
        }
    }
}

/// The jumps of all functions that are being read.
#[derive(Default)]
pub(super) struct Jumps {
    /// In order; those that were settled stay as long as others follow.
    jumps: Vec<Jump>,
    /// The places of those that wait for a label, by its name, ascending.
    waiting: HashMap<StringId, Vec<usize>>,
}

impl Jumps {
    /// Where the next one will be.
    pub(super) fn count(&self) -> usize {
        self.jumps.len()
    }

    fn add(&mut self, name: Option<StringId>, token: TokenIndex, line: u32, active: usize) {
        if let Some(name) = name {
            self.waiting.entry(name).or_default().push(self.jumps.len());
        }
        self.jumps.push(Jump { name, token, line, active, is_settled: false });
    }

    /// Says of those from `from` on that at most `active` variables are in scope at them.
    pub(super) fn leave_block(&mut self, from: usize, active: usize) {
        steps::count(self.jumps.len() - from);
        for jump in &mut self.jumps[from..] {
            jump.active = jump.active.min(active);
        }
    }

    /// Ends the `break`s of a loop whose jumps begin at `from`.
    pub(super) fn settle_breaks(&mut self, from: usize) {
        steps::count(self.jumps.len() - from);
        self.jumps[from..].iter_mut().filter(|jump| jump.name.is_none()).for_each(|jump| jump.is_settled = true);
        self.forget_settled();
    }

    /// The places of those from `from` on that wait for a label.
    fn waiting_for(&self, name: StringId, from: usize) -> &[usize] {
        let places = self.waiting.get(&name).map(Vec::as_slice).unwrap_or_default();
        &places[places.partition_point(|&place| place < from)..]
    }

    /// Settles those from `from` on that wait for a label.
    fn settle(&mut self, name: StringId, from: usize) {
        if let Some(places) = self.waiting.get_mut(&name) {
            while let Some(place) = places.pop_if(|place| *place >= from) {
                self.jumps[place].is_settled = true;
            }
        }
        self.forget_settled();
    }

    fn forget_settled(&mut self) {
        while self.jumps.pop_if(|jump| jump.is_settled).is_some() {}
    }

    /// The first from `from` on that was not settled.
    fn first(&self, from: usize) -> Option<&Jump> {
        self.jumps.get(from..)?.iter().find(|jump| !jump.is_settled)
    }
}

/// A jump whose label was not seen yet.
struct Jump {
    /// The name it looks for; `None` for `break`.
    name: Option<StringId>,
    /// The label's name in the `goto`, or the `break`.
    token: TokenIndex,
    line: u32,
    /// How many variables were in scope at the jump, or in the innermost block around it that is still open.
    active: usize,
    is_settled: bool,
}

impl Checker<'_> {
    /// `break`
    pub(super) fn break_statement(&mut self) -> Checked<()> {
        let line = self.token().line;
        let token = self.advance()?;
        self.jumps.add(None, token, line, self.scopes.count());
        Ok(())
    }

    /// `goto NAME`
    pub(super) fn goto_statement(&mut self) -> Checked<()> {
        self.advance()?;
        let line = self.token().line;
        let (token, name) = self.pass_name()?;
        match self.find_label(name) {
            Some(label) => {
                let id = self.visible_labels.visible[label].id;
                self.labels[id].is_loop = true;
                self.uses[token] = Use::Label(id);
            }
            None => self.jumps.add(Some(name), token, line, self.scopes.count()),
        }
        Ok(())
    }

    /// `::NAME::`, from the name on, with the empty statements after it. `line` is that of the first `::`.
    pub(super) fn label_statement(&mut self, line: u32) -> Checked<()> {
        self.advance()?;
        let (token, name) = self.pass_name()?;
        self.pass(TokenKind::DoubleColon)?;
        while matches!(self.kind(), TokenKind::Semicolon | TokenKind::DoubleColon) {
            self.statement()?;
        }
        if let Some(first) = self.find_label(name) {
            let (text, first_line) = (self.name_text(token), self.visible_labels.visible[first].line);
            let message = format!("label '{text}' already defined on line {first_line}");
            return Err(self.error_at(self.tokens[token], message));
        }
        let at = self.tokens[token];
        let function = self.function().id;
        let id = self.labels.push(Label {
            name,
            function,
            span: Span { start: at.start, end: at.end, line },
            open_closes: 0,
            is_loop: false,
        });
        self.uses[token] = Use::Label(id);
        self.visible_labels.enter(id, name, line);
        let last = self.ends_block(false);
        self.settle_gotos(name, id, last)
    }

    /// The visible label called `name` in the current function.
    fn find_label(&mut self, name: StringId) -> Option<usize> {
        let first = self.function().first_label;
        self.visible_labels.innermost.get(&name).copied().filter(|&place| place >= first)
    }

    /// Gives pending jumps of the current block to `name` their label. A label at the end of its block counts as
    /// outside the scope of the block's variables.
    fn settle_gotos(&mut self, name: StringId, id: LabelId, last: bool) -> Checked<()> {
        let here = self.scopes.count();
        let block = self.function().blocks.last().expect("a statement stands in a block");
        let (from, active) = (block.jumps, if last { block.active } else { here });
        let mut waiting = self.jumps.waiting_for(name, from).iter().map(|&place| &self.jumps.jumps[place]);
        if let Some(jump) = waiting.find(|jump| jump.active < active) {
            let (at, line, variable) = (self.tokens[jump.token], jump.line, self.scopes.name_at(jump.active));
            let (text, variable) = (self.name_text(jump.token), self.variable_text(variable));
            let message = format!("<goto {text}> at line {line} jumps into the scope of local '{variable}'");
            return Err(self.error_at(at, message));
        }
        for &place in self.jumps.waiting_for(name, from) {
            steps::count(1);
            self.uses[self.jumps.jumps[place].token] = Use::Label(id);
        }
        self.jumps.settle(name, from);
        Ok(())
    }

    /// Refuses jumps that still wait when their function ends.
    pub(super) fn refuse_waiting(&self, from: usize) -> Checked<()> {
        let Some(jump) = self.jumps.first(from) else { return Ok(()) };
        let (at, line) = (self.tokens[jump.token], jump.line);
        let message = match jump.name {
            None => format!("break outside loop at line {line}"),
            Some(_) => format!("no visible label '{}' for <goto> at line {line}", self.name_text(jump.token)),
        };
        Err(self.error_at(at, message))
    }

    /// A variable's name for a message.
    fn variable_text(&self, name: StringId) -> String {
        let declared = self.locals.values().rev().find(|local| local.name == name);
        let written = declared.filter(|_| name != self.names.self_);
        written.map_or_else(|| "self".to_owned(), |local| self.source_text(local.declared))
    }
}
