//! The grammar check of statements.

use super::checker::{Checked, Checker};
use super::expressions::Suffixed;
use super::scope::Use;
use super::token::{TokenIndex, TokenKind};
use super::weight;
use crate::syntax::hir::{Attribute, LocalId};

/// Hidden variables of a numeric `for`: counter, limit, step.
const NUMERIC_STATE: usize = 3;
/// Hidden variables of a generic `for`: iterator, state, control, closing value.
const GENERIC_STATE: usize = 4;

impl Checker<'_> {
    /// Whether the current token ends a block; `until` ends one but not its scope, so that callers choose.
    pub(super) fn ends_block(&self, with_until: bool) -> bool {
        match self.kind() {
            TokenKind::Else | TokenKind::ElseIf | TokenKind::End | TokenKind::Eof => true,
            TokenKind::Until => with_until,
            _ => false,
        }
    }

    /// Statements up to the end of a block. `return` is the last one.
    pub(super) fn statements(&mut self) -> Checked<()> {
        // Whether a `;` here ends the statement before it. Otherwise it is a statement of its own, which does nothing.
        let mut is_separator = false;
        if !self.ends_block(true) {
            self.weigh(weight::BLOCK);
        }
        while !self.ends_block(true) {
            let kind = self.kind();
            if kind == TokenKind::Semicolon && is_separator {
                self.nested(|check| check.advance())?;
                is_separator = false;
                continue;
            }
            self.begin_part();
            self.statement()?;
            is_separator = !matches!(kind, TokenKind::Semicolon | TokenKind::DoubleColon);
            if kind == TokenKind::Return {
                break;
            }
        }
        Ok(())
    }

    /// A block with a scope of its own.
    fn block(&mut self) -> Checked<()> {
        self.enter_block(false);
        self.statements()?;
        self.leave_block()
    }

    /// One statement.
    pub(super) fn statement(&mut self) -> Checked<()> {
        let line = self.token().line;
        if self.kind() != TokenKind::Semicolon {
            self.weigh(weight::STATEMENT);
        }
        self.nested(|check| match check.kind() {
            TokenKind::Semicolon => {
                check.advance()?;
                Ok(())
            }
            TokenKind::If => check.if_statement(line),
            TokenKind::While => check.while_statement(line),
            TokenKind::Do => {
                check.advance()?;
                check.block()?;
                check.pass_close(TokenKind::End, TokenKind::Do, line).map(|_| ())
            }
            TokenKind::For => check.for_statement(line),
            TokenKind::Repeat => check.repeat_statement(line),
            TokenKind::Function => check.function_statement(line),
            TokenKind::Local => {
                check.advance()?;
                if check.kind() == TokenKind::Function { check.local_function() } else { check.local_statement() }
            }
            TokenKind::DoubleColon => check.label_statement(line),
            TokenKind::Return => check.return_statement(),
            TokenKind::Break => check.break_statement(),
            TokenKind::Goto => check.goto_statement(),
            _ => check.expression_statement(),
        })
    }

    fn if_statement(&mut self, line: u32) -> Checked<()> {
        loop {
            self.weigh(weight::COMPOUND);
            self.advance()?;
            self.elide("...", Self::expression)?;
            self.pass(TokenKind::Then)?;
            self.block()?;
            if self.kind() != TokenKind::ElseIf {
                break;
            }
        }
        if self.accept(TokenKind::Else)? {
            self.block()?;
        }
        self.pass_close(TokenKind::End, TokenKind::If, line)?;
        Ok(())
    }

    fn while_statement(&mut self, line: u32) -> Checked<()> {
        self.weigh(weight::COMPOUND);
        self.advance()?;
        self.elide("...", Self::expression)?;
        self.enter_block(true);
        self.pass(TokenKind::Do)?;
        self.block()?;
        self.pass_close(TokenKind::End, TokenKind::While, line)?;
        self.leave_block()
    }

    fn repeat_statement(&mut self, line: u32) -> Checked<()> {
        self.weigh(weight::COMPOUND);
        self.enter_block(true);
        self.enter_block(false);
        self.advance()?;
        self.statements()?;
        self.pass_close(TokenKind::Until, TokenKind::Repeat, line)?;
        self.elide("...", Self::expression)?;
        self.leave_block()?;
        self.leave_block()
    }

    fn for_statement(&mut self, line: u32) -> Checked<()> {
        self.weigh(weight::COMPOUND);
        self.enter_block(true);
        self.advance()?;
        let first = self.pass_name()?;
        match self.kind() {
            TokenKind::Assign => {
                self.reserve_locals(NUMERIC_STATE)?;
                let local = self.declare(first.0, first.1)?;
                self.advance()?;
                self.elide("...,...", |check| {
                    check.expression()?;
                    check.pass(TokenKind::Comma)?;
                    check.expression()?;
                    if check.accept(TokenKind::Comma)? {
                        check.expression()?;
                    }
                    Ok(())
                })?;
                self.activate_hidden(NUMERIC_STATE);
                self.for_body(vec![local])?;
            }
            TokenKind::Comma | TokenKind::In => {
                self.reserve_locals(GENERIC_STATE)?;
                let mut locals = vec![self.declare(first.0, first.1)?];
                self.elide("", |check| {
                    while check.accept(TokenKind::Comma)? {
                        let (token, name) = check.pass_name()?;
                        locals.push(check.declare(token, name)?);
                    }
                    Ok(())
                })?;
                self.pass(TokenKind::In)?;
                self.elide("...", Self::expression_list)?;
                self.activate_hidden(GENERIC_STATE);
                self.for_body(locals)?;
            }
            _ => return Err(self.error_near("'=' or 'in' expected")),
        }
        self.pass_close(TokenKind::End, TokenKind::For, line)?;
        self.leave_block()
    }

    fn for_body(&mut self, locals: Vec<LocalId>) -> Checked<()> {
        self.pass(TokenKind::Do)?;
        self.enter_block(false);
        for local in locals {
            self.activate(local);
        }
        self.block()?;
        self.leave_block()
    }

    fn function_statement(&mut self, line: u32) -> Checked<()> {
        let function = self.advance()?;
        let (target, method) = self.elide("n", Self::function_name)?;
        self.function_body(function, method, line)?;
        self.mark_assigned(target)
    }

    /// `a.b:c`: what is assigned, and the `:`.
    fn function_name(&mut self) -> Checked<(Suffixed, Option<TokenIndex>)> {
        let (token, name) = self.pass_name()?;
        self.resolve(token, name);
        let mut method = None;
        let mut target = Suffixed::Name(token, name);
        while self.kind() == TokenKind::Dot {
            self.advance()?;
            self.pass_name()?;
            target = Suffixed::Index;
        }
        if self.kind() == TokenKind::Colon {
            method = Some(self.advance()?);
            self.pass_name()?;
            target = Suffixed::Index;
        }
        Ok((target, method))
    }

    fn local_function(&mut self) -> Checked<()> {
        let function = self.advance()?;
        let (token, name) = self.pass_name()?;
        let local = self.declare(token, name)?;
        self.activate(local);
        let line = self.token().line;
        self.function_body(function, None, line)
    }

    fn local_statement(&mut self) -> Checked<()> {
        self.weigh(weight::LOCALS);
        let locals = self.elide("n", |check| {
            let locals = check.declared_locals()?;
            if check.accept(TokenKind::Assign)? {
                check.expression_list()?;
            }
            Ok(locals)
        })?;
        for local in locals {
            self.activate(local);
        }
        Ok(())
    }

    /// Names with their attributes.
    fn declared_locals(&mut self) -> Checked<Vec<LocalId>> {
        let mut locals = Vec::new();
        let mut closes = false;
        loop {
            let (token, name) = self.pass_name()?;
            let local = self.declare(token, name)?;
            let attribute = self.attribute()?;
            if attribute == Attribute::Close && std::mem::replace(&mut closes, true) {
                return Err(self.error_plain("multiple to-be-closed variables in local list"));
            }
            self.locals[local].attribute = attribute;
            locals.push(local);
            if !self.accept(TokenKind::Comma)? {
                return Ok(locals);
            }
        }
    }

    /// An optional `<const>` or `<close>`.
    fn attribute(&mut self) -> Checked<Attribute> {
        if !self.accept(TokenKind::Less)? {
            return Ok(Attribute::Regular);
        }
        let (token, name) = self.pass_name()?;
        self.pass(TokenKind::Greater)?;
        if name == self.names.const_ {
            Ok(Attribute::Const)
        } else if name == self.names.close {
            Ok(Attribute::Close)
        } else {
            let message = format!("unknown attribute '{}'", self.name_text(token));
            Err(self.error_at(self.tokens[token], message))
        }
    }

    fn return_statement(&mut self) -> Checked<()> {
        self.advance()?;
        if !self.ends_block(true) && self.kind() != TokenKind::Semicolon {
            self.elide("", Self::expression_list)?;
        }
        self.accept(TokenKind::Semicolon)?;
        Ok(())
    }

    /// A call or an assignment.
    fn expression_statement(&mut self) -> Checked<()> {
        let elision = self.elisions.len();
        self.elide("goto n", |check| {
            let first = check.suffixed_expression()?;
            match check.kind() {
                TokenKind::Assign | TokenKind::Comma => {
                    check.elisions[elision].text = "::n::";
                    check.assignment(first)
                }
                _ if first == Suffixed::Call => Ok(()),
                _ => Err(check.error_near("syntax error")),
            }
        })
    }

    /// The rest of an assignment after a target. Further targets nest, as they do in the reference implementation.
    fn assignment(&mut self, target: Suffixed) -> Checked<()> {
        if matches!(target, Suffixed::Call | Suffixed::Parenthesised) {
            return Err(self.error_near("syntax error"));
        }
        self.mark_assigned(target)?;
        if self.accept(TokenKind::Comma)? {
            let next = self.suffixed_expression()?;
            return self.nested(|check| check.assignment(next));
        }
        self.pass(TokenKind::Assign)?;
        self.expression_list()?;
        Ok(())
    }

    /// Notes that a variable is assigned; constants refuse.
    fn mark_assigned(&mut self, target: Suffixed) -> Checked<()> {
        let Suffixed::Name(token, _) = target else { return Ok(()) };
        let Use::Local(local) = self.uses[token] else { return Ok(()) };
        if self.locals[local].attribute != Attribute::Regular {
            return Err(self.const_error(token));
        }
        self.locals[local].reassigned = true;
        Ok(())
    }

    fn const_error(&self, token: TokenIndex) -> Box<crate::syntax::SyntaxError> {
        let message = format!("attempt to assign to const variable '{}'", self.name_text(token));
        self.error_at(self.tokens[token], message)
    }
}
