//! Expressions, from their tokens: the check has accepted them, so that each token says what comes next.

use super::functions::Header;
use super::{Lowered, Lowering, token_span};
use crate::syntax::hir::*;
use crate::syntax::prepass::{
    Canonical, Token, TokenIndex, TokenKind, TokenValue, UNARY_PRIORITY, Use, binary_priority, is_suffix, is_unary,
};
use cranelift_entity::EntityRef;
use full_moon::ast;

impl Lowering<'_> {
    /// Any expression.
    pub(super) fn expression(&mut self) -> Lowered<ExpressionId> {
        self.operation(0)
    }

    /// An expression that is stored under a name, which a function takes for its own.
    pub(super) fn named_expression(&mut self, name: impl FnOnce(&Self) -> Option<Vec<u8>>) -> Lowered<ExpressionId> {
        if self.kind() == TokenKind::Function {
            let after = TokenIndex::new(self.function_end().index() + 1);
            if binary_priority(self.prepared.tokens[after].kind).is_none() {
                let name = name(self);
                return self.function(name);
            }
        }
        self.expression()
    }

    /// One or more expressions.
    pub(super) fn expressions(&mut self) -> Lowered<Vec<ExpressionId>> {
        let mut list = vec![self.expression()?];
        while self.accept(TokenKind::Comma) {
            list.push(self.expression()?);
        }
        Ok(list)
    }

    /// An expression of operators that bind tighter than `limit`.
    fn operation(&mut self, limit: u8) -> Lowered<ExpressionId> {
        let mut left = if is_unary(self.kind()) {
            let operator = self.pass();
            let operand = self.operation(UNARY_PRIORITY)?;
            self.unary(operator, operand)
        } else {
            self.operand()?
        };
        while let Some((priority, right_priority)) = binary_priority(self.kind())
            && priority > limit
        {
            let operator = self.pass();
            let right = self.operation(right_priority)?;
            left = self.binary(operator, left, right);
        }
        Ok(left)
    }

    fn operand(&mut self) -> Lowered<ExpressionId> {
        use TokenKind::*;
        match self.kind() {
            Integer | Float | String | Nil | True | False | Dots => Ok(self.simple()),
            BraceOpen => self.table(),
            Function => self.function(None),
            _ => self.suffixed(),
        }
    }

    /// A literal, constant or `...`; a name stands for its spelling.
    pub(super) fn simple(&mut self) -> ExpressionId {
        let token = self.pass();
        let constant = match (token.kind, token.value) {
            (TokenKind::Dots, _) => return self.push(ExpressionKind::Vararg, token_span(token)),
            (TokenKind::True, _) => Constant::Boolean(true),
            (TokenKind::False, _) => Constant::Boolean(false),
            (_, TokenValue::Integer(value)) => Constant::Integer(value),
            (_, TokenValue::Float(value)) => Constant::Float(value),
            (_, TokenValue::String(value)) => Constant::String(value),
            (_, TokenValue::None) => Constant::Nil,
        };
        self.push(ExpressionKind::Constant(constant), token_span(token))
    }

    /// The last token of the function that begins here.
    fn function_end(&self) -> TokenIndex {
        match self.prepared.uses[self.next] {
            Use::Function(id) => self.prepared.function_ends[id],
            Use::None | Use::Local(_) | Use::Global(_) | Use::Label(_) => {
                unreachable!("the grammar check notes every function")
            }
        }
    }

    /// A function, which the parser gets on its own.
    fn function(&mut self, name: Option<Vec<u8>>) -> Lowered<ExpressionId> {
        let (token, after) = (self.next, TokenIndex::new(self.function_end().index() + 1));
        let canonical = Canonical::of_function(self.prepared, token..after);
        self.seek(TokenIndex::new(token.index() + 1));
        let function = self.part(canonical, |lowering, block| {
            let header = Header { token, method: None, local: None, name, line_defined: None };
            lowering.closure(header, returned_function(block))
        })?;
        self.seek(after);
        Ok(function)
    }

    /// A name that is used as a value.
    fn name(&mut self) -> Lowered<ExpressionId> {
        let (at, token) = (self.next, self.pass());
        let kind = match self.place_of_name(at)? {
            PlaceKind::Variable(variable) => ExpressionKind::Variable(variable),
            PlaceKind::Global { environment, name } => ExpressionKind::Global { environment, name },
            PlaceKind::Index { table, key } => ExpressionKind::Index { table, key },
        };
        // A variable that was folded away stands for its value.
        let folded = match self.prepared.uses[at] {
            Use::Local(local) if self.chunk.locals[local].folded => self.chunk.locals[local].known,
            _ => None,
        };
        Ok(self.push(folded.map_or(kind, ExpressionKind::Constant), token_span(token)))
    }

    /// What a name stands for.
    pub(super) fn place_of_name(&mut self, at: TokenIndex) -> Lowered<PlaceKind> {
        match self.prepared.uses[at] {
            Use::Local(local) if self.chunk.locals[local].folded => Ok(PlaceKind::Variable(Variable::Local(local))),
            Use::Local(local) => Ok(PlaceKind::Variable(self.variable(local, at)?)),
            Use::Global(environment) => {
                let token = self.prepared.tokens[at];
                let (spelling, span) = (spelling(token), token_span(token));
                let record = &self.chunk.locals[environment];
                if let (true, Some(constant)) = (record.folded, record.known) {
                    let table = self.push(ExpressionKind::Constant(constant), span);
                    let key = self.push(ExpressionKind::Constant(Constant::String(spelling)), span);
                    return Ok(PlaceKind::Index { table, key });
                }
                Ok(PlaceKind::Global { environment: self.variable(environment, at)?, name: spelling })
            }
            Use::None | Use::Label(_) | Use::Function(_) => {
                unreachable!("the grammar check resolves every name that is used")
            }
        }
    }

    /// A name, or an expression in parentheses.
    fn prefix(&mut self) -> Lowered<ExpressionId> {
        if self.kind() == TokenKind::Name {
            return self.name();
        }
        let open = self.pass();
        let inner = self.expression()?;
        let inner = self.first(inner);
        let close = self.pass();
        let span = &mut self.chunk.expressions[inner].span;
        (span.start, span.end) = (open.start, close.end);
        Ok(inner)
    }

    /// The first value of an expression that may have many.
    pub(super) fn first(&mut self, expression: ExpressionId) -> ExpressionId {
        let span = self.span(expression);
        if self.chunk.expressions[expression].kind.is_multiple() {
            self.push(ExpressionKind::First(expression), span)
        } else {
            expression
        }
    }

    /// A prefix with indices and calls.
    pub(super) fn suffixed(&mut self) -> Lowered<ExpressionId> {
        let mut value = self.prefix()?;
        loop {
            value = match self.kind() {
                TokenKind::Dot | TokenKind::BracketOpen => {
                    let (key, span) = self.index_key(value)?;
                    self.push(ExpressionKind::Index { table: value, key }, span)
                }
                kind if is_suffix(kind) => self.call(value)?,
                _ => return Ok(value),
            };
        }
    }

    /// What an assignment assigns to.
    pub(super) fn place(&mut self) -> Lowered<Place> {
        let (at, token) = (self.next, self.prepared.tokens[self.next]);
        if token.kind == TokenKind::Name {
            self.pass();
            if !is_suffix(self.kind()) {
                return Ok(Place { kind: self.place_of_name(at)?, span: token_span(token) });
            }
            self.seek(at);
        }
        let mut value = self.prefix()?;
        loop {
            value = match self.kind() {
                TokenKind::Dot | TokenKind::BracketOpen => {
                    let (key, span) = self.index_key(value)?;
                    if !is_suffix(self.kind()) {
                        return Ok(Place { kind: PlaceKind::Index { table: value, key }, span });
                    }
                    self.push(ExpressionKind::Index { table: value, key }, span)
                }
                _ => self.call(value)?,
            };
        }
    }

    /// The key of an index and the span of indexing `table` with it.
    fn index_key(&mut self, table: ExpressionId) -> Lowered<(ExpressionId, Span)> {
        let key = match self.pass().kind {
            TokenKind::Dot => self.simple(),
            _ => {
                let key = self.expression()?;
                self.pass();
                key
            }
        };
        let last = self.last();
        Ok((key, Span { start: self.span(table).start, end: last.end, line: last.line }))
    }

    fn call(&mut self, callee: ExpressionId) -> Lowered<ExpressionId> {
        let start = self.span(callee).start;
        let method = self.accept(TokenKind::Colon).then(|| spelling(self.pass()));
        let line = self.prepared.tokens[self.next].line;
        let arguments = match self.kind() {
            TokenKind::String => vec![self.simple()],
            TokenKind::BraceOpen => vec![self.table()?],
            _ => {
                self.pass();
                let arguments = if self.kind() == TokenKind::ParenClose { Vec::new() } else { self.expressions()? };
                self.pass();
                arguments
            }
        };
        let kind = match method {
            Some(name) => ExpressionKind::MethodCall { receiver: callee, name, arguments },
            None => ExpressionKind::Call { callee, arguments },
        };
        Ok(self.push(kind, Span { start, end: self.last().end, line }))
    }

    fn table(&mut self) -> Lowered<ExpressionId> {
        let open = self.pass();
        let mut items = Vec::new();
        while self.kind() != TokenKind::BraceClose {
            items.push(self.item()?);
            if !self.accept(TokenKind::Comma) {
                self.accept(TokenKind::Semicolon);
            }
        }
        let close = self.pass();
        Ok(self.push(ExpressionKind::Table(items), Span { start: open.start, end: close.end, line: open.line }))
    }

    fn item(&mut self) -> Lowered<TableItem> {
        let after = TokenIndex::new(self.next.index() + 1);
        Ok(match self.kind() {
            TokenKind::BracketOpen => {
                self.pass();
                let key = self.expression()?;
                self.seek(TokenIndex::new(self.next.index() + 2));
                TableItem::Keyed { key, value: self.expression()? }
            }
            TokenKind::Name if self.prepared.tokens[after].kind == TokenKind::Assign => {
                let name = spelling(self.prepared.tokens[self.next]);
                let key = self.simple();
                self.pass();
                let value = self.named_expression(|lowering| Some(lowering.chunk.strings[name].to_vec()))?;
                TableItem::Keyed { key, value }
            }
            _ => TableItem::Positional(self.expression()?),
        })
    }
}

/// The spelling of a name.
fn spelling(name: Token) -> StringId {
    match name.value {
        TokenValue::String(name) => name,
        TokenValue::None | TokenValue::Integer(_) | TokenValue::Float(_) => {
            unreachable!("the lexer gives every name its spelling")
        }
    }
}

/// The function that the text of one returns.
fn returned_function(block: &ast::Block) -> &ast::FunctionBody {
    match block.last_stmt() {
        Some(ast::LastStmt::Return(statement)) => match statement.returns().iter().next() {
            Some(ast::Expression::Function(function)) => function.body(),
            _ => unreachable!("it returns a function"),
        },
        _ => unreachable!("it returns"),
    }
}
