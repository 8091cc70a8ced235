//! Text to syntax tree.

use crate::Error;

/// An expression; each with the line it stands on.
#[derive(Debug)]
pub(crate) enum Expression {
    Number(f64),
    Name(String, u32),
    Call(String, Vec<Expression>, u32),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Negate(Box<Expression>),
    If(Operator, Box<[Expression; 4]>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Less,
    LessEqual,
    Equal,
}

/// A line of the program.
#[derive(Debug)]
pub(crate) enum Definition {
    /// `def name(params) = body`
    Function { name: String, params: Vec<String>, body: Expression, line: u32 },
    /// `let name = value`
    Let { name: String, value: Expression, line: u32 },
    /// The last line: the result.
    Result { value: Expression, line: u32 },
}

const DEPTH_MAX: u32 = 100;

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<&'a str>>,
    line: u32,
    depth: u32,
}

/// Parses a program, one definition a line.
pub(crate) fn parse(text: &str) -> Result<Vec<Definition>, Error> {
    let mut definitions = Vec::new();
    let mut line = 0;
    for text in text.lines() {
        line += 1;
        let tokens = tokens(text, line)?;
        if !tokens.is_empty() {
            let mut parser = Parser { tokens: tokens.into_iter().peekable(), line, depth: 0 };
            let definition = parser.definition()?;
            match parser.tokens.next() {
                None => definitions.push(definition),
                Some(token) => return Err(parser.error(format!("the end is expected, found '{token}'"))),
            }
        }
    }
    match definitions.last() {
        Some(Definition::Result { .. }) => Ok(definitions),
        _ => Err(Error { line, message: "the last line must be an expression".into() }),
    }
}

fn tokens(text: &str, line: u32) -> Result<Vec<&str>, Error> {
    let mut tokens = Vec::new();
    let mut rest = text.split('#').next().unwrap_or_default().trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let length = match first {
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            '<' | '=' if rest[1..].starts_with('=') => 2,
            '+' | '-' | '*' | '/' | '<' | '=' | '(' | ')' | ',' => 1,
            _ => return Err(Error { line, message: format!("'{first}' has no meaning") }),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

impl<'a> Parser<'a> {
    fn error(&self, message: impl Into<String>) -> Error {
        Error { line: self.line, message: message.into() }
    }

    fn accept(&mut self, token: &str) -> bool {
        self.tokens.next_if_eq(&token).is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), Error> {
        match self.tokens.next() {
            Some(found) if found == token => Ok(()),
            found => Err(self.error(format!("'{token}' is expected, found {}", show(found)))),
        }
    }

    fn name(&mut self) -> Result<String, Error> {
        match self.tokens.next() {
            Some(token) if token.starts_with(|c: char| c.is_ascii_alphabetic()) => Ok(token.into()),
            found => Err(self.error(format!("a name is expected, found {}", show(found)))),
        }
    }

    fn definition(&mut self) -> Result<Definition, Error> {
        let line = self.line;
        if self.accept("let") {
            let name = self.name()?;
            self.expect("=")?;
            return Ok(Definition::Let { name, value: self.expression()?, line });
        }
        if !self.accept("def") {
            return Ok(Definition::Result { value: self.expression()?, line });
        }
        let name = self.name()?;
        self.expect("(")?;
        let params = self.list(Parser::name)?;
        self.expect("=")?;
        Ok(Definition::Function { name, params, body: self.expression()?, line })
    }

    /// Things with commas up to `)`.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T, Error>) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        while !self.accept(")") {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn expression(&mut self) -> Result<Expression, Error> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error("nested too deep"));
        }
        let expression = if self.accept("if") { self.choice() } else { self.sum() };
        self.depth -= 1;
        expression
    }

    fn choice(&mut self) -> Result<Expression, Error> {
        let lhs = self.sum()?;
        let operator = match self.tokens.next() {
            Some("<") => Operator::Less,
            Some("<=") => Operator::LessEqual,
            Some("==") => Operator::Equal,
            found => return Err(self.error(format!("a comparison is expected, found {}", show(found)))),
        };
        let rhs = self.sum()?;
        self.expect("then")?;
        let if_true = self.expression()?;
        self.expect("else")?;
        let if_false = self.expression()?;
        Ok(Expression::If(operator, Box::new([lhs, rhs, if_true, if_false])))
    }

    fn sum(&mut self) -> Result<Expression, Error> {
        self.chain(&[("+", Operator::Add), ("-", Operator::Sub)], |parser| {
            parser.chain(&[("*", Operator::Mul), ("/", Operator::Div)], Parser::value)
        })
    }

    /// Values with operators of one rank between them, from left to right.
    fn chain(
        &mut self,
        operators: &[(&str, Operator)],
        mut item: impl FnMut(&mut Self) -> Result<Expression, Error>,
    ) -> Result<Expression, Error> {
        let mut value = item(self)?;
        let mut length = 0;
        while let Some(&(token, operator)) =
            operators.iter().find(|(token, _)| self.tokens.peek().is_some_and(|next| next == token))
        {
            self.expect(token)?;
            value = Expression::Binary(operator, Box::new(value), Box::new(item(self)?));
            length += 1;
            if length > DEPTH_MAX {
                return Err(self.error("too long"));
            }
        }
        Ok(value)
    }

    fn value(&mut self) -> Result<Expression, Error> {
        if self.accept("-") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err(self.error("nested too deep"));
            }
            let value = self.value().map(|value| Expression::Negate(Box::new(value)));
            self.depth -= 1;
            return value;
        }
        if self.accept("(") {
            let value = self.expression()?;
            return self.expect(")").map(|()| value);
        }
        match self.tokens.next() {
            Some(token) if token.starts_with(|c: char| c.is_ascii_digit()) => match token.parse() {
                Ok(number) => Ok(Expression::Number(number)),
                Err(_) => Err(self.error(format!("'{token}' is no number"))),
            },
            Some(token) if token.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                if self.accept("(") {
                    let line = self.line;
                    return Ok(Expression::Call(token.into(), self.list(Parser::expression)?, line));
                }
                Ok(Expression::Name(token.into(), self.line))
            }
            found => Err(self.error(format!("a value is expected, found {}", show(found)))),
        }
    }
}

fn show(token: Option<&str>) -> String {
    token.map_or("the end".into(), |token| format!("'{token}'"))
}
