//! Statements.

use super::functions::Header;
use super::{Lowered, Lowering, token_span};
use crate::syntax::hir::*;
use crate::syntax::prepass::{Token, TokenIndex, TokenKind};
use full_moon::ast::lua52::{Goto, Label};
use full_moon::ast::{self, LastStmt, Stmt};
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
            Stmt::Do(block) => {
                let kind = StatementKind::Do(self.block(block.block())?);
                self.between(block.do_token(), block.end_token(), kind)
            }
            Stmt::FunctionDeclaration(function) => self.function_statement(function)?,
            Stmt::GenericFor(generic) => self.generic_for(generic)?,
            Stmt::If(branches) => self.if_statement(branches)?,
            Stmt::LocalAssignment(declaration) => return self.local_statement(declaration),
            Stmt::LocalFunction(function) => self.local_function(function)?,
            Stmt::NumericFor(numeric) => self.numeric_for(numeric)?,
            Stmt::Repeat(repeat) => self.repeat_statement(repeat)?,
            Stmt::While(body) => {
                let condition = self.expression_after(body.while_token())?;
                let kind = StatementKind::While { condition, body: self.block(body.block())? };
                self.between(body.while_token(), body.end_token(), kind)
            }
            Stmt::Goto(goto) => self.goto_statement(goto)?,
            Stmt::Label(label) => self.label_statement(label)?,
            _ => unreachable!("the grammar check knows no other kind of statement"),
        };
        Ok(Some(statement))
    }

    fn last_statement(&mut self, statement: &LastStmt) -> Lowered<Statement> {
        let LastStmt::Return(statement) = statement else {
            unreachable!("the canonical text has no break, and the grammar check knows nothing else")
        };
        use TokenKind::{Else, ElseIf, End, Eof, Semicolon, Until};
        self.seek_after(statement.token());
        let has_values = !matches!(self.kind(), Else | ElseIf | End | Eof | Semicolon | Until);
        let values = if has_values { self.expressions()? } else { Vec::new() };
        let is_call = |value: &ExpressionId| {
            let kind = &self.chunk.expressions[*value].kind;
            matches!(kind, ExpressionKind::Call { .. } | ExpressionKind::MethodCall { .. })
        };
        let tail_call = matches!(values.as_slice(), [value] if is_call(value)) && self.frame().open_closes == 0;
        let first = self.token(statement.token());
        Ok(finish(first, self.last(), StatementKind::Return { values, tail_call }))
    }

    /// A statement between two tokens.
    fn between(&self, first: &TokenReference, last: &TokenReference, kind: StatementKind) -> Statement {
        finish(self.token(first), self.token(last), kind)
    }

    /// The expression after a token.
    fn expression_after(&mut self, reference: &TokenReference) -> Lowered<ExpressionId> {
        self.seek_after(reference);
        self.expression()
    }

    /// A `goto`, a `break`, or the call that it stands for.
    fn goto_statement(&mut self, goto: &Goto) -> Lowered<Statement> {
        let first = self.index(goto.goto_token());
        match self.prepared.tokens[first].kind {
            TokenKind::Break => Ok(self.between(goto.goto_token(), goto.goto_token(), StatementKind::Break)),
            TokenKind::Goto => {
                let kind = StatementKind::Goto(self.label(goto.label_name()));
                Ok(self.between(goto.goto_token(), goto.label_name(), kind))
            }
            _ => {
                self.seek(first);
                let call = self.suffixed()?;
                Ok(finish(self.prepared.tokens[first], self.last(), StatementKind::Call(call)))
            }
        }
    }

    /// A label, or the assignment that it stands for.
    fn label_statement(&mut self, label: &Label) -> Lowered<Statement> {
        let first = self.index(label.left_colons());
        if self.prepared.tokens[first].kind != TokenKind::DoubleColon {
            return self.assignment(first);
        }
        let id = self.label(label.name());
        self.chunk.labels[id].open_closes = self.frame().open_closes;
        Ok(self.between(label.left_colons(), label.right_colons(), StatementKind::Label(id)))
    }

    fn assignment(&mut self, first: TokenIndex) -> Lowered<Statement> {
        self.seek(first);
        let mut targets = vec![self.place()?];
        while self.accept(TokenKind::Comma) {
            targets.push(self.place()?);
        }
        self.pass();
        let mut values = Vec::new();
        loop {
            let target = targets.get(values.len());
            values.push(self.named_expression(|lowering| target.and_then(|target| lowering.target_name(target)))?);
            if !self.accept(TokenKind::Comma) {
                break;
            }
        }
        Ok(finish(self.prepared.tokens[first], self.last(), StatementKind::Assign { targets, values }))
    }

    /// The name a function gets from what it is assigned to, if that is spelled simply.
    fn target_name(&self, target: &Place) -> Option<Vec<u8>> {
        let text = &self.source[target.span.start as usize..target.span.end as usize];
        let is_simple = text.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
        is_simple.then(|| text.to_vec())
    }

    /// Names with their attributes, separated by commas.
    fn declared_names(&mut self) -> Vec<LocalId> {
        let mut locals = Vec::new();
        loop {
            locals.push(self.declared(self.next));
            self.pass();
            if self.accept(TokenKind::Less) {
                self.pass();
                self.pass();
            }
            if !self.accept(TokenKind::Comma) {
                return locals;
            }
        }
    }

    fn local_statement(&mut self, declaration: &ast::LocalAssignment) -> Lowered<Option<Statement>> {
        self.seek_after(declaration.local_token());
        let mut locals = self.declared_names();
        let mut values = Vec::new();
        if self.accept(TokenKind::Assign) {
            loop {
                let local = locals.get(values.len()).copied();
                let name = |lowering: &Self| Some(lowering.chunk.strings[lowering.chunk.locals[local?].name].to_vec());
                values.push(self.named_expression(name)?);
                if !self.accept(TokenKind::Comma) {
                    break;
                }
            }
        }
        let (first, last) = (self.token(declaration.local_token()), self.last());
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
        self.seek_after(function.function_token());
        let local = self.declared(self.next);
        self.pass();
        let name = self.chunk.strings[self.chunk.locals[local].name].to_vec();
        let token = self.index(function.function_token());
        let header = Header { token, method: None, local: Some(local), name: Some(name), line_defined: None };
        let value = self.closure(header, function.body())?;
        let kind = StatementKind::LocalFunction { local, function: value };
        Ok(self.between(function.local_token(), function.body().end_token(), kind))
    }

    /// `function a.b:c() … end` is `a.b.c = function(self) … end`.
    fn function_statement(&mut self, function: &ast::FunctionDeclaration) -> Lowered<Statement> {
        self.seek_after(function.function_token());
        let mut kind = self.place_of_name(self.next)?;
        let start = self.pass();
        let mut name = self.text(start).to_vec();
        let (mut span, mut method) = (token_span(start), None);
        while matches!(self.kind(), TokenKind::Dot | TokenKind::Colon) {
            let table = match kind {
                PlaceKind::Variable(variable) => self.variable_value(variable, span),
                PlaceKind::Global { environment, name } => {
                    self.push(ExpressionKind::Global { environment, name }, span)
                }
                PlaceKind::Index { table, key } => self.push(ExpressionKind::Index { table, key }, span),
            };
            let at = self.next;
            let separator = self.pass();
            if separator.kind == TokenKind::Colon {
                method = Some(at);
            }
            let key = self.simple();
            let token = self.last();
            name.extend_from_slice(self.text(separator));
            name.extend_from_slice(self.text(token));
            span = Span { start: start.start, end: token.end, line: token.line };
            kind = PlaceKind::Index { table, key };
        }
        let token = self.index(function.function_token());
        let line = self.prepared.tokens[token].line;
        let header = Header { token, method, local: None, name: Some(name), line_defined: Some(line) };
        let value = self.closure(header, function.body())?;
        let kind = StatementKind::Assign { targets: vec![Place { kind, span }], values: vec![value] };
        let mut statement = self.between(function.function_token(), function.body().end_token(), kind);
        // The definition counts as made where it begins.
        statement.last_line = line;
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

    /// The source text of a token.
    fn text(&self, token: Token) -> &[u8] {
        &self.source[token.start as usize..token.end as usize]
    }

    fn if_statement(&mut self, branches: &ast::If) -> Lowered<Statement> {
        let mut arms = vec![self.arm(branches.if_token(), branches.block())?];
        for arm in branches.else_if().into_iter().flatten() {
            arms.push(self.arm(arm.else_if_token(), arm.block())?);
        }
        let otherwise = branches.else_block().map(|block| self.block(block)).transpose()?;
        let kind = StatementKind::If { arms, otherwise };
        Ok(self.between(branches.if_token(), branches.end_token(), kind))
    }

    /// The condition after `if` or `elseif`, its block, and the line of `then`.
    fn arm(&mut self, token: &TokenReference, block: &ast::Block) -> Lowered<(ExpressionId, Block, u32)> {
        let condition = self.expression_after(token)?;
        let then_line = self.pass().line;
        Ok((condition, self.block(block)?, then_line))
    }

    fn repeat_statement(&mut self, repeat: &ast::Repeat) -> Lowered<Statement> {
        let body = self.block(repeat.block())?;
        let condition = self.expression_after(repeat.until_token())?;
        let first = self.token(repeat.repeat_token());
        Ok(finish(first, self.last(), StatementKind::Repeat { body, condition }))
    }

    fn numeric_for(&mut self, numeric: &ast::NumericFor) -> Lowered<Statement> {
        self.seek_after(numeric.for_token());
        let local = self.declared(self.next);
        self.pass();
        self.pass();
        let start = self.expression()?;
        self.pass();
        let limit = self.expression()?;
        let step = if self.accept(TokenKind::Comma) { Some(self.expression()?) } else { None };
        let do_line = self.pass().line;
        let body = self.block(numeric.block())?;
        let kind = StatementKind::NumericFor { local, start, limit, step, do_line, body };
        Ok(self.between(numeric.for_token(), numeric.end_token(), kind))
    }

    fn generic_for(&mut self, generic: &ast::GenericFor) -> Lowered<Statement> {
        self.seek_after(generic.for_token());
        let locals = self.declared_names();
        self.pass();
        let call_line = self.prepared.tokens[self.next].line;
        let values = self.expressions()?;
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
