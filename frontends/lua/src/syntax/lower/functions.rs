//! Functions: the main one, and those a chunk defines.

use super::{FunctionFrame, Lowered, Lowering, token_span};
use crate::syntax::hir::*;
use crate::syntax::prepass::{Canonical, TokenIndex, TokenKind, Use};
use cranelift_entity::{EntityRef, PrimaryMap};
use full_moon::ast;
use std::collections::HashMap;

/// The header of a function.
pub(super) struct Header {
    /// The `function` token.
    pub(super) token: TokenIndex,
    /// The `:` of a method's header.
    pub(super) method: Option<TokenIndex>,
    /// The variable of a `local function`.
    pub(super) local: Option<LocalId>,
    /// A name for backtraces.
    pub(super) name: Option<Vec<u8>>,
    /// The line on which it counts as defined; that of its parameters when absent.
    pub(super) line_defined: Option<u32>,
}

impl Lowering<'_> {
    /// The function that is the chunk.
    pub(super) fn main_function(&mut self) -> Lowered<()> {
        let eof = self.prepared.tokens.last().map_or_else(Span::default, |(_, &token)| token_span(token));
        let span = Span { start: 0, end: eof.end, line: 1 };
        // The end of a chunk is where its last word is.
        let last_line = self.prepared.tokens.iter().rev().nth(1).map_or(1, |(_, &token)| token_span(token).line);
        let id = self.chunk.functions.push(Function {
            parent: None,
            name: None,
            parameters: Vec::new(),
            vararg: true,
            own_local: None,
            upvalues: PrimaryMap::new(),
            body: Block::default(),
            line_defined: 0,
            last_line: last_line.max(1),
            span,
        });
        let environment = self.chunk.environment;
        let mut frame = FunctionFrame::new(id, 0);
        let upvalue = frame.upvalues.push(Upvalue { local: environment, source: UpvalueSource::Environment });
        frame.by_local.insert(environment, upvalue);
        self.functions.push(frame);
        let (prepared, mut statements) = (self.prepared, Vec::new());
        let ends = prepared.parts.iter().skip(1).copied().chain([TokenIndex::new(prepared.tokens.len())]);
        for (&start, end) in prepared.parts.iter().zip(ends) {
            let canonical = Canonical::of_statements(prepared, start..end);
            self.part(canonical, |lowering, block| lowering.append(&mut statements, block))?;
        }
        self.finish_function(Block { statements });
        Ok(())
    }

    /// A function that the chunk defines; the next token is the one before its parameters.
    fn define(&mut self, header: Header, body: &ast::FunctionBody) -> Lowered<FunctionId> {
        let first = self.prepared.tokens[header.token];
        let last = self.token(body.end_token());
        let parentheses = self.pass();
        let mut parameters: Vec<LocalId> = header.method.into_iter().map(|colon| self.declared(colon)).collect();
        let mut vararg = false;
        while self.kind() != TokenKind::ParenClose {
            match self.kind() {
                TokenKind::Name => parameters.push(self.declared(self.next)),
                kind => vararg |= kind == TokenKind::Dots,
            }
            self.pass();
        }
        let line_defined = header.line_defined.unwrap_or(parentheses.line);
        let parent = self.frame().id;
        let id = self.chunk.functions.push(Function {
            parent: Some(parent),
            name: header.name,
            parameters,
            vararg,
            own_local: header.local,
            upvalues: PrimaryMap::new(),
            body: Block::default(),
            line_defined,
            last_line: last.line,
            span: Span { start: first.start, end: last.end, line: first.line },
        });
        assert_eq!(self.prepared.uses[header.token], Use::Function(id), "both passes follow the source");
        self.functions.push(FunctionFrame::new(id, line_defined));
        let body = self.block(body.block())?;
        self.finish_function(body);
        Ok(id)
    }

    fn finish_function(&mut self, body: Block) {
        let frame = self.functions.pop().expect("opened by the caller");
        let function = &mut self.chunk.functions[frame.id];
        function.body = body;
        function.upvalues = frame.upvalues;
    }

    /// A function as an expression.
    pub(super) fn closure(&mut self, header: Header, body: &ast::FunctionBody) -> Lowered<ExpressionId> {
        let function = self.define(header, body)?;
        let span = self.chunk.functions[function].span;
        Ok(self.push(ExpressionKind::Function(function), span))
    }
}

impl FunctionFrame {
    fn new(id: FunctionId, line_defined: u32) -> Self {
        Self { id, line_defined, upvalues: PrimaryMap::new(), by_local: HashMap::new(), open_closes: 0 }
    }
}
