//! Parses functions and instructions.

use super::ParseError;
use super::lexer::Token;
use super::parse::Parser;
use super::parse_value::index_after;
use super::print_function::plain_type;
use crate::code::Code;
use crate::entities::{Block, Const, Reg, Sig, Source};
use crate::operand::{ImmediateKind, IndexKind, OperandSource, Pattern, Role};
use crate::program::{Constant, Function, FunctionDef, Local, Region, RegionKind, Span};
use crate::types::Kind;
use crate::{Opcode, Operand, TrapCode};
use cranelift_entity::PrimaryMap;
use std::collections::HashMap;

/// A function under way.
struct Body {
    function: Function,
    numbers: HashMap<Constant, Const>,
    /// Whether a `registers` line has been seen.
    has_registers: bool,
}

/// Reads the operands of one instruction.
struct Operands<'p, 'a> {
    parser: &'p mut Parser<'a>,
    body: &'p mut Body,
    opcode: Opcode,
    results: std::vec::IntoIter<Reg>,
    /// Operands read so far, and those among them on the right side.
    read: usize,
    shown: usize,
}

impl Body {
    fn intern(&mut self, constant: Constant) -> Const {
        if let Some(&known) = self.numbers.get(&constant) {
            return known;
        }
        let number = self.function.constants.push(constant.clone());
        self.numbers.insert(constant, number);
        number
    }

    fn here(&self, parser: &Parser<'_>) -> Result<u32, ParseError> {
        u32::try_from(self.function.code.len()).map_err(|_| parser.error("the function is too long"))
    }
}

impl Parser<'_> {
    /// The lines of a function up to its `}`, which adds it to the program.
    pub(super) fn function_body(&mut self, name: String, signature: Sig) -> Result<(), ParseError> {
        let params = self.program.signatures.get(signature).map_or(&[][..], |signature| &signature.params);
        let function = Function {
            name,
            signature,
            captures: Vec::new(),
            registers: params.iter().copied().collect(),
            constants: PrimaryMap::new(),
            blocks: PrimaryMap::new(),
            code: Vec::new(),
            regions: Vec::new(),
            spans: Vec::new(),
            locals: Vec::new(),
            capture_names: Vec::new(),
        };
        let mut body = Body { function, numbers: HashMap::new(), has_registers: false };
        loop {
            match self.function_line(&mut body) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let is_end = *self.peek().unwrap_or(&Token::Newline) == Token::End;
                    if is_end || self.errors.len() + 1 >= super::parse::ERRORS_MAX {
                        return Err(error);
                    }
                    self.recover(error);
                }
            }
        }
        self.program.functions.push(FunctionDef::Code(Code::new(body.function)));
        Ok(())
    }

    /// One line of a function. Returns false after its end.
    fn function_line(&mut self, body: &mut Body) -> Result<bool, ParseError> {
        let token = self.next()?;
        let word = match token {
            Token::Newline => return Ok(true),
            Token::Sign('}') => return self.end_of_line().map(|()| false),
            Token::Word(word) => word,
            _ => return Err(self.expected("an instruction or '}'", &token)),
        };
        match word {
            "captures" => self.separated(|parser| parser.ty().map(|ty| body.function.captures.push(ty)))?,
            "capture_names" => {
                self.separated(|parser| parser.name().map(|name| body.function.capture_names.push(name)))?;
            }
            "registers" => self.registers(body)?,
            "region" => self.region(body)?,
            "local" => self.local(body)?,
            "at" => self.span(body)?,
            _ => {
                if let Some(number) = index_after(word, "block") {
                    self.block_label(number, body)?;
                } else if let Some(number) = index_after(word, "const") {
                    self.listed_constant(number, body)?;
                } else {
                    self.instruction(word, body)?;
                }
            }
        }
        self.end_of_line()?;
        Ok(true)
    }

    /// Things with commas up to the end of the line.
    fn separated(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), ParseError>) -> Result<(), ParseError> {
        item(self)?;
        while self.accept_sign(',')? {
            item(self)?;
        }
        Ok(())
    }

    fn register(&mut self) -> Result<Reg, ParseError> {
        self.index("r").map(Reg::from_u32)
    }

    fn block(&mut self) -> Result<Block, ParseError> {
        self.index("block").map(Block::from_u32)
    }

    fn range(&mut self) -> Result<(), ParseError> {
        let token = self.next()?;
        if token == Token::Range { Ok(()) } else { Err(self.expected("'..'", &token)) }
    }

    fn next_is(&self, what: &str, number: u32, next: usize) -> Result<(), ParseError> {
        if number as usize == next || !self.errors.is_empty() {
            return Ok(());
        }
        Err(self.error(format!("{what}{next} is next, found {what}{number}")))
    }

    /// `registers r2: any, r3: i32`. The first such line may begin with `r0` and then lists parameters too.
    fn registers(&mut self, body: &mut Body) -> Result<(), ParseError> {
        let is_first = !std::mem::replace(&mut body.has_registers, true);
        if self.accept_word("none")? {
            body.function.registers.clear();
            return Ok(());
        }
        let mut is_start = is_first;
        self.separated(|parser| {
            let register = parser.register()?;
            if std::mem::take(&mut is_start) && register.as_u32() == 0 {
                body.function.registers.clear();
            }
            parser.next_is("r", register.as_u32(), body.function.registers.len())?;
            parser.sign(':')?;
            body.function.registers.push(parser.ty()?);
            Ok(())
        })
    }

    fn listed_constant(&mut self, number: u32, body: &mut Body) -> Result<(), ParseError> {
        self.next_is("const", number, body.function.constants.len())?;
        self.sign('=')?;
        let constant = self.constant(crate::Type::Any)?;
        let number = body.function.constants.push(constant.clone());
        body.numbers.entry(constant).or_insert(number);
        Ok(())
    }

    fn block_label(&mut self, number: u32, body: &mut Body) -> Result<(), ParseError> {
        self.next_is("block", number, body.function.blocks.len())?;
        self.sign(':')?;
        let here = body.here(self)?;
        body.function.blocks.push(here);
        Ok(())
    }

    fn region(&mut self, body: &mut Body) -> Result<(), ParseError> {
        let kind = if self.accept_word("catch")? {
            RegionKind::Catch
        } else if self.accept_word("exception")? {
            RegionKind::Exception
        } else {
            self.word("cleanup")?;
            RegionKind::Cleanup
        };
        let start = self.block()?;
        self.range()?;
        let end = self.block()?;
        self.word("handler")?;
        let handler = self.block()?;
        self.word("error")?;
        let error = self.register()?;
        let message_handler = if self.accept_word("message_handler")? { Some(self.register()?) } else { None };
        body.function.regions.push(Region { kind, start, end, handler, error, message_handler });
        Ok(())
    }

    fn local(&mut self, body: &mut Body) -> Result<(), ParseError> {
        let (name, register) = (self.name()?, self.register()?);
        let start = self.number_u32()?;
        self.range()?;
        let end = self.number_u32()?;
        body.function.locals.push(Local { name, register, start, end });
        Ok(())
    }

    /// `at source0 line 3 bytes 10..20`: where the instructions from here on come from.
    fn span(&mut self, body: &mut Body) -> Result<(), ParseError> {
        let source = Source::from_u32(self.index("source")?);
        self.word("line")?;
        let line = self.number_u32()?;
        self.word("bytes")?;
        let start = self.number_u32()?;
        self.range()?;
        let end = self.number_u32()?;
        let instruction = body.here(self)?;
        body.function.spans.push(Span { instruction, source, line, start, end });
        Ok(())
    }

    /// `r1, r2 = name operands` with the first word taken already.
    fn instruction(&mut self, first: &str, body: &mut Body) -> Result<(), ParseError> {
        let mut results = Vec::new();
        let mut name = first;
        if let Some(register) = index_after(first, "r") {
            results.push(Reg::from_u32(register));
            while self.accept_sign(',')? {
                results.push(self.register()?);
            }
            self.sign('=')?;
            name = match self.next()? {
                Token::Word(name) => name,
                token => return Err(self.expected("an instruction", &token)),
            };
        }
        let Some(opcode) = Opcode::from_name(name) else {
            return Err(self.error(format!("there is no instruction '{name}'")));
        };
        let given = results.len();
        let mut operands = Operands { parser: self, body, opcode, results: results.into_iter(), read: 0, shown: 0 };
        let instruction = opcode.read(&mut operands)?;
        if operands.results.len() > 0 {
            let used = given - operands.results.len();
            return Err(self.error(format!("{name} has {used} results, found {given}")));
        }
        body.function.code.push(instruction);
        Ok(())
    }
}

impl Operands<'_, '_> {
    /// The role of the next operand.
    fn role(&mut self) -> Role {
        let (_, role) = self.opcode.info().operands[self.read];
        self.read += 1;
        role
    }

    fn result(&mut self) -> Result<Reg, ParseError> {
        let name = self.opcode.info().name;
        self.results.next().ok_or_else(|| self.parser.error(format!("{name} has more results than stand before '='")))
    }

    /// The comma before an operand on the right side; it may be left out before a list.
    fn separator(&mut self, is_list: bool) -> Result<(), ParseError> {
        self.shown += 1;
        match (self.shown, is_list) {
            (1, _) => Ok(()),
            (_, true) => self.parser.accept_sign(',').map(drop),
            (_, false) => self.parser.sign(','),
        }
    }

    fn operand(parser: &mut Parser<'_>, body: &mut Body, pattern: Pattern) -> Result<Operand, ParseError> {
        if let &Token::Word(word) = parser.peek()? {
            if let Some(register) = index_after(word, "r") {
                parser.next()?;
                return Ok(Reg::from_u32(register).into());
            }
            if let Some(constant) = index_after(word, "const") {
                parser.next()?;
                return Ok(Const::from_u32(constant).into());
            }
        }
        let constant = parser.constant(plain_type(pattern))?;
        Ok(body.intern(constant).into())
    }
}

impl OperandSource for Operands<'_, '_> {
    type Error = ParseError;

    fn reg(&mut self, _: &'static str) -> Result<Reg, ParseError> {
        match self.role() {
            Role::InOut(_) => {
                self.separator(false)?;
                self.parser.register()
            }
            _ => self.result(),
        }
    }

    fn input(&mut self, _: &'static str, pattern: Pattern) -> Result<Operand, ParseError> {
        self.role();
        self.separator(false)?;
        Self::operand(self.parser, self.body, pattern)
    }

    fn regs(&mut self, _: &'static str) -> Result<Box<[Reg]>, ParseError> {
        self.role();
        // A list takes what single results after it leave.
        let after = self.opcode.info().operands[self.read..].iter().filter(|(_, role)| matches!(role, Role::Out(_)));
        let count = self.results.len().saturating_sub(after.count());
        Ok(self.results.by_ref().take(count).collect())
    }

    fn inputs(&mut self, _: &'static str, pattern: Pattern) -> Result<Box<[Operand]>, ParseError> {
        self.role();
        self.separator(true)?;
        let body = &mut *self.body;
        self.parser.list(|parser| Self::operand(parser, body, pattern)).map(Vec::into)
    }

    fn block(&mut self, _: &'static str) -> Result<Block, ParseError> {
        self.role();
        self.separator(false)?;
        self.parser.block()
    }

    fn blocks(&mut self, _: &'static str) -> Result<Box<[Block]>, ParseError> {
        self.role();
        self.separator(true)?;
        self.parser.list(Parser::block).map(Vec::into)
    }

    fn index(&mut self, _: &'static str, kind: IndexKind) -> Result<u32, ParseError> {
        self.role();
        self.separator(false)?;
        self.parser.index(match kind {
            IndexKind::Func => "func",
            IndexKind::Sig => "sig",
            IndexKind::Global => "global",
            IndexKind::Memory => "memory",
            IndexKind::Table => "table",
            IndexKind::Data => "data",
            IndexKind::Element => "elem",
            IndexKind::Layout => "layout",
        })
    }

    fn immediate(&mut self, _: &'static str, kind: ImmediateKind) -> Result<u64, ParseError> {
        self.role();
        self.separator(false)?;
        let &Token::Word(word) = self.parser.peek()? else { return self.parser.number() };
        let value = match kind {
            ImmediateKind::Offset | ImmediateKind::Number => None,
            ImmediateKind::Kind => Kind::ALL.iter().find(|kind| kind.name() == word).map(|&kind| kind as u64),
            ImmediateKind::Trap => TrapCode::ALL.iter().find(|code| code.name() == word).map(|&code| code as u64),
        };
        let token = self.parser.next()?;
        value.ok_or_else(|| self.parser.expected("a number", &token))
    }
}
