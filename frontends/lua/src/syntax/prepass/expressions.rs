//! The grammar check of expressions.

use super::checker::{Checked, Checker};
use super::token::{TokenIndex, TokenKind};
use super::{Chain, LongTable, weight};
use crate::syntax::hir::StringId;
use cranelift_entity::EntityRef;

/// Chains of operators longer than this are taken apart before the parser makes a tree of them.
const CHAIN_OPERATORS_MAX: usize = 24;

/// What a prefix expression with its suffixes turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Suffixed {
    /// A name alone.
    Name(TokenIndex, StringId),
    /// A field.
    Index,
    /// A call.
    Call,
    /// Something in parentheses.
    Parenthesised,
}

/// How tightly a binary operator binds to its left and to its right operand.
fn binary_priority(kind: TokenKind) -> Option<(u8, u8)> {
    use TokenKind::*;
    Some(match kind {
        Or => (1, 1),
        And => (2, 2),
        Less | Greater | LessEqual | GreaterEqual | NotEqual | Equal => (3, 3),
        Pipe => (4, 4),
        Tilde => (5, 5),
        Ampersand => (6, 6),
        ShiftLeft | ShiftRight => (7, 7),
        Concat => (9, 8),
        Plus | Minus => (10, 10),
        Star | Slash | DoubleSlash | Percent => (11, 11),
        Caret => (14, 13),
        _ => return None,
    })
}

/// How tightly unary operators bind.
const UNARY_PRIORITY: u8 = 12;

impl Checker<'_> {
    /// Any expression.
    pub(super) fn expression(&mut self) -> Checked<()> {
        self.operation(0)
    }

    /// One or more expressions; returns how many.
    pub(super) fn expression_list(&mut self) -> Checked<usize> {
        self.weigh(weight::EXPRESSIONS);
        self.expression()?;
        let mut count = 1;
        while self.accept(TokenKind::Comma)? {
            self.expression()?;
            count += 1;
        }
        Ok(count)
    }

    /// An expression of operators that bind tighter than `limit`.
    fn operation(&mut self, limit: u8) -> Checked<()> {
        self.weigh(weight::EXPRESSION);
        self.nested(|check| {
            let start = check.current;
            if matches!(check.kind(), TokenKind::Not | TokenKind::Minus | TokenKind::Tilde | TokenKind::Hash) {
                check.advance()?;
                check.operation(UNARY_PRIORITY)?;
            } else {
                check.simple_expression()?;
            }
            let mut operators = Vec::new();
            while let Some((left, right)) = binary_priority(check.kind())
                && left > limit
            {
                operators.push(check.advance()?);
                check.operation(right)?;
            }
            if operators.len() > CHAIN_OPERATORS_MAX {
                let end = TokenIndex::new(check.current.index() - 1);
                check.chains.push(Chain { start, end, operators });
            }
            Ok(())
        })
    }

    fn simple_expression(&mut self) -> Checked<()> {
        use TokenKind::*;
        match self.kind() {
            Integer | Float | String | Nil | True | False => {}
            Dots if self.function().vararg => {}
            Dots => return Err(self.error_near("cannot use '...' outside a vararg function")),
            BraceOpen => return self.table(),
            Function => {
                let token = self.advance()?;
                let line = self.token().line;
                return self.function_body(token, None, line);
            }
            _ => return self.suffixed_expression().map(|_| ()),
        }
        self.advance()?;
        Ok(())
    }

    /// A name or parenthesised expression with its indices and calls.
    pub(super) fn suffixed_expression(&mut self) -> Checked<Suffixed> {
        let mut found = self.primary_expression()?;
        let is_suffix = |kind| {
            use TokenKind::*;
            matches!(kind, Dot | BracketOpen | Colon | ParenOpen | String | BraceOpen)
        };
        if is_suffix(self.kind()) {
            self.weigh(weight::SUFFIXES);
        }
        loop {
            match self.kind() {
                TokenKind::Dot => {
                    self.weigh(weight::INDEX);
                    self.advance()?;
                    self.pass_name()?;
                    found = Suffixed::Index;
                }
                TokenKind::BracketOpen => {
                    self.bracketed_key()?;
                    found = Suffixed::Index;
                }
                TokenKind::Colon => {
                    self.advance()?;
                    self.pass_name()?;
                    self.arguments()?;
                    found = Suffixed::Call;
                }
                TokenKind::ParenOpen | TokenKind::String | TokenKind::BraceOpen => {
                    self.arguments()?;
                    found = Suffixed::Call;
                }
                _ => return Ok(found),
            }
        }
    }

    fn primary_expression(&mut self) -> Checked<Suffixed> {
        match self.kind() {
            TokenKind::Name => {
                let (token, name) = self.pass_name()?;
                self.resolve(token, name);
                Ok(Suffixed::Name(token, name))
            }
            TokenKind::ParenOpen => {
                let line = self.token().line;
                self.advance()?;
                self.expression()?;
                self.pass_close(TokenKind::ParenClose, TokenKind::ParenOpen, line)?;
                Ok(Suffixed::Parenthesised)
            }
            _ => Err(self.error_near("unexpected symbol")),
        }
    }

    /// `[expression]`
    fn bracketed_key(&mut self) -> Checked<()> {
        self.weigh(weight::INDEX);
        self.advance()?;
        self.expression()?;
        self.pass(TokenKind::BracketClose)?;
        Ok(())
    }

    fn arguments(&mut self) -> Checked<()> {
        let line = self.token().line;
        self.weigh(weight::CALL);
        match self.kind() {
            TokenKind::ParenOpen => {
                self.advance()?;
                if self.kind() != TokenKind::ParenClose {
                    self.expression_list()?;
                }
                self.pass_close(TokenKind::ParenClose, TokenKind::ParenOpen, line)?;
                Ok(())
            }
            TokenKind::BraceOpen => self.table(),
            TokenKind::String => self.advance().map(|_| ()),
            _ => Err(self.error_near("function arguments expected")),
        }
    }

    /// `{ … }`
    fn table(&mut self) -> Checked<()> {
        let line = self.token().line;
        let open = self.advance()?;
        if self.kind() != TokenKind::BraceClose {
            self.weigh(weight::EXPRESSIONS);
        }
        let (mut starts, mut start, mut parts) = (Vec::new(), open, self.no_parts());
        while self.kind() != TokenKind::BraceClose {
            if self.is_part_since(start) {
                start = self.current;
                starts.push(start);
                parts = self.end_part(parts);
            }
            match self.kind() {
                TokenKind::Name if self.look_ahead()? == TokenKind::Assign => {
                    self.pass_name()?;
                    self.advance()?;
                }
                TokenKind::BracketOpen => {
                    self.bracketed_key()?;
                    self.pass(TokenKind::Assign)?;
                }
                _ => {}
            }
            self.expression()?;
            if !self.accept(TokenKind::Comma)? && !self.accept(TokenKind::Semicolon)? {
                break;
            }
        }
        let close = self.pass_close(TokenKind::BraceClose, TokenKind::BraceOpen, line)?;
        if !starts.is_empty() {
            self.end_part(parts);
            self.long_tables.insert(open, LongTable { close, starts });
        }
        Ok(())
    }

    /// Parameters and body of the function that `token` begins. `method` is the `:` in its header, `line` the line on
    /// which it is defined.
    pub(super) fn function_body(&mut self, token: TokenIndex, method: Option<TokenIndex>, line: u32) -> Checked<()> {
        self.weigh(weight::FUNCTION);
        self.enter_function(Some(token), line);
        self.pass(TokenKind::ParenOpen)?;
        if let Some(colon) = method {
            let receiver = self.declare(colon, self.names.self_)?;
            self.activate(receiver);
        }
        self.parameters()?;
        self.pass(TokenKind::ParenClose)?;
        self.statements()?;
        self.pass_close(TokenKind::End, TokenKind::Function, line)?;
        self.leave_function()
    }

    fn parameters(&mut self) -> Checked<()> {
        let mut declared = Vec::new();
        if self.kind() != TokenKind::ParenClose {
            self.weigh(weight::NAMES);
            loop {
                match self.kind() {
                    TokenKind::Name => {
                        let (token, name) = self.pass_name()?;
                        declared.push(self.declare(token, name)?);
                    }
                    TokenKind::Dots => {
                        self.advance()?;
                        self.function().vararg = true;
                    }
                    _ => return Err(self.error_near("<name> or '...' expected")),
                }
                if self.function().vararg || !self.accept(TokenKind::Comma)? {
                    break;
                }
            }
        }
        for local in declared {
            self.activate(local);
        }
        Ok(())
    }
}
