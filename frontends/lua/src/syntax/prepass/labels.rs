//! `goto`, labels and `break` while the grammar check walks a chunk.

use super::checker::{Checked, Checker};
use super::scope::Use;
use super::token::{TokenIndex, TokenKind};
use crate::syntax::hir::{Label, LabelId, Span, StringId};

/// A label that a `goto` here could jump to.
pub(super) struct VisibleLabel {
    id: LabelId,
    name: StringId,
    line: u32,
}

/// A jump whose label was not seen yet.
pub(super) struct PendingJump {
    /// The name it looks for; `None` for `break`.
    name: Option<StringId>,
    /// The label's name in the `goto`, or the `break`.
    token: TokenIndex,
    line: u32,
    /// How many variables were in scope at the jump, or in the innermost block around it that is still open.
    pub(super) active: usize,
}

impl Checker<'_> {
    /// `break`
    pub(super) fn break_statement(&mut self) -> Checked<()> {
        let line = self.token().line;
        let token = self.advance()?;
        self.pending.push(PendingJump { name: None, token, line, active: self.scopes.count() });
        Ok(())
    }

    /// `goto NAME`
    pub(super) fn goto_statement(&mut self) -> Checked<()> {
        self.advance()?;
        let line = self.token().line;
        let (token, name) = self.pass_name()?;
        match self.find_label(name) {
            Some(label) => {
                let id = self.visible_labels[label].id;
                self.labels[id].is_loop = true;
                self.uses[token] = Use::Label(id);
            }
            None => self.pending.push(PendingJump { name: Some(name), token, line, active: self.scopes.count() }),
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
            let (text, first_line) = (self.name_text(token), self.visible_labels[first].line);
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
        self.visible_labels.push(VisibleLabel { id, name, line });
        let last = self.ends_block(false);
        self.settle_gotos(name, id, last)
    }

    /// The visible label called `name` in the current function.
    fn find_label(&mut self, name: StringId) -> Option<usize> {
        let first = self.function().first_label;
        let found = self.visible_labels[first..].iter().position(|label| label.name == name)?;
        Some(first + found)
    }

    /// Gives pending jumps of the current block to `name` their label. A label at the end of its block counts as
    /// outside the scope of the block's variables.
    fn settle_gotos(&mut self, name: StringId, id: LabelId, last: bool) -> Checked<()> {
        let here = self.scopes.count();
        let block = self.function().blocks.last().expect("a statement stands in a block");
        let (from, active) = (block.pending, if last { block.active } else { here });
        let is_ours = |jump: &PendingJump| jump.name == Some(name);
        if let Some(jump) = self.pending[from..].iter().find(|jump| is_ours(jump) && jump.active < active) {
            let (at, line, variable) = (self.tokens[jump.token], jump.line, self.scopes.name_at(jump.active));
            let (text, variable) = (self.name_text(jump.token), self.variable_text(variable));
            let message = format!("<goto {text}> at line {line} jumps into the scope of local '{variable}'");
            return Err(self.error_at(at, message));
        }
        for jump in self.pending.extract_if(from.., |jump| is_ours(jump)) {
            self.uses[jump.token] = Use::Label(id);
        }
        Ok(())
    }

    /// Ends the `break`s of a loop whose pending jumps begin at `from`.
    pub(super) fn settle_breaks(&mut self, from: usize) {
        self.pending.extract_if(from.., |jump| jump.name.is_none()).for_each(drop);
    }

    /// Refuses jumps that are still pending when their function ends.
    pub(super) fn refuse_pending(&mut self, from: usize) -> Checked<()> {
        let Some(jump) = self.pending.get(from) else { return Ok(()) };
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
