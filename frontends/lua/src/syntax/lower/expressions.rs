//! Expressions.

use super::functions::Header;
use super::{ChainId, Lowered, Lowering, Origin, token_span};
use crate::syntax::hir::*;
use crate::syntax::prepass::{Canonical, Token, TokenKind, TokenValue, Use};
use full_moon::ast::{self, Call, Field, FunctionArgs, Index, Prefix, Suffix, Var};
use full_moon::tokenizer::TokenReference;

impl Lowering<'_> {
    /// Any expression.
    pub(super) fn expression(&mut self, expression: &ast::Expression) -> Lowered<ExpressionId> {
        self.named_expression(expression, None)
    }

    /// An expression that is stored under a name, which a function takes for its own.
    pub(super) fn named_expression(
        &mut self,
        expression: &ast::Expression,
        name: Option<Vec<u8>>,
    ) -> Lowered<ExpressionId> {
        match expression {
            ast::Expression::BinaryOperator { lhs, binop, rhs } => {
                let left = self.expression(lhs)?;
                let right = self.expression(rhs)?;
                Ok(self.binary(self.token(binop.token()), left, right))
            }
            ast::Expression::UnaryOperator { unop, expression } => {
                let operand = self.expression(expression)?;
                Ok(self.unary(self.token(unop.token()), operand))
            }
            ast::Expression::Parentheses { contained, expression } => {
                let (open, close) = contained.tokens();
                self.parenthesised(open, expression, close)
            }
            ast::Expression::Function(function) => {
                let token = function.function_token();
                let header = Header { token, method: None, local: None, name, line_defined: None };
                self.closure(header, function.body())
            }
            ast::Expression::FunctionCall(call) => self.suffixed(call.prefix(), call.suffixes()),
            ast::Expression::TableConstructor(table) => self.table(table),
            ast::Expression::Number(token) | ast::Expression::String(token) | ast::Expression::Symbol(token) => {
                let token = self.token(token);
                Ok(self.simple(token))
            }
            ast::Expression::Var(Var::Name(name)) => self.name(name),
            ast::Expression::Var(Var::Expression(variable)) => self.suffixed(variable.prefix(), variable.suffixes()),
            _ => unreachable!("the grammar check knows no other kind of expression"),
        }
    }

    /// All expressions of a list.
    pub(super) fn expressions<'ast>(
        &mut self,
        list: impl IntoIterator<Item = &'ast ast::Expression>,
    ) -> Lowered<Vec<ExpressionId>> {
        list.into_iter().map(|expression| self.expression(expression)).collect()
    }

    /// A literal, constant or `...`.
    fn simple(&mut self, token: Token) -> ExpressionId {
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

    /// The string constant that a name token makes as key or method.
    pub(super) fn key(&mut self, name: &TokenReference) -> ExpressionId {
        let token = self.token(name);
        self.simple(token)
    }

    /// The spelling of a name token.
    fn spelling(&self, name: &TokenReference) -> StringId {
        match self.token(name).value {
            TokenValue::String(name) => name,
            TokenValue::None | TokenValue::Integer(_) | TokenValue::Float(_) => {
                unreachable!("the lexer gives every name its spelling")
            }
        }
    }

    /// A name that is used as a value.
    fn name(&mut self, name: &TokenReference) -> Lowered<ExpressionId> {
        let span = token_span(self.token(name));
        let kind = match self.place_of_name(name)? {
            PlaceKind::Variable(variable) => ExpressionKind::Variable(variable),
            PlaceKind::Global { environment, name } => ExpressionKind::Global { environment, name },
            PlaceKind::Index { table, key } => ExpressionKind::Index { table, key },
        };
        // A variable that was folded away stands for its value.
        let folded = match self.prepared.uses[self.index(name)] {
            Use::Local(local) if self.chunk.locals[local].folded => self.chunk.locals[local].known,
            _ => None,
        };
        Ok(self.push(folded.map_or(kind, ExpressionKind::Constant), span))
    }

    /// What a name stands for.
    pub(super) fn place_of_name(&mut self, name: &TokenReference) -> Lowered<PlaceKind> {
        let at = self.index(name);
        match self.prepared.uses[at] {
            Use::Local(local) if self.chunk.locals[local].folded => Ok(PlaceKind::Variable(Variable::Local(local))),
            Use::Local(local) => Ok(PlaceKind::Variable(self.variable(local, at)?)),
            Use::Global(environment) => {
                let spelling = self.spelling(name);
                let record = &self.chunk.locals[environment];
                if let (true, Some(constant)) = (record.folded, record.known) {
                    let span = token_span(self.token(name));
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

    fn parenthesised(
        &mut self,
        open: &TokenReference,
        inner: &ast::Expression,
        close: &TokenReference,
    ) -> Lowered<ExpressionId> {
        let (start, end) = (self.token(open).start, self.token(close).end);
        let inner = self.expression(inner)?;
        let inner = self.first(inner);
        let span = &mut self.chunk.expressions[inner].span;
        (span.start, span.end) = (start, end);
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
    pub(super) fn suffixed<'ast>(
        &mut self,
        prefix: &Prefix,
        suffixes: impl Iterator<Item = &'ast Suffix>,
    ) -> Lowered<ExpressionId> {
        let mut suffixes = suffixes.peekable();
        let mut value = match prefix {
            Prefix::Name(name) => match (self.origin(name), suffixes.peek()) {
                (Origin::Chain(chain), Some(Suffix::Call(Call::AnonymousCall(operands)))) => {
                    return self.chain(chain, operands);
                }
                _ => self.name(name)?,
            },
            Prefix::Expression(expression) => self.expression(expression)?,
            _ => unreachable!("the grammar check knows no other kind of prefix"),
        };
        for suffix in suffixes {
            value = match suffix {
                Suffix::Index(index) => {
                    let (key, span) = self.index_key(value, index)?;
                    self.push(ExpressionKind::Index { table: value, key }, span)
                }
                Suffix::Call(call) => self.call(value, call)?,
                _ => unreachable!("the grammar check knows no other kind of suffix"),
            };
        }
        Ok(value)
    }

    /// The key of an index and the span of indexing `table` with it.
    pub(super) fn index_key(&mut self, table: ExpressionId, index: &Index) -> Lowered<(ExpressionId, Span)> {
        let (key, last) = match index {
            Index::Dot { name, .. } => (self.key(name), self.token(name)),
            Index::Brackets { brackets, expression } => (self.expression(expression)?, self.token(brackets.tokens().1)),
            _ => unreachable!("the grammar check knows no other kind of index"),
        };
        Ok((key, Span { start: self.span(table).start, end: last.end, line: last.line }))
    }

    fn call(&mut self, callee: ExpressionId, call: &Call) -> Lowered<ExpressionId> {
        let start = self.span(callee).start;
        match call {
            Call::AnonymousCall(arguments) => {
                let (arguments, end, line) = self.arguments(arguments)?;
                let kind = ExpressionKind::Call { callee, arguments };
                Ok(self.push(kind, Span { start, end, line }))
            }
            Call::MethodCall(method) => {
                let (arguments, end, line) = self.arguments(method.args())?;
                let name = self.spelling(method.name());
                let kind = ExpressionKind::MethodCall { receiver: callee, name, arguments };
                Ok(self.push(kind, Span { start, end, line }))
            }
            _ => unreachable!("the grammar check knows no other kind of call"),
        }
    }

    /// Arguments, the offset where they end, and the line of the call.
    fn arguments(&mut self, arguments: &FunctionArgs) -> Lowered<(Vec<ExpressionId>, u32, u32)> {
        match arguments {
            FunctionArgs::Parentheses { parentheses, arguments } => {
                let (open, close) = parentheses.tokens();
                let (open, close) = (self.token(open), self.token(close));
                Ok((self.expressions(arguments)?, close.end, open.line))
            }
            FunctionArgs::String(string) => {
                let token = self.token(string);
                Ok((vec![self.simple(token)], token.end, token.line))
            }
            FunctionArgs::TableConstructor(table) => {
                let (open, close) = table.braces().tokens();
                let (open, close) = (self.token(open), self.token(close));
                Ok((vec![self.table(table)?], close.end, open.line))
            }
            _ => unreachable!("the grammar check knows no other kind of arguments"),
        }
    }

    /// A chain of operators that the parser saw as a call.
    fn chain(&mut self, chain: ChainId, operands: &FunctionArgs) -> Lowered<ExpressionId> {
        let FunctionArgs::Parentheses { arguments, .. } = operands else {
            unreachable!("a chain is written with parentheses")
        };
        let prepared = self.prepared;
        let mut operands = arguments.iter();
        let mut left = match operands.next() {
            Some(first) => self.expression(first)?,
            None => unreachable!("a chain has many operands"),
        };
        for (operand, &operator) in operands.zip(&prepared.chains[chain].operators) {
            let right = self.expression(operand)?;
            left = self.binary(prepared.tokens[operator], left, right);
        }
        Ok(left)
    }

    fn table(&mut self, table: &ast::TableConstructor) -> Lowered<ExpressionId> {
        let (open, close) = table.braces().tokens();
        let (open_at, open, close) = (self.index(open), self.token(open), self.token(close));
        let (prepared, mut items) = (self.prepared, Vec::with_capacity(table.fields().len()));
        match prepared.long_tables.get(&open_at) {
            None => self.items(&mut items, table)?,
            Some(long) => {
                for part in long.parts(open_at) {
                    let canonical = Canonical::of_items(prepared, &self.edits, part);
                    self.part(canonical, |lowering, block| lowering.items(&mut items, returned_table(block)))?;
                }
            }
        }
        Ok(self.push(ExpressionKind::Table(items), Span { start: open.start, end: close.end, line: open.line }))
    }

    /// Appends the items of a constructor, or of a part of one.
    fn items(&mut self, items: &mut Vec<TableItem>, table: &ast::TableConstructor) -> Lowered<()> {
        for field in table.fields() {
            items.push(match field {
                Field::NoKey(value) => TableItem::Positional(self.expression(value)?),
                Field::NameKey { key, value, .. } => {
                    let name = self.chunk.strings[self.spelling(key)].to_vec();
                    TableItem::Keyed { key: self.key(key), value: self.named_expression(value, Some(name))? }
                }
                Field::ExpressionKey { key, value, .. } => {
                    TableItem::Keyed { key: self.expression(key)?, value: self.expression(value)? }
                }
                _ => unreachable!("the grammar check knows no other kind of field"),
            });
        }
        Ok(())
    }
}

/// The table constructor that the text of some items is.
fn returned_table(block: &ast::Block) -> &ast::TableConstructor {
    match block.last_stmt() {
        Some(ast::LastStmt::Return(statement)) => match statement.returns().iter().next() {
            Some(ast::Expression::TableConstructor(table)) => table,
            _ => unreachable!("it returns a table"),
        },
        _ => unreachable!("it returns"),
    }
}
