//! The parser's tree and what the grammar check learned become the resolved tree.
//!
//! The parser's tree gives the shape of the statements; tokens are looked up by position, so that expressions, names and places
//! come from the source itself. Names were resolved by the check; what is left is to give each function its upvalues.

mod expressions;
mod fold;
mod functions;
mod statements;

use super::error::SyntaxError;
use super::hir::*;
use super::parse::parse;
use super::prepass::{Canonical, Prepared, Token, TokenIndex, TokenKind, Use, error_near, limit_message};
use cranelift_entity::{EntityRef, PrimaryMap};
use full_moon::ast;
use full_moon::tokenizer::TokenReference;
use minivm_isa::steps;
use std::collections::HashMap;

/// Upvalues a function may have.
const UPVALUES_MAX: usize = 255;

/// The result of lowering; the only errors left are limits.
type Lowered<T> = Result<T, Box<SyntaxError>>;

/// Lowers a chunk that passed the grammar check.
pub(super) fn lower(source: &[u8], mut prepared: Prepared, name: &[u8], id: &[u8]) -> Lowered<Chunk> {
    let chunk = Chunk {
        name: name.to_vec(),
        id: id.to_vec(),
        strings: std::mem::take(&mut prepared.strings),
        functions: PrimaryMap::new(),
        locals: std::mem::take(&mut prepared.locals),
        labels: std::mem::take(&mut prepared.labels),
        expressions: PrimaryMap::new(),
        environment: prepared.environment,
        main: FunctionId::new(0),
    };
    let (canonical, next) = (Canonical::default(), TokenIndex::new(0));
    let mut lowering = Lowering { source, prepared: &prepared, canonical, next, chunk, functions: Vec::new() };
    lowering.main_function()?;
    Ok(lowering.chunk)
}

/// The state of lowering.
struct Lowering<'a> {
    source: &'a [u8],
    prepared: &'a Prepared,
    /// That of the part at hand.
    canonical: Canonical,
    /// The token that is lowered next, within an expression and what else the parser does not see.
    next: TokenIndex,
    chunk: Chunk,
    /// The functions around the current place, outermost first.
    functions: Vec<FunctionFrame>,
}

/// A function that is being lowered.
struct FunctionFrame {
    id: FunctionId,
    line_defined: u32,
    upvalues: PrimaryMap<UpvalueId, Upvalue>,
    by_local: HashMap<LocalId, UpvalueId>,
    /// To-be-closed variables in scope, a generic `for` counting as one.
    open_closes: u32,
}

impl Lowering<'_> {
    /// Parses a part and lowers it. The parser's tree takes a hundred times the memory of the text, so that there is only that of
    /// some parts at a time.
    fn part<T>(
        &mut self,
        canonical: Canonical,
        lower: impl FnOnce(&mut Self, &ast::Block) -> Lowered<T>,
    ) -> Lowered<T> {
        let outer = std::mem::replace(&mut self.canonical, canonical);
        let ast = parse(&self.canonical).map_err(|what| {
            let detail = format!("the parser disagrees with the grammar check: {what}");
            SyntaxError::new(self.source, &self.chunk.id, 1, 0..0, detail.as_bytes())
        })?;
        let result = lower(self, ast.nodes());
        self.canonical = outer;
        result
    }

    /// The index of the source token behind `reference`.
    fn index(&self, reference: &TokenReference) -> TokenIndex {
        self.canonical.origin(reference.token().start_position().bytes())
    }

    /// The source token behind `reference`.
    fn token(&self, reference: &TokenReference) -> Token {
        self.prepared.tokens[self.index(reference)]
    }

    /// Goes to a token.
    fn seek(&mut self, index: TokenIndex) {
        self.next = index;
    }

    /// Goes to the token after the one behind `reference`.
    fn seek_after(&mut self, reference: &TokenReference) {
        self.next = TokenIndex::new(self.index(reference).index() + 1);
    }

    /// The kind of the next token.
    fn kind(&self) -> TokenKind {
        self.prepared.tokens[self.next].kind
    }

    /// Passes the next token.
    fn pass(&mut self) -> Token {
        let passed = self.prepared.tokens[self.next];
        self.next = TokenIndex::new(self.next.index() + 1);
        passed
    }

    /// Passes the next token if it is of `kind`.
    fn accept(&mut self, kind: TokenKind) -> bool {
        let found = self.kind() == kind;
        if found {
            self.pass();
        }
        found
    }

    /// The token before the next one.
    fn last(&self) -> Token {
        self.prepared.tokens[TokenIndex::new(self.next.index() - 1)]
    }

    fn frame(&mut self) -> &mut FunctionFrame {
        self.functions.last_mut().expect("lowering begins with the main function")
    }

    fn push(&mut self, kind: ExpressionKind, span: Span) -> ExpressionId {
        steps::count(1);
        self.chunk.expressions.push(Expression { kind, span })
    }

    fn span(&self, expression: ExpressionId) -> Span {
        self.chunk.expressions[expression].span
    }

    /// The value of `expression`, if it is a constant.
    fn constant(&self, expression: ExpressionId) -> Option<Constant> {
        match self.chunk.expressions[expression].kind {
            ExpressionKind::Constant(constant) => Some(constant),
            _ => None,
        }
    }

    /// The local that a name or `:` declares.
    fn declared(&self, at: TokenIndex) -> LocalId {
        match self.prepared.uses[at] {
            Use::Local(local) => local,
            Use::None | Use::Global(_) | Use::Label(_) | Use::Function(_) => {
                unreachable!("the grammar check declares a local for every name that is declared")
            }
        }
    }

    /// The label that the name token behind `reference` names.
    fn label(&self, reference: &TokenReference) -> LabelId {
        match self.prepared.uses[self.index(reference)] {
            Use::Label(label) => label,
            Use::None | Use::Local(_) | Use::Global(_) | Use::Function(_) => {
                unreachable!("the grammar check gives every goto and label its label")
            }
        }
    }

    /// How the current function reaches `local`; `at` is the token that names it.
    fn variable(&mut self, local: LocalId, at: TokenIndex) -> Lowered<Variable> {
        let owner = self.chunk.locals[local].function;
        let frames = self.functions.len();
        let declared_in = self.functions.iter().rposition(|frame| Some(frame.id) == owner);
        if declared_in == Some(frames - 1) {
            return Ok(Variable::Local(local));
        }
        let mut source = UpvalueSource::Local(local);
        for frame in declared_in.map_or(0, |index| index + 1)..frames {
            source = UpvalueSource::Upvalue(self.upvalue(frame, local, source, at)?);
        }
        match source {
            UpvalueSource::Upvalue(upvalue) => Ok(Variable::Upvalue(upvalue)),
            UpvalueSource::Local(_) | UpvalueSource::Environment => {
                unreachable!("a variable of another function is reached through at least one upvalue")
            }
        }
    }

    /// The upvalue of the function at depth `frame` that stands for `local`, found at `source` by the one around it.
    fn upvalue(&mut self, frame: usize, local: LocalId, source: UpvalueSource, at: TokenIndex) -> Lowered<UpvalueId> {
        let function = &mut self.functions[frame];
        if let Some(&known) = function.by_local.get(&local) {
            return Ok(known);
        }
        if function.upvalues.len() == UPVALUES_MAX {
            let message = limit_message("upvalues", UPVALUES_MAX, function.line_defined);
            let next = self.prepared.tokens[TokenIndex::new(at.index() + 1)];
            return Err(error_near(self.source, &self.chunk.id, next, message));
        }
        let id = function.upvalues.push(Upvalue { local, source });
        function.by_local.insert(local, id);
        Ok(id)
    }
}

/// The span of one token.
fn token_span(token: Token) -> Span {
    Span { start: token.start, end: token.end, line: token.line }
}
