//! Statements.

use super::functions::Header;
use super::{Lowered, Lowering};
use crate::syntax::hir::*;
use crate::syntax::prepass::{Token, TokenIndex, TokenKind};
use cranelift_entity::EntityRef;
use full_moon::ast::{self, LastStmt, Stmt, Suffix, Var};
use full_moon::tokenizer::TokenReference;

impl Lowering<'_> {
    /// A block with a scope of its own.
    pub(super) fn block(&mut self, block: &ast::Block) -> Lowered<Block> {
        let open_closes = self.frame().open_closes;
        let mut statements = Vec::new();
        self.append(&mut statements, block)?;
        self.frame().open_closes = open_closes;
        Ok(Block { statements })
    }

    /// Appends the statements of a block, or of a part of one.
    pub(super) fn append(&mut self, statements: &mut Vec<Statement>, block: &ast::Block) -> Lowered<()> {
        for statement in block.stmts() {
            statements.extend(self.statement(statement)?);
        }
        if let Some(last) = block.last_stmt() {
            statements.push(self.last_statement(last)?);
        }
        Ok(())
    }

    /// One statement; `None` if it does nothing.
    fn statement(&mut self, statement: &Stmt) -> Lowered<Option<Statement>> {
        let statement = match statement {
            Stmt::Assignment(assignment) => self.assignment(assignment)?,
            Stmt::Do(block) => {
                let kind = StatementKind::Do(self.block(block.block())?);
                self.between(block.do_token(), block.end_token(), kind)
            }
            Stmt::FunctionCall(call) => {
                let call = self.suffixed(call.prefix(), call.suffixes())?;
                self.spanning(call, StatementKind::Call(call))
            }
            Stmt::FunctionDeclaration(function) => self.function_statement(function)?,
            Stmt::GenericFor(generic) => self.generic_for(generic)?,
            Stmt::If(branches) => self.if_statement(branches)?,
            Stmt::LocalAssignment(declaration) => return self.local_statement(declaration),
            Stmt::LocalFunction(function) => self.local_function(function)?,
            Stmt::NumericFor(numeric) => self.numeric_for(numeric)?,
            Stmt::Repeat(repeat) => self.repeat_statement(repeat)?,
            Stmt::While(body) => {
                let condition = self.expression(body.condition())?;
                let kind = StatementKind::While { condition, body: self.block(body.block())? };
                self.between(body.while_token(), body.end_token(), kind)
            }
            Stmt::Goto(goto) if self.token(goto.goto_token()).kind == TokenKind::Break => {
                self.between(goto.goto_token(), goto.goto_token(), StatementKind::Break)
            }
            Stmt::Goto(goto) => {
                let kind = StatementKind::Goto(self.label(goto.label_name()));
                self.between(goto.goto_token(), goto.label_name(), kind)
            }
            Stmt::Label(label) => {
                let id = self.label(label.name());
                self.chunk.labels[id].open_closes = self.frame().open_closes;
                self.between(label.left_colons(), label.right_colons(), StatementKind::Label(id))
            }
            _ => unreachable!("the grammar check knows no other kind of statement"),
        };
        Ok(Some(statement))
    }

    fn last_statement(&mut self, statement: &LastStmt) -> Lowered<Statement> {
        let LastStmt::Return(statement) = statement else {
            unreachable!("the canonical text has no break, and the grammar check knows nothing else")
        };
        let values = self.expressions(statement.returns())?;
        let is_call = |value: &ExpressionId| {
            let kind = &self.chunk.expressions[*value].kind;
            matches!(kind, ExpressionKind::Call { .. } | ExpressionKind::MethodCall { .. })
        };
        let tail_call = matches!(values.as_slice(), [value] if is_call(value)) && self.frame().open_closes == 0;
        let first = self.token(statement.token());
        let last = self.last_of(&values).unwrap_or(first);
        Ok(finish(first, last, StatementKind::Return { values, tail_call }))
    }

    /// A statement between two tokens.
    fn between(&self, first: &TokenReference, last: &TokenReference, kind: StatementKind) -> Statement {
        finish(self.token(first), self.token(last), kind)
    }

    /// A statement that is an expression.
    fn spanning(&self, expression: ExpressionId, kind: StatementKind) -> Statement {
        let Span { start, end, .. } = self.span(expression);
        finish(self.token_at(start), self.token_before(end), kind)
    }

    /// The last token of the last expression of a list.
    fn last_of(&self, list: &[ExpressionId]) -> Option<Token> {
        list.last().map(|&expression| self.token_before(self.span(expression).end))
    }

    /// The token that begins at byte `start`.
    fn token_at(&self, start: u32) -> Token {
        let tokens = self.prepared.tokens.values().as_slice();
        let after = tokens.partition_point(|token| token.start <= start);
        tokens[after.saturating_sub(1)]
    }

    fn assignment(&mut self, assignment: &ast::Assignment) -> Lowered<Statement> {
        let targets: Vec<Place> =
            assignment.variables().iter().map(|target| self.place(target)).collect::<Lowered<_>>()?;
        let mut values = Vec::new();
        for (index, value) in assignment.expressions().iter().enumerate() {
            let name = targets.get(index).and_then(|target| self.target_name(target));
            values.push(self.named_expression(value, name)?);
        }
        let equal = self.token(assignment.equal_token());
        let first = targets.first().map_or(equal, |target| self.token_at(target.span.start));
        let last = self.last_of(&values).unwrap_or(equal);
        Ok(finish(first, last, StatementKind::Assign { targets, values }))
    }

    /// What an assignment assigns to.
    fn place(&mut self, target: &Var) -> Lowered<Place> {
        match target {
            Var::Name(name) => {
                let token = self.token(name);
                let span = Span { start: token.start, end: token.end, line: token.line };
                Ok(Place { kind: self.place_of_name(name)?, span })
            }
            Var::Expression(variable) => {
                let suffixes: Vec<&Suffix> = variable.suffixes().collect();
                let Some((Suffix::Index(index), before)) = suffixes.split_last() else {
                    unreachable!("the grammar check lets only names and fields be assigned")
                };
                let table = self.suffixed(variable.prefix(), before.iter().copied())?;
                let (key, span) = self.index_key(table, index)?;
                Ok(Place { kind: PlaceKind::Index { table, key }, span })
            }
            _ => unreachable!("the grammar check knows no other kind of target"),
        }
    }

    /// The name a function gets from what it is assigned to, if that is spelled simply.
    fn target_name(&self, target: &Place) -> Option<Vec<u8>> {
        let text = &self.source[target.span.start as usize..target.span.end as usize];
        let is_simple = text.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
        is_simple.then(|| text.to_vec())
    }

    fn local_statement(&mut self, declaration: &ast::LocalAssignment) -> Lowered<Option<Statement>> {
        let names = declaration.names();
        let mut locals: Vec<LocalId> = names.iter().map(|name| self.declared(name)).collect();
        let mut values = Vec::new();
        for (index, value) in declaration.expressions().iter().enumerate() {
            let name = locals.get(index).map(|&local| self.chunk.strings[self.chunk.locals[local].name].to_vec());
            values.push(self.named_expression(value, name)?);
        }
        let first = self.token(declaration.local_token());
        let last_name = names.last().map_or(first, |pair| self.token(pair.value()));
        let last_attribute = declaration.attributes().last().flatten();
        let last = self
            .last_of(&values)
            .or_else(|| last_attribute.map(|attribute| self.token(attribute.brackets().tokens().1)))
            .unwrap_or(last_name);
        self.note_known(&locals, &values);
        if self.fold_last(&locals, &values) {
            locals.pop();
            values.pop();
        }
        if locals.iter().any(|&local| self.chunk.locals[local].attribute == Attribute::Close) {
            self.frame().open_closes += 1;
        }
        let is_empty = locals.is_empty() && values.is_empty();
        Ok((!is_empty).then(|| finish(first, last, StatementKind::Local { locals, values })))
    }

    /// Notes the values of locals that are constants for good.
    fn note_known(&mut self, locals: &[LocalId], values: &[ExpressionId]) {
        let last_is_multiple = values.last().is_some_and(|&last| self.chunk.expressions[last].kind.is_multiple());
        for (index, &local) in locals.iter().enumerate() {
            let value = match values.get(index) {
                Some(&value) => self.constant(value),
                None if last_is_multiple => None,
                None => Some(Constant::Nil),
            };
            let record = &mut self.chunk.locals[local];
            if !record.reassigned && record.attribute != Attribute::Close {
                record.known = value;
            }
        }
    }

    /// Makes the last local a compile-time constant where the reference implementation does.
    fn fold_last(&mut self, locals: &[LocalId], values: &[ExpressionId]) -> bool {
        let Some(&last) = locals.last().filter(|_| locals.len() == values.len()) else { return false };
        let record = &mut self.chunk.locals[last];
        record.folded = record.attribute == Attribute::Const && record.known.is_some();
        record.folded
    }

    fn local_function(&mut self, function: &ast::LocalFunction) -> Lowered<Statement> {
        let local = self.declared(function.name());
        let name = self.chunk.strings[self.chunk.locals[local].name].to_vec();
        let token = function.function_token();
        let header = Header { token, method: None, local: Some(local), name: Some(name), line_defined: None };
        let value = self.closure(header, function.body())?;
        let kind = StatementKind::LocalFunction { local, function: value };
        Ok(self.between(function.local_token(), function.body().end_token(), kind))
    }

    /// `function a.b:c() … end` is `a.b.c = function(self) … end`.
    fn function_statement(&mut self, function: &ast::FunctionDeclaration) -> Lowered<Statement> {
        let name = function.name();
        let mut parts = name.names().iter().chain(name.method_name());
        let Some(first) = parts.next() else { unreachable!("a function statement has a name") };
        let start = self.token(first);
        let mut text = self.text(first).to_vec();
        let mut span = Span { start: start.start, end: start.end, line: start.line };
        let mut kind = self.place_of_name(first)?;
        for part in parts {
            let table = match kind {
                PlaceKind::Variable(variable) => self.variable_value(variable, span),
                PlaceKind::Global { environment, name } => {
                    self.push(ExpressionKind::Global { environment, name }, span)
                }
                PlaceKind::Index { table, key } => self.push(ExpressionKind::Index { table, key }, span),
            };
            let token = self.token(part);
            let key = self.key(part);
            text.push(if name.method_name().is_some_and(|method| std::ptr::eq(method, part)) { b':' } else { b'.' });
            text.extend_from_slice(self.text(part));
            span = Span { start: start.start, end: token.end, line: token.line };
            kind = PlaceKind::Index { table, key };
        }
        let first = self.token(function.function_token());
        let header = Header {
            token: function.function_token(),
            method: name.method_colon(),
            local: None,
            name: Some(text),
            line_defined: Some(first.line),
        };
        let value = self.closure(header, function.body())?;
        let kind = StatementKind::Assign { targets: vec![Place { kind, span }], values: vec![value] };
        let mut statement = self.between(function.function_token(), function.body().end_token(), kind);
        // The definition counts as made where it begins.
        statement.last_line = first.line;
        Ok(statement)
    }

    /// A variable that is the table of a function's name.
    fn variable_value(&mut self, variable: Variable, span: Span) -> ExpressionId {
        let folded = match variable {
            Variable::Local(local) if self.chunk.locals[local].folded => self.chunk.locals[local].known,
            Variable::Local(_) | Variable::Upvalue(_) => None,
        };
        self.push(folded.map_or(ExpressionKind::Variable(variable), ExpressionKind::Constant), span)
    }

    /// The source text of a name token.
    fn text(&self, name: &TokenReference) -> &[u8] {
        let token = self.token(name);
        &self.source[token.start as usize..token.end as usize]
    }

    fn if_statement(&mut self, branches: &ast::If) -> Lowered<Statement> {
        let then_line = self.token(branches.then_token()).line;
        let mut arms = vec![(self.expression(branches.condition())?, self.block(branches.block())?, then_line)];
        for arm in branches.else_if().into_iter().flatten() {
            let then_line = self.token(arm.then_token()).line;
            arms.push((self.expression(arm.condition())?, self.block(arm.block())?, then_line));
        }
        let otherwise = branches.else_block().map(|block| self.block(block)).transpose()?;
        let kind = StatementKind::If { arms, otherwise };
        Ok(self.between(branches.if_token(), branches.end_token(), kind))
    }

    fn repeat_statement(&mut self, repeat: &ast::Repeat) -> Lowered<Statement> {
        let body = self.block(repeat.block())?;
        let condition = self.expression(repeat.until())?;
        let first = self.token(repeat.repeat_token());
        let last = self.token_before(self.span(condition).end);
        Ok(finish(first, last, StatementKind::Repeat { body, condition }))
    }

    fn numeric_for(&mut self, numeric: &ast::NumericFor) -> Lowered<Statement> {
        let start = self.expression(numeric.start())?;
        let limit = self.expression(numeric.end())?;
        let step = numeric.step().map(|step| self.expression(step)).transpose()?;
        let local = self.declared(numeric.index_variable());
        let body = self.block(numeric.block())?;
        let do_line = self.token(numeric.do_token()).line;
        let kind = StatementKind::NumericFor { local, start, limit, step, do_line, body };
        Ok(self.between(numeric.for_token(), numeric.end_token(), kind))
    }

    fn generic_for(&mut self, generic: &ast::GenericFor) -> Lowered<Statement> {
        let values = self.expressions(generic.expressions())?;
        let locals = generic.names().iter().map(|name| self.declared(name)).collect();
        let after_in = TokenIndex::new(self.index(generic.in_token()).index() + 1);
        let call_line = self.prepared.tokens[after_in].line;
        self.frame().open_closes += 1;
        let body = self.block(generic.block())?;
        self.frame().open_closes -= 1;
        let kind = StatementKind::GenericFor { locals, values, call_line, body };
        Ok(self.between(generic.for_token(), generic.end_token(), kind))
    }
}

fn finish(first: Token, last: Token, kind: StatementKind) -> Statement {
    let span = Span { start: first.start, end: last.end.max(first.end), line: first.line };
    Statement { kind, span, last_line: last.line }
}
