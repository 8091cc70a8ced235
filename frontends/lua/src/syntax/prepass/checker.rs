//! The grammar check: reads the tokens of a chunk once, exactly as the reference implementation does, and reports the
//! errors it would report. What it learns about names is kept, so that nothing has to be resolved twice.

use super::labels::{Jumps, Labels};
use super::lexer::{Lexer, LexicalError};
use super::scope::{FunctionState, Scopes, Use};
use super::token::{Token, TokenIndex, TokenKind, TokenValue};
use super::{Elision, Prepared, weight};
use crate::syntax::Stack;
use crate::syntax::error::SyntaxError;
use crate::syntax::hir::{Attribute, FunctionId, Label, LabelId, Local, LocalId, Span, StringId};
use cranelift_entity::{EntityRef, PrimaryMap};
use minivm_isa::Allowance;

/// Nested statements, expressions and assignment targets a chunk may have. The reference implementation counts to 200,
/// of which `load` called from a script has used two.
pub(in crate::syntax) const LEVELS_MAX: u32 = 197;

/// Tokens of a part of the main function, or some more.
const PART_TOKENS: usize = if cfg!(test) { 64 } else { 4096 };

/// There is room for the tokens of so much source from the beginning, each of so many bytes.
const ROOM_BYTES_MAX: usize = 4096;
const BYTES_OF_TOKEN: usize = 3;

/// What was taken for parts that the parser holds one at a time.
#[derive(Clone, Copy, Default)]
pub(super) struct PartBytes {
    /// What had been taken in all when the last part began.
    before: u64,
    /// What is for the parser's tree of the largest.
    pub(super) largest: u64,
}

/// The result of a grammar rule. Errors are boxed to keep the way back cheap.
pub(super) type Checked<T> = Result<T, Box<SyntaxError>>;

/// Names the check itself looks at.
pub(super) struct KnownNames {
    pub(super) env: StringId,
    pub(super) self_: StringId,
    pub(super) for_state: StringId,
    pub(super) const_: StringId,
    pub(super) close: StringId,
}

/// The state of the check.
pub(super) struct Checker<'source> {
    lexer: Lexer<'source>,
    chunk_id: &'source [u8],
    pub(super) tokens: PrimaryMap<TokenIndex, Token>,
    /// The token the grammar looks at.
    pub(super) current: TokenIndex,
    levels: u32,
    stack: &'source mut Stack,
    pub(super) names: KnownNames,
    pub(super) scopes: Scopes,
    pub(super) functions: Vec<FunctionState>,
    pub(super) function_ends: PrimaryMap<FunctionId, TokenIndex>,
    pub(super) visible_labels: Labels,
    pub(super) jumps: Jumps,
    pub(super) uses: PrimaryMap<TokenIndex, Use>,
    pub(super) locals: PrimaryMap<LocalId, Local>,
    pub(super) labels: PrimaryMap<LabelId, Label>,
    pub(super) elisions: Vec<Elision>,
    parts: Vec<TokenIndex>,
    part_bytes: PartBytes,
    /// What is for the parser's tree of the largest function in an expression, of those that are parsed one after the other.
    pub(super) largest_function: u64,
    pub(super) allowance: &'source mut Allowance,
    /// What was taken of it for the parser's tree.
    pub(super) weight: u64,
}

impl<'source> Checker<'source> {
    /// A check that begins at byte `start` of `source`.
    pub(super) fn new(
        source: &'source [u8],
        start: usize,
        chunk_id: &'source [u8],
        allowance: &'source mut Allowance,
        stack: &'source mut Stack,
    ) -> Self {
        let mut lexer = Lexer::new(source, start);
        let tokens = source.len().min(ROOM_BYTES_MAX) / BYTES_OF_TOKEN;
        let mut known = |name: &str| lexer.interner.intern(name.as_bytes());
        let names = KnownNames {
            env: known("_ENV"),
            self_: known("self"),
            for_state: known("(for state)"),
            const_: known("const"),
            close: known("close"),
        };
        Self {
            lexer,
            chunk_id,
            tokens: PrimaryMap::with_capacity(tokens),
            current: TokenIndex::new(0),
            levels: 0,
            stack,
            names,
            scopes: Scopes::new(),
            functions: Vec::new(),
            function_ends: PrimaryMap::new(),
            visible_labels: Labels::default(),
            jumps: Jumps::default(),
            uses: PrimaryMap::with_capacity(tokens),
            locals: PrimaryMap::new(),
            labels: PrimaryMap::new(),
            elisions: Vec::new(),
            parts: Vec::new(),
            part_bytes: PartBytes::default(),
            largest_function: 0,
            allowance,
            weight: 0,
        }
    }

    /// Checks the whole chunk.
    pub(super) fn run(mut self) -> Checked<Prepared> {
        let environment = self.locals.push(Local {
            name: self.names.env,
            function: None,
            attribute: Attribute::Regular,
            captured: true,
            reassigned: false,
            known: None,
            folded: false,
            declared: Span::default(),
            scope: (0, u32::try_from(self.lexer.source.len()).unwrap_or(u32::MAX)),
        });
        self.scopes.enter(self.names.env, Some(environment));
        self.enter_function(None, 0);
        self.function().vararg = true;
        self.read_token()?;
        self.statements()?;
        self.expect(TokenKind::Eof)?;
        self.leave_function()?;
        self.part_bytes = self.end_part(self.part_bytes);
        let tokens = self.tokens.len() as u64;
        Ok(Prepared {
            tokens: self.tokens,
            uses: self.uses,
            strings: self.lexer.interner.finish(),
            locals: self.locals,
            labels: self.labels,
            function_ends: self.function_ends,
            elisions: self.elisions,
            parts: self.parts,
            tree_bytes: self.part_bytes.largest + tokens * weight::TOKEN,
            environment,
        })
    }

    /// The token the grammar looks at.
    pub(super) fn token(&self) -> Token {
        self.tokens[self.current]
    }

    /// Its kind.
    pub(super) fn kind(&self) -> TokenKind {
        self.token().kind
    }

    /// Where the token before the current one ends.
    pub(super) fn previous_end(&self) -> u32 {
        match self.current.index().checked_sub(1) {
            Some(previous) => self.tokens[TokenIndex::new(previous)].end,
            None => 0,
        }
    }

    /// Moves to the next token and returns the index of the one that was current.
    pub(super) fn advance(&mut self) -> Checked<TokenIndex> {
        let passed = self.current;
        self.current = TokenIndex::new(passed.index() + 1);
        if self.current.index() == self.tokens.len() {
            self.read_token()?;
        }
        Ok(passed)
    }

    /// The kind of the token after the current one.
    pub(super) fn look_ahead(&mut self) -> Checked<TokenKind> {
        let next = TokenIndex::new(self.current.index() + 1);
        if next.index() == self.tokens.len() {
            self.read_token()?;
        }
        Ok(self.tokens[next].kind)
    }

    fn read_token(&mut self) -> Checked<()> {
        self.weigh_lasting(weight::TOKEN);
        if self.allowance.is_exhausted() {
            let detail = b"not enough memory";
            return Err(Box::new(SyntaxError::new(self.lexer.source, self.chunk_id, self.lexer.line, 0..0, detail)));
        }
        match self.lexer.next_token() {
            Ok(token) => {
                self.tokens.push(token);
                self.uses.push(Use::None);
                Ok(())
            }
            Err(error) => Err(self.lexical_error(error)),
        }
    }

    /// Moves on if the current token is of `kind`.
    pub(super) fn accept(&mut self, kind: TokenKind) -> Checked<bool> {
        let found = self.kind() == kind;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// Fails unless the current token is of `kind`.
    pub(super) fn expect(&self, kind: TokenKind) -> Checked<()> {
        if self.kind() == kind { Ok(()) } else { Err(self.error_near(format!("{} expected", kind.quoted()))) }
    }

    /// Passes a token of `kind`.
    pub(super) fn pass(&mut self, kind: TokenKind) -> Checked<TokenIndex> {
        self.expect(kind)?;
        self.advance()
    }

    /// Passes the token that closes what `open` began on line `line`.
    pub(super) fn pass_close(&mut self, close: TokenKind, open: TokenKind, line: u32) -> Checked<TokenIndex> {
        if self.kind() == close || line == self.token().line {
            return self.pass(close);
        }
        let (close, open) = (close.quoted(), open.quoted());
        Err(self.error_near(format!("{close} expected (to close {open} at line {line})")))
    }

    /// Passes a name and returns its token and spelling.
    pub(super) fn pass_name(&mut self) -> Checked<(TokenIndex, StringId)> {
        let token = self.pass(TokenKind::Name)?;
        match self.tokens[token].value {
            TokenValue::String(name) => Ok((token, name)),
            TokenValue::None | TokenValue::Integer(_) | TokenValue::Float(_) => {
                unreachable!("the lexer gives every name its spelling")
            }
        }
    }

    /// Notes that a statement begins here, with which a part of the main function may begin.
    pub(super) fn begin_part(&mut self) {
        let is_part_since = |start: TokenIndex| self.current.index() - start.index() >= PART_TOKENS;
        if self.levels == 0 && self.parts.last().is_none_or(|&start| is_part_since(start)) {
            self.parts.push(self.current);
            self.part_bytes = self.end_part(self.part_bytes);
            self.largest_function = 0;
        }
    }

    /// Runs a rule that begins here; the parser gets `text` for what it passes.
    pub(super) fn elide<T>(&mut self, text: &'static str, rule: impl FnOnce(&mut Self) -> Checked<T>) -> Checked<T> {
        if text.starts_with("...") {
            self.weigh(weight::LISTED);
        }
        let index = self.elisions.len();
        self.elisions.push(Elision { start: self.current, end: self.current, text });
        let result = rule(self)?;
        self.elisions[index].end = self.current;
        Ok(result)
    }

    /// A part that the parser sees on its own, of which there is one at a time, begins here; `largest` of those before it.
    pub(super) fn new_part(&self, largest: u64) -> PartBytes {
        PartBytes { before: self.weight, largest }
    }

    /// Ends a part: gives back what the parser's trees of this one and the one before would take beyond that of the larger.
    pub(super) fn end_part(&mut self, parts: PartBytes) -> PartBytes {
        let taken = self.weight - parts.before;
        let tree = taken - taken / weight::TREE_PART;
        let spare = tree.min(parts.largest);
        self.allowance.give_back(spare);
        self.weight -= spare;
        PartBytes { before: self.weight, largest: parts.largest.max(tree) }
    }

    /// Runs `rule` one level deeper.
    pub(super) fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Checked<T>) -> Checked<T> {
        if self.levels >= self.stack.levels_max {
            self.stack.is_too_small = self.levels < LEVELS_MAX;
            return Err(self.error_plain("C stack overflow"));
        }
        self.levels += 1;
        let result = rule(self);
        self.levels -= 1;
        result
    }

    /// A name as text for a message.
    pub(super) fn name_text(&self, token: TokenIndex) -> String {
        let Token { start, end, line, .. } = self.tokens[token];
        self.source_text(Span { start, end, line })
    }

    /// A piece of the source as text for a message.
    pub(super) fn source_text(&self, span: Span) -> String {
        String::from_utf8_lossy(&self.lexer.source[span.start as usize..span.end as usize]).into_owned()
    }

    /// An error at the current token that quotes it.
    pub(super) fn error_near(&self, message: impl Into<String>) -> Box<SyntaxError> {
        error_near(self.lexer.source, self.chunk_id, self.token(), message.into())
    }

    /// An error about what was just read that quotes nothing.
    pub(super) fn error_plain(&self, message: impl Into<String>) -> Box<SyntaxError> {
        let token = self.token();
        self.error_at(token, message.into())
    }

    /// An error that quotes nothing, marks `at`, and names the line of the current token.
    pub(super) fn error_at(&self, at: Token, message: impl Into<String>) -> Box<SyntaxError> {
        let (line, message) = (self.token().line, message.into());
        Box::new(SyntaxError::new(self.lexer.source, self.chunk_id, line, at.start..at.end, message.as_bytes()))
    }

    /// An error about a limit of the current function.
    pub(super) fn limit_error(&mut self, what: &str, limit: usize) -> Box<SyntaxError> {
        let message = limit_message(what, limit, self.function().line_defined);
        self.error_near(message)
    }

    fn lexical_error(&self, error: LexicalError) -> Box<SyntaxError> {
        let near = error.near.as_deref().map_or_else(|| b"<eof>".to_vec(), quote);
        let detail = [error.message.as_bytes(), b" near ", &near].concat();
        Box::new(SyntaxError::new(self.lexer.source, self.chunk_id, error.line, error.span, &detail))
    }
}

/// The message about a function that exceeds `limit`.
pub(in crate::syntax) fn limit_message(what: &str, limit: usize, line_defined: u32) -> String {
    match line_defined {
        0 => format!("too many {what} (limit is {limit}) in main function"),
        line => format!("too many {what} (limit is {limit}) in function at line {line}"),
    }
}

/// An error at `token` that quotes it.
pub(in crate::syntax) fn error_near(source: &[u8], chunk_id: &[u8], token: Token, message: String) -> Box<SyntaxError> {
    let mut detail = message.into_bytes();
    // The reference implementation takes a zero byte for "no token to quote".
    if token.kind != TokenKind::Stray(0) {
        detail.extend_from_slice(b" near ");
        detail.extend_from_slice(&quoted_token(source, token));
    }
    Box::new(SyntaxError::new(source, chunk_id, token.line, token.start..token.end, &detail))
}

/// How a message quotes `token`: names and literals as they are understood, the rest as it is spelled.
fn quoted_token(source: &[u8], token: Token) -> Vec<u8> {
    let text = &source[token.start as usize..token.end as usize];
    match token.kind {
        TokenKind::Name | TokenKind::Integer | TokenKind::Float => quote(text),
        TokenKind::String => quote(&understood_string(source, token)),
        fixed => fixed.quoted().into_bytes(),
    }
}

/// A string literal between its delimiters, with escapes decoded.
fn understood_string(source: &[u8], token: Token) -> Vec<u8> {
    // Only an error needs this, so the literal is simply read again.
    let mut lexer = Lexer::new(&source[..token.end as usize], token.start as usize);
    if lexer.next_token().is_err() {
        return Vec::new();
    }
    let text = &source[token.start as usize..token.end as usize];
    let delimiter = match text {
        [b'[', rest @ ..] => 2 + rest.iter().take_while(|&&byte| byte == b'=').count(),
        _ => 1,
    };
    [&text[..delimiter], &lexer.buffer, &text[text.len() - delimiter..]].concat()
}

/// `text` in quotes, up to a zero byte, where the reference implementation stops printing.
fn quote(text: &[u8]) -> Vec<u8> {
    let shown = text.split(|&byte| byte == 0).next().unwrap_or(text);
    [b"'", shown, b"'"].concat()
}
