//! Parses the items of a program.

use super::ParseError;
use super::lexer::{Lexer, Position, Token};
use super::parse_value::index_after;
use crate::Program;
use crate::allowance::Allowance;
use crate::entities::{Declared, Func, Global, Layout, Memory, Sig, Table};
use crate::program::{
    CustomSection, DataDef, DeclaredType, Described, ElementDef, ElementType, Export, FormPart, FunctionDef, GlobalDef,
    Import, Item, LayoutDef, MemoryDef, Origin, PAGE_BITS, SegmentMode, SourceFile, TableDef,
};
use crate::steps;
use crate::types::{Convention, Signature, Type};
use cranelift_entity::EntityRef;
use std::collections::HashMap;

/// Errors after which the parser gives up.
pub(super) const ERRORS_MAX: usize = 100;

/// Parses a program from its text form.
///
/// # Errors
/// All mistakes, at most one a line and a hundred in all. Whether the program makes sense is up to
/// [`verify`](crate::verify::verify).
pub fn parse(text: &str) -> Result<Program, Vec<ParseError>> {
    let mut parser = Parser {
        lexer: Lexer::new(text),
        peeked: None,
        position: Position::default(),
        at_line_end: true,
        errors: Vec::new(),
        program: Program::default(),
        signatures: HashMap::new(),
    };
    parser.items();
    if parser.errors.is_empty() { Ok(parser.program) } else { Err(parser.errors) }
}

/// Bytes that a program takes for each byte of its text at most, with room to grow.
const BYTES_PER_BYTE: u64 = 16;

/// As [`parse`], in so much memory.
///
/// # Errors
/// As for [`parse`]; "not enough memory" when the allowance does not suffice.
pub fn parse_within(text: &str, allowance: &mut Allowance) -> Result<Program, Vec<ParseError>> {
    let bytes = BYTES_PER_BYTE.saturating_mul(text.len() as u64);
    let taken = allowance.touch(bytes);
    taken.map_err(|exhausted| vec![ParseError { line: 1, column: 1, message: exhausted.to_string() }])?;
    parse(text)
}

/// A parse under way.
pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    peeked: Option<(Token<'a>, Position)>,
    /// Where the token taken last begins.
    position: Position,
    /// Whether that token ended a line.
    at_line_end: bool,
    pub(super) errors: Vec<ParseError>,
    pub(super) program: Program,
    /// The first number of each signature so far.
    signatures: HashMap<Signature, Sig>,
}

impl<'a> Parser<'a> {
    pub(super) fn next(&mut self) -> Result<Token<'a>, ParseError> {
        self.peek()?;
        let (token, position) = self.peeked.take().expect("it was just filled");
        self.position = position;
        self.at_line_end = matches!(token, Token::Newline | Token::End);
        Ok(token)
    }

    pub(super) fn peek(&mut self) -> Result<&Token<'a>, ParseError> {
        if self.peeked.is_none() {
            match self.lexer.next() {
                Ok(token) => self.peeked = Some(token),
                Err(error) => {
                    self.at_line_end = false;
                    return Err(error);
                }
            }
        }
        Ok(&self.peeked.as_ref().expect("it was just filled").0)
    }

    /// An error at the token taken last.
    pub(super) fn error(&self, message: impl Into<String>) -> ParseError {
        self.lexer.error_at(self.position, message)
    }

    pub(super) fn expected(&self, what: &str, found: &Token<'_>) -> ParseError {
        self.error(format!("{what} is expected, found {}", found.show()))
    }

    /// Notes an error and goes to the end of its line. Returns whether to go on.
    pub(super) fn recover(&mut self, error: ParseError) -> bool {
        self.errors.push(error);
        let is_line_end = matches!(self.peeked, Some((Token::Newline | Token::End, _)));
        if !self.at_line_end && !is_line_end {
            self.peeked = None;
            self.lexer.skip_line();
        }
        self.errors.len() < ERRORS_MAX
    }

    /// Takes the next token if it is this sign.
    pub(super) fn accept_sign(&mut self, sign: char) -> Result<bool, ParseError> {
        let is_it = *self.peek()? == Token::Sign(sign);
        if is_it {
            self.next()?;
        }
        Ok(is_it)
    }

    pub(super) fn sign(&mut self, sign: char) -> Result<(), ParseError> {
        let token = self.next()?;
        if token == Token::Sign(sign) { Ok(()) } else { Err(self.expected(&format!("'{sign}'"), &token)) }
    }

    /// Takes the next token if it is this word.
    pub(super) fn accept_word(&mut self, word: &str) -> Result<bool, ParseError> {
        let is_it = matches!(self.peek()?, Token::Word(found) if *found == word);
        if is_it {
            self.next()?;
        }
        Ok(is_it)
    }

    pub(super) fn word(&mut self, word: &str) -> Result<(), ParseError> {
        let token = self.next()?;
        if token == Token::Word(word) { Ok(()) } else { Err(self.expected(&format!("'{word}'"), &token)) }
    }

    /// An index with its prefix, as in `func3`.
    pub(super) fn index(&mut self, prefix: &str) -> Result<u32, ParseError> {
        let token = self.next()?;
        let index = match token {
            Token::Word(word) => index_after(word, prefix),
            _ => None,
        };
        index.ok_or_else(|| self.expected(&format!("{prefix} with a number"), &token))
    }

    pub(super) fn string(&mut self) -> Result<Box<[u8]>, ParseError> {
        match self.next()? {
            Token::String(bytes) => Ok(bytes),
            token => Err(self.expected("a string", &token)),
        }
    }

    pub(super) fn name(&mut self) -> Result<String, ParseError> {
        let bytes = self.string()?;
        String::from_utf8(bytes.into()).map_err(|_| self.error("a name is UTF-8"))
    }

    pub(super) fn end_of_line(&mut self) -> Result<(), ParseError> {
        match self.next()? {
            Token::Newline | Token::End => Ok(()),
            token => Err(self.expected("the end of the line", &token)),
        }
    }

    pub(super) fn skip_newlines(&mut self) -> Result<(), ParseError> {
        while *self.peek()? == Token::Newline {
            self.next()?;
        }
        Ok(())
    }

    /// Things between brackets with commas; lines may end anywhere between them.
    pub(super) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, ParseError>,
    ) -> Result<Vec<T>, ParseError> {
        self.sign('(')?;
        let mut items = Vec::new();
        self.skip_newlines()?;
        if self.accept_sign(')')? {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            self.skip_newlines()?;
            if self.accept_sign(')')? {
                return Ok(items);
            }
            self.sign(',')?;
            self.skip_newlines()?;
        }
    }

    fn items(&mut self) {
        loop {
            let goes_on = match self.item() {
                Ok(found) => found,
                Err(error) => self.recover(error),
            };
            if !goes_on || self.errors.len() >= ERRORS_MAX {
                return;
            }
        }
    }

    /// One statement. Returns whether there was one.
    fn item(&mut self) -> Result<bool, ParseError> {
        let token = self.next()?;
        let word = match token {
            Token::Newline => return Ok(true),
            Token::End => return Ok(false),
            Token::Word(word) => word,
            _ => return Err(self.expected("an item of a program", &token)),
        };
        match word {
            "minivm" => self.version()?,
            "target" => self.target()?,
            "export" => self.export()?,
            "start" => self.program.start = Some(Func::from_u32(self.index("func")?)),
            "custom" => {
                let (name, bytes) = (self.name()?, self.bytes()?);
                self.program.custom.push(CustomSection { name, bytes });
            }
            _ => return self.numbered_item(word, &token),
        }
        self.end_of_line()?;
        Ok(true)
    }

    fn numbered_item(&mut self, word: &str, token: &Token<'_>) -> Result<bool, ParseError> {
        let prefix_length = word.find(|character: char| character.is_ascii_digit()).unwrap_or(word.len());
        let (prefix, _) = word.split_at(prefix_length);
        let Some(number) = index_after(word, prefix) else {
            return Err(self.expected("an item of a program", token));
        };
        let next = match prefix {
            "func" => self.program.functions.len(),
            "source" => self.program.sources.len(),
            "sig" => self.program.signatures.len(),
            "layout" => self.program.layouts.len(),
            "type" => self.program.types.len(),
            "global" => self.program.globals.len(),
            "memory" => self.program.memories.len(),
            "table" => self.program.tables.len(),
            "data" => self.program.data.len(),
            "elem" => self.program.elements.len(),
            _ => return Err(self.expected("an item of a program", token)),
        };
        // After an error an item may be missing, which is no second mistake.
        if number as usize != next && self.errors.is_empty() {
            return Err(self.error(format!("{prefix}{next} is next, found {word}")));
        }
        if prefix == "func" {
            return self.function_item().map(|()| true);
        }
        let is_named = prefix == "global" && matches!(self.peek()?, Token::String(_));
        let name = if is_named { self.name()? } else { String::new() };
        self.sign('=')?;
        match prefix {
            "source" => self.source()?,
            "sig" => {
                let signature = self.signature()?;
                self.add_signature(signature);
            }
            "layout" => self.layout()?,
            "type" => self.declared_type()?,
            "global" => self.global(name)?,
            "memory" => self.memory()?,
            "table" => self.table()?,
            "data" => self.data()?,
            _ => self.element()?,
        }
        self.end_of_line()?;
        Ok(true)
    }

    fn function_item(&mut self) -> Result<(), ParseError> {
        if self.accept_word("import")? {
            let import = self.import()?;
            let signature = self.function_signature()?;
            self.program.functions.push(FunctionDef::Import { import, signature });
            return self.end_of_line();
        }
        let mut header = || {
            let name = self.name()?;
            let signature = self.function_signature()?;
            self.sign('{')?;
            self.end_of_line()?;
            Ok((name, signature))
        };
        match header() {
            Ok((name, signature)) => self.function_body(name, signature),
            Err(error) => {
                self.peeked = None;
                self.lexer.skip_body();
                Err(error)
            }
        }
    }

    /// `sig3`, or a signature in full, or both.
    fn function_signature(&mut self) -> Result<Sig, ParseError> {
        let named = match self.peek()? {
            Token::Word(_) => Some(Sig::from_u32(self.index("sig")?)),
            _ => None,
        };
        if *self.peek()? != Token::Sign('(') {
            return match named {
                Some(number) => Ok(number),
                None => Err(self.next().map_or_else(|error| error, |token| self.expected("a signature", &token))),
            };
        }
        let signature = self.signature()?;
        let Some(number) = named else {
            return Ok(match self.signatures.get(&signature) {
                Some(&number) => number,
                None => self.add_signature(signature),
            });
        };
        match self.program.signatures.get(number) {
            Some(known) if *known != signature && self.errors.is_empty() => {
                Err(self.error(format!("{number} is {known}, not {signature}")))
            }
            _ => Ok(number),
        }
    }

    fn add_signature(&mut self, signature: Signature) -> Sig {
        steps::count(signature.params.len() + signature.results.len());
        let number = self.program.signatures.push(signature.clone());
        self.signatures.entry(signature).or_insert(number);
        number
    }

    fn version(&mut self) -> Result<(), ParseError> {
        match self.number()? {
            0 | 1 => Ok(()),
            other => {
                let known = format!("this build reads versions 0 to {}", super::VERSION);
                Err(self.error(format!("this is text form {other}, but {known}: a newer release of MiniVM reads it")))
            }
        }
    }

    fn target(&mut self) -> Result<(), ParseError> {
        self.program.target = self.name()?;
        Ok(())
    }

    fn export(&mut self) -> Result<(), ParseError> {
        let name = self.name()?;
        let token = self.next()?;
        let find = |prefix: &str| match token {
            Token::Word(word) => index_after(word, prefix),
            _ => None,
        };
        let function = find("func").map(|index| Item::Function(Func::from_u32(index)));
        let global = find("global").map(|index| Item::Global(Global::from_u32(index)));
        let memory = find("memory").map(|index| Item::Memory(Memory::from_u32(index)));
        let table = find("table").map(|index| Item::Table(Table::from_u32(index)));
        let item = function.or(global).or(memory).or(table);
        let item = item.ok_or_else(|| self.expected("a function, global, memory or table", &token))?;
        self.program.exports.push(Export { name, item });
        Ok(())
    }

    fn source(&mut self) -> Result<(), ParseError> {
        let name = self.name()?;
        let text = if *self.peek()? == Token::Sign('{') { Some(self.bytes()?) } else { None };
        self.program.sources.push(SourceFile { name, text });
        Ok(())
    }

    /// Strings between braces.
    fn bytes(&mut self) -> Result<Box<[u8]>, ParseError> {
        self.sign('{')?;
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                Token::Newline => {}
                Token::String(part) => bytes.extend_from_slice(&part),
                Token::Sign('}') => return Ok(bytes.into()),
                token => return Err(self.expected("a string or '}'", &token)),
            }
        }
    }

    fn signature(&mut self) -> Result<Signature, ParseError> {
        let params = self.list(Self::ty)?;
        let convention = if self.accept_word("dynamic")? {
            Convention::Dynamic
        } else if self.accept_word("variadic")? {
            Convention::Variadic
        } else {
            Convention::Typed
        };
        let mut results = Vec::new();
        if *self.peek()? == Token::Arrow {
            self.next()?;
            results = self.list(Self::ty)?;
        }
        Ok(Signature { convention, params, results })
    }

    fn layout(&mut self) -> Result<(), ParseError> {
        let layout = if self.accept_word("array")? {
            self.sign('(')?;
            let element = self.storage()?;
            self.sign(')')?;
            LayoutDef::Array(element)
        } else if self.accept_word("exception")? {
            LayoutDef::Exception(self.list(Self::storage)?)
        } else {
            self.word("record")?;
            LayoutDef::Record(self.list(Self::storage)?)
        };
        self.program.layouts.push(layout);
        Ok(())
    }

    fn declared_type(&mut self) -> Result<(), ParseError> {
        let is_joined = self.accept_word("joined")?;
        self.word("form")?;
        let form = self.list(|parser| match parser.peek()? {
            Token::Word(word) if index_after(word, "type").is_some() => {
                Ok(FormPart::Type(Declared::from_u32(parser.index("type")?)))
            }
            _ => parser.number().map(FormPart::Number),
        })?;
        let mut supertypes = Vec::new();
        if self.accept_word("under")? {
            supertypes = self.list(|parser| Ok(Declared::from_u32(parser.index("type")?)))?;
        }
        let mut describes = Described::Nothing;
        if self.accept_word("describes")? {
            describes = match self.peek()? {
                Token::Word(word) if index_after(word, "sig").is_some() => {
                    Described::Signature(Sig::from_u32(self.index("sig")?))
                }
                _ => Described::Layout(Layout::from_u32(self.index("layout")?)),
            };
        }
        self.program.types.push(DeclaredType { is_joined, form, supertypes, describes });
        Ok(())
    }

    fn import(&mut self) -> Result<Import, ParseError> {
        Ok(Import { module: self.name()?, name: self.name()? })
    }

    /// `import "module" "name"`, or what `own` reads.
    fn origin<T>(&mut self, own: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<Origin<T>, ParseError> {
        if self.accept_word("import")? { self.import().map(Origin::Import) } else { own(self).map(Origin::Own) }
    }

    fn global(&mut self, name: String) -> Result<(), ParseError> {
        let mutable = self.accept_word("mutable")?;
        // Most globals hold any value, and `any` would be their type.
        let holds = match self.peek()? {
            Token::Word("function" | "tag") => Some(self.element_type()?),
            _ => None,
        };
        let (holds, ty) = match holds {
            Some(holds) => (holds, self.ty()?),
            None => match self.ty()? {
                Type::Any if *self.peek()? == Token::Sign(':') => (self.declared(false)?, self.ty()?),
                ty => (ElementType::Any, ty),
            },
        };
        let origin = self.origin(|parser| parser.initial(ty))?;
        self.program.globals.push(GlobalDef { name, ty, mutable, holds, origin });
        Ok(())
    }

    /// `i32` or `i64`: the type of addresses.
    fn is_64(&mut self) -> Result<bool, ParseError> {
        if self.accept_word("i64")? {
            return Ok(true);
        }
        self.word("i32").map(|()| false)
    }

    fn limits(&mut self) -> Result<(u64, Option<u64>), ParseError> {
        let minimum = self.number()?;
        let maximum = if self.accept_word("maximum")? { Some(self.number()?) } else { None };
        Ok((minimum, maximum))
    }

    fn memory(&mut self) -> Result<(), ParseError> {
        let is_64 = self.is_64()?;
        let is_shared = self.accept_word("shared")?;
        let page_bits = if self.accept_word("bytes")? { 0 } else { PAGE_BITS };
        let (minimum, maximum) = self.limits()?;
        let origin = self.origin(|_| Ok(()))?;
        self.program.memories.push(MemoryDef { origin, minimum, maximum, is_64, is_shared, page_bits });
        Ok(())
    }

    fn element_type(&mut self) -> Result<ElementType, ParseError> {
        if self.accept_word("tag")? {
            let is_declared = *self.peek()? == Token::Sign(':');
            let ty = if is_declared { self.declared(false)?.declared() } else { None };
            return Ok(ElementType::Tag(ty));
        }
        let is_function = self.accept_word("function")?;
        if !is_function {
            self.word("any")?;
        }
        match *self.peek()? {
            Token::Sign(':') => self.declared(is_function),
            _ => Ok(if is_function { ElementType::Function } else { ElementType::Any }),
        }
    }

    /// `:type3`.
    fn declared(&mut self, is_function: bool) -> Result<ElementType, ParseError> {
        self.sign(':')?;
        Ok(ElementType::Declared { is_function, ty: Declared::from_u32(self.index("type")?) })
    }

    fn table(&mut self) -> Result<(), ParseError> {
        let is_64 = self.is_64()?;
        let element = self.element_type()?;
        let (minimum, maximum) = self.limits()?;
        let origin = self.origin(|parser| parser.initial(Type::Any))?;
        self.program.tables.push(TableDef { origin, element, minimum, maximum, is_64 });
        Ok(())
    }

    fn mode<T: EntityRef>(
        &mut self,
        prefix: &str,
        is_64: impl FnOnce(&Program, T) -> bool,
    ) -> Result<SegmentMode<T>, ParseError> {
        if self.accept_word("passive")? {
            return Ok(SegmentMode::Passive);
        }
        if self.accept_word("declared")? {
            return Ok(SegmentMode::Declared);
        }
        self.word("active")?;
        let into = T::new(self.index(prefix)? as usize);
        let address = if is_64(&self.program, into) { Type::I64 } else { Type::I32 };
        Ok(SegmentMode::Active(into, self.initial(address)?))
    }

    fn data(&mut self) -> Result<(), ParseError> {
        let width = |program: &Program, memory| program.memories.get(memory).is_some_and(|memory| memory.is_64);
        let (mode, bytes) = (self.mode("memory", width)?, self.bytes()?);
        self.program.data.push(DataDef { mode, bytes: bytes.into() });
        Ok(())
    }

    fn element(&mut self) -> Result<(), ParseError> {
        let element = self.element_type()?;
        let width = |program: &Program, table| program.tables.get(table).is_some_and(|table| table.is_64);
        let mode = self.mode("table", width)?;
        let values = self.list(|parser| parser.initial(Type::Any))?;
        self.program.elements.push(ElementDef { mode, element, values });
        Ok(())
    }
}
