//! The tokens of Lua; knows their spelling, not their grammar.

use crate::syntax::hir::StringId;
use cranelift_entity::entity_impl;

/// A token's place in the token list of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::syntax) struct TokenIndex(u32);
entity_impl!(TokenIndex, "token");

macro_rules! token_kinds {
    ($($reserved:ident = $word:literal,)* ; $($symbol:ident = $spelling:literal,)*) => {
        /// What a token is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::syntax) enum TokenKind {
            $(#[doc = concat!("`", $word, "`")] $reserved,)*
            $(#[doc = concat!("`", $spelling, "`")] $symbol,)*
            /// An identifier.
            Name,
            /// A string literal.
            String,
            /// A numeral whose value is an integer.
            Integer,
            /// A numeral whose value is a float.
            Float,
            /// A byte that begins no token; the grammar refuses it where it stands.
            Stray(u8),
            /// The end of the source.
            Eof,
        }

        impl TokenKind {
            /// The keyword that `word` is, if it is one.
            pub(super) fn keyword(word: &[u8]) -> Option<Self> {
                match word {
                    $(_ if word == $word.as_bytes() => Some(Self::$reserved),)*
                    _ => None,
                }
            }

            /// The spelling of a keyword or symbol; `None` for all that has many spellings.
            pub(in crate::syntax) fn spelling(self) -> Option<&'static str> {
                match self {
                    $(Self::$reserved => Some($word),)*
                    $(Self::$symbol => Some($spelling),)*
                    Self::Name | Self::String | Self::Integer | Self::Float | Self::Stray(_) | Self::Eof => None,
                }
            }
        }
    };
}

token_kinds! {
    And = "and", Break = "break", Do = "do", Else = "else", ElseIf = "elseif", End = "end", False = "false",
    For = "for", Function = "function", Goto = "goto", If = "if", In = "in", Local = "local", Nil = "nil",
    Not = "not", Or = "or", Repeat = "repeat", Return = "return", Then = "then", True = "true", Until = "until",
    While = "while",
    ;
    Plus = "+", Minus = "-", Star = "*", Slash = "/", DoubleSlash = "//", Percent = "%", Caret = "^", Hash = "#",
    Ampersand = "&", Tilde = "~", Pipe = "|", ShiftLeft = "<<", ShiftRight = ">>", Equal = "==", NotEqual = "~=",
    LessEqual = "<=", GreaterEqual = ">=", Less = "<", Greater = ">", Assign = "=", ParenOpen = "(",
    ParenClose = ")", BraceOpen = "{", BraceClose = "}", BracketOpen = "[", BracketClose = "]",
    DoubleColon = "::", Semicolon = ";", Colon = ":", Comma = ",", Dot = ".", Concat = "..", Dots = "...",
}

impl TokenKind {
    /// How an error message names a kind of token that was expected or found: quoted where it has one spelling.
    pub(super) fn quoted(self) -> String {
        match self {
            Self::Name => "<name>".to_owned(),
            Self::String => "<string>".to_owned(),
            Self::Integer => "<integer>".to_owned(),
            Self::Float => "<number>".to_owned(),
            Self::Eof => "<eof>".to_owned(),
            Self::Stray(byte) if matches!(byte, b' '..=b'~') => format!("'{}'", char::from(byte)),
            Self::Stray(byte) => format!("'<\\{byte}>'"),
            fixed => format!("'{}'", fixed.spelling().unwrap_or_default()),
        }
    }
}

/// One token with its place and value.
#[derive(Clone, Copy, Debug)]
pub(in crate::syntax) struct Token {
    /// What it is.
    pub(in crate::syntax) kind: TokenKind,
    /// Offset of its first byte in the source.
    pub(in crate::syntax) start: u32,
    /// Offset past its last byte.
    pub(in crate::syntax) end: u32,
    /// The line on which it ends, from 1: the line the reference implementation names in messages about it.
    pub(in crate::syntax) line: u32,
    /// The value of a name, string or numeral.
    pub(in crate::syntax) value: TokenValue,
}

/// What a token stands for beyond its kind.
#[derive(Clone, Copy, Debug)]
pub(in crate::syntax) enum TokenValue {
    /// Nothing: a keyword or symbol.
    None,
    /// A name, or the bytes of a string literal.
    String(StringId),
    /// An integer numeral.
    Integer(i64),
    /// A float numeral.
    Float(f64),
}
