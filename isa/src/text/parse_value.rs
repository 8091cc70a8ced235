//! Parses numbers, constants and initial values.

use super::ParseError;
use super::lexer::Token;
use super::parse::Parser;
use crate::entities::{Func, Global, Layout};
use crate::limits::INITIAL_DEPTH_MAX;
use crate::program::{Constant, Initial, InitialOp};
use crate::types::{Storage, Type};

/// The number behind a prefix, as in `r3`. Indices have 31 bits.
pub(super) fn index_after(word: &str, prefix: &str) -> Option<u32> {
    let digits = word.strip_prefix(prefix)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let is_canonical = digits == "0" || !digits.starts_with('0');
    let number: u32 = (is_number && is_canonical).then(|| digits.parse().ok())??;
    (number <= crate::limits::INDEX_MAX).then_some(number)
}

impl Parser<'_> {
    /// A number without a sign.
    pub(super) fn number(&mut self) -> Result<u64, ParseError> {
        let token = self.next()?;
        let value = match &token {
            Token::Number(text) => match text.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16).ok(),
                None => text.strip_prefix('+').unwrap_or(text).parse().ok(),
            },
            _ => None,
        };
        value.ok_or_else(|| self.expected("a number without a sign", &token))
    }

    pub(super) fn number_u32(&mut self) -> Result<u32, ParseError> {
        let value = self.number()?;
        u32::try_from(value).map_err(|_| self.error("a number of 32 bits is expected"))
    }

    /// A constant; `plain` is the type of a number without a prefix.
    pub(super) fn constant(&mut self, plain: Type) -> Result<Constant, ParseError> {
        let token = self.next()?;
        match token {
            Token::String(bytes) => Ok(Constant::String(bytes)),
            Token::Word("nil") => Ok(Constant::Nil),
            Token::Word("true") => Ok(Constant::True),
            Token::Word("false") => Ok(Constant::False),
            Token::Word(prefix) if !matches!(prefix, "nan" | "inf" | "-inf") => {
                let ty = match prefix {
                    "any" => Type::Any,
                    "i32" => Type::I32,
                    "i64" => Type::I64,
                    "f32" => Type::F32,
                    "f64" => Type::F64,
                    "v128" => Type::V128,
                    _ => return Err(self.expected("a constant", &token)),
                };
                self.sign(':')?;
                let token = self.next()?;
                self.typed_number(&token, ty)
            }
            _ => self.typed_number(&token, plain),
        }
    }

    fn typed_number(&mut self, token: &Token<'_>, ty: Type) -> Result<Constant, ParseError> {
        let constant = match token {
            Token::Word("nan") => self.nan(ty)?,
            Token::Word("inf") => float(f64::INFINITY, ty),
            Token::Word("-inf") => float(f64::NEG_INFINITY, ty),
            Token::Number(text) => number(text, ty),
            _ => None,
        };
        let what = || format!("a number of type {ty}");
        constant.ok_or_else(|| self.expected(&what(), token))
    }

    /// The bits after `nan`, which decide whether it is one.
    fn nan(&mut self, ty: Type) -> Result<Option<Constant>, ParseError> {
        self.sign(':')?;
        let bits = self.number()?;
        Ok(match ty {
            Type::F32 => u32::try_from(bits).ok().filter(|&bits| f32::from_bits(bits).is_nan()).map(Constant::F32),
            Type::F64 => f64::from_bits(bits).is_nan().then_some(Constant::F64(bits)),
            Type::Any => f64::from_bits(bits).is_nan().then_some(Constant::Float(bits)),
            Type::I32 | Type::I64 | Type::V128 | Type::Cell | Type::Ref(_) => None,
        })
    }

    /// An initial value; `plain` is the type of a number without a prefix.
    pub(super) fn initial(&mut self, plain: Type) -> Result<Initial, ParseError> {
        self.initial_nested(plain, INITIAL_DEPTH_MAX)
    }

    /// Recursion ends at the limit of the verifier.
    fn initial_nested(&mut self, plain: Type, depth_left: usize) -> Result<Initial, ParseError> {
        let &Token::Word(word) = self.peek()? else { return self.constant(plain).map(Initial::Constant) };
        let op = match word {
            "add" => InitialOp::Add,
            "sub" => InitialOp::Sub,
            "mul" => InitialOp::Mul,
            "null" => {
                self.next()?;
                return Ok(Initial::Null);
            }
            "record" | "array" | "array_of" | "integer31" | "not_null" => {
                self.next()?;
                if depth_left == 0 {
                    return Err(self.error(format!("an initial value nests at most {INITIAL_DEPTH_MAX} deep")));
                }
                return self.initial_object(word, depth_left - 1);
            }
            _ => {
                if let Some(function) = index_after(word, "func") {
                    self.next()?;
                    return Ok(Initial::Function(Func::from_u32(function)));
                }
                if let Some(global) = index_after(word, "global") {
                    self.next()?;
                    return Ok(Initial::Global(Global::from_u32(global)));
                }
                return self.constant(plain).map(Initial::Constant);
            }
        };
        self.next()?;
        if depth_left == 0 {
            return Err(self.error(format!("an initial value nests at most {INITIAL_DEPTH_MAX} deep")));
        }
        self.sign('(')?;
        let lhs = self.initial_nested(plain, depth_left - 1)?;
        self.sign(',')?;
        let rhs = self.initial_nested(plain, depth_left - 1)?;
        self.sign(')')?;
        Ok(Initial::Arithmetic(op, Box::new(lhs), Box::new(rhs)))
    }

    fn initial_object(&mut self, word: &str, depth_left: usize) -> Result<Initial, ParseError> {
        if let "integer31" | "not_null" = word {
            let is_integer = word == "integer31";
            self.sign('(')?;
            let value = self.initial_nested(if is_integer { Type::I32 } else { Type::Any }, depth_left)?;
            self.sign(')')?;
            return Ok(if is_integer {
                Initial::Integer31(Box::new(value))
            } else {
                Initial::NotNull(Box::new(value))
            });
        }
        let layout = Layout::from_u32(self.index("layout")?);
        let parts = self.list(|parser| parser.initial_nested(Type::Any, depth_left))?;
        match (word, <[Initial; 2]>::try_from(parts)) {
            ("array_of", Ok(parts)) => Ok(Initial::ArrayOf(layout, Box::new(parts))),
            ("array_of", Err(parts)) => {
                Err(self.error(format!("a value and a length are expected, found {} values", parts.len())))
            }
            ("record", parts) => Ok(Initial::Record(layout, parts.map_or_else(|parts| parts, Vec::from))),
            (_, parts) => Ok(Initial::Array(layout, parts.map_or_else(|parts| parts, Vec::from))),
        }
    }

    pub(super) fn ty(&mut self) -> Result<Type, ParseError> {
        let token = self.next()?;
        let ty = match token {
            Token::Word(word) => type_of(word),
            _ => None,
        };
        ty.ok_or_else(|| self.expected("a type", &token))
    }

    pub(super) fn storage(&mut self) -> Result<Storage, ParseError> {
        let token = self.next()?;
        let storage = match token {
            Token::Word("i8") => Some(Storage::I8),
            Token::Word("i16") => Some(Storage::I16),
            Token::Word(word) => type_of(word).map(Storage::Whole),
            _ => None,
        };
        storage.ok_or_else(|| self.expected("a type, i8 or i16", &token))
    }
}

fn type_of(word: &str) -> Option<Type> {
    match word {
        "any" => Some(Type::Any),
        "i32" => Some(Type::I32),
        "i64" => Some(Type::I64),
        "f32" => Some(Type::F32),
        "f64" => Some(Type::F64),
        "v128" => Some(Type::V128),
        "cell" => Some(Type::Cell),
        _ => index_after(word, "ref.layout").map(|layout| Type::Ref(Layout::from_u32(layout))),
    }
}

fn float(value: f64, ty: Type) -> Option<Constant> {
    match ty {
        Type::Any => Some(Constant::Float(value.to_bits())),
        Type::F64 => Some(Constant::F64(value.to_bits())),
        Type::F32 => Some(Constant::F32((value as f32).to_bits())),
        Type::I32 | Type::I64 | Type::V128 | Type::Cell | Type::Ref(_) => None,
    }
}

/// A number as written. Integers may be hexadecimal: then the digits are the bits.
fn number(text: &str, ty: Type) -> Option<Constant> {
    let hexadecimal = text.strip_prefix("0x");
    let is_integer = hexadecimal.is_some() || !text.contains(['.', 'e', 'E']);
    match ty {
        Type::Any if is_integer => Some(Constant::Integer(integer_64(text)?)),
        Type::I64 => Some(Constant::I64(integer_64(text)?)),
        Type::I32 => Some(Constant::I32(match hexadecimal {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?.cast_signed(),
            None => text.parse().ok()?,
        })),
        Type::V128 => Some(Constant::V128(u128::from_str_radix(hexadecimal?, 16).ok()?)),
        Type::Any => Some(Constant::Float(finite(text.parse().ok()?)?.to_bits())),
        Type::F64 => Some(Constant::F64(finite(text.parse().ok()?)?.to_bits())),
        // Not by way of f64: that would round twice.
        Type::F32 => {
            let value: f32 = text.parse().ok()?;
            value.is_finite().then_some(Constant::F32(value.to_bits()))
        }
        Type::Cell | Type::Ref(_) => None,
    }
}

fn integer_64(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
        None => text.parse().ok(),
    }
}

/// Infinity is written `inf`, so a number that gives it is too large.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
