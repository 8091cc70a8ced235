//! The grammar check of expressions.

use super::checker::{Checked, Checker};
use super::token::{TokenIndex, TokenKind};
use super::weight;
use crate::syntax::hir::StringId;

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
pub(in crate::syntax) fn binary_priority(kind: TokenKind) -> Option<(u8, u8)> {
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
pub(in crate::syntax) const UNARY_PRIORITY: u8 = 12;

/// Whether a token where an operand is expected is an operator.
pub(in crate::syntax) fn is_unary(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Not | TokenKind::Minus | TokenKind::Tilde | TokenKind::Hash)
}

/// Whether a token after a name, a call or a field begins an index or a call.
pub(in crate::syntax) fn is_suffix(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(kind, Dot | BracketOpen | Colon | ParenOpen | String | BraceOpen)
}

impl Checker<'_> {
    /// Any expression.
    pub(super) fn expression(&mut self) -> Checked<()> {
        self.operation(0)
    }

    /// One or more expressions; returns how many.
    pub(super) fn expression_list(&mut self) -> Checked<usize> {
        self.weigh_lasting(weight::LIST);
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
        self.weigh_lasting(weight::EXPRESSION);
        self.nested(|check| {
            if is_unary(check.kind()) {
                check.advance()?;
                check.operation(UNARY_PRIORITY)?;
            } else {
                check.simple_expression()?;
            }
            while let Some((left, right)) = binary_priority(check.kind())
                && left > limit
            {
                check.weigh_lasting(weight::EXPRESSION);
                check.advance()?;
                check.operation(right)?;
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
                return self.function_expression();
            }
            _ => return self.suffixed_expression().map(|_| ()),
        }
        self.advance()?;
        Ok(())
    }

    /// A name or parenthesised expression with its indices and calls.
    pub(super) fn suffixed_expression(&mut self) -> Checked<Suffixed> {
        let mut found = self.primary_expression()?;
        loop {
            match self.kind() {
                TokenKind::Dot => {
                    self.weigh_lasting(2 * weight::EXPRESSION);
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
        self.weigh_lasting(2 * weight::EXPRESSION);
        self.advance()?;
        self.expression()?;
        self.pass(TokenKind::BracketClose)?;
        Ok(())
    }

    fn arguments(&mut self) -> Checked<()> {
        let line = self.token().line;
        self.weigh_lasting(weight::EXPRESSION + weight::LIST);
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
        self.advance()?;
        while self.kind() != TokenKind::BraceClose {
            self.weigh_lasting(weight::ITEM);
            match self.kind() {
                TokenKind::Name if self.look_ahead()? == TokenKind::Assign => {
                    self.weigh_lasting(weight::EXPRESSION);
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
        self.pass_close(TokenKind::BraceClose, TokenKind::BraceOpen, line)?;
        Ok(())
    }

    /// A function, which the parser sees on its own.
    fn function_expression(&mut self) -> Checked<()> {
        let largest = std::mem::take(&mut self.largest_function);
        let part = self.new_part(largest);
        let token = self.advance()?;
        let line = self.token().line;
        self.function_body(token, None, line)?;
        self.largest_function = self.end_part(part).largest;
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
        self.elide("", Self::parameters)?;
        self.pass(TokenKind::ParenClose)?;
        self.statements()?;
        self.pass_close(TokenKind::End, TokenKind::Function, line)?;
        self.leave_function()
    }

    fn parameters(&mut self) -> Checked<()> {
        let mut declared = Vec::new();
        if self.kind() != TokenKind::ParenClose {
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
