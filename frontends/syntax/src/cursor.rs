//! A place among tokens, which goes forward.

use crate::{Kind, Parsed, Token};

/// How deep parts may stand in one another: a parser calls itself for each.
pub const DEPTH_MAX: u32 = 150;

/// A place among the tokens of a text.
#[derive(Clone, Debug)]
pub struct Cursor<'t> {
    /// The last one is the end of the text.
    tokens: Vec<Token<'t>>,
    at: usize,
    depth: u32,
}

impl<'t> Cursor<'t> {
    /// Before the first of some tokens, as [`Lexicon::tokens`](crate::Lexicon::tokens) gives them.
    pub fn new(mut tokens: Vec<Token<'t>>) -> Self {
        if tokens.last().is_none_or(|last| last.kind != Kind::End) {
            let (start, line) = tokens.last().map_or((0, 1), |last| (last.span().end, last.line + 1));
            tokens.push(Token { kind: Kind::End, text: "", start, line });
        }
        Cursor { tokens, at: 0, depth: 0 }
    }

    /// The next token.
    pub fn peek(&self) -> Token<'t> {
        self.tokens[self.at]
    }

    /// The next token and all after it.
    pub fn rest(&self) -> &[Token<'t>] {
        &self.tokens[self.at..]
    }

    /// Takes the next token. The end stays.
    #[expect(clippy::should_implement_trait, reason = "it never ends, and iterators do")]
    pub fn next(&mut self) -> Token<'t> {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    /// Goes back before the token that was taken last.
    pub fn back(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    /// Whether the next token is this keyword or symbol: no name, number or text looks like one.
    pub fn is(&self, word: &str) -> bool {
        self.peek().text == word
    }

    /// Whether there is no next token.
    pub fn is_end(&self) -> bool {
        self.peek().kind == Kind::End
    }

    /// Takes the next token if it is this one.
    pub fn accept(&mut self, word: &str) -> bool {
        let is_there = !self.is_end() && self.is(word);
        self.at += usize::from(is_there);
        is_there
    }

    /// Takes the next token, which has to be this one.
    ///
    /// # Errors
    /// When it is not.
    pub fn expect(&mut self, word: &str) -> Parsed<()> {
        if self.accept(word) { Ok(()) } else { self.expected(&format!("`{word}`")) }
    }

    /// Takes the next token, which has to be a name.
    ///
    /// # Errors
    /// When it is not.
    pub fn name(&mut self) -> Parsed<&'t str> {
        if self.peek().kind == Kind::Name { Ok(self.next().text) } else { self.expected("a name") }
    }

    /// That something else should be here.
    ///
    /// # Errors
    /// Always: that mistake.
    pub fn expected<T>(&self, what: &str) -> Parsed<T> {
        self.peek().expected(what)
    }

    /// Whether the next token is the first one on its line.
    pub fn begins_line(&self) -> bool {
        self.before().is_none_or(|before| self.peek().line > before.line)
    }

    /// The token that was taken last.
    pub fn before(&self) -> Option<Token<'t>> {
        self.tokens[..self.at].last().copied()
    }

    /// Begins a part that may have others of its kind inside. To be left when it is read; after a mistake that does not matter.
    ///
    /// # Errors
    /// When there are [`DEPTH_MAX`] around it.
    pub fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { self.peek().error("this is nested too deep") } else { Ok(()) }
    }

    /// Ends what the last [`enter`](Self::enter) has begun.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}
