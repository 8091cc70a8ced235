//! The compiler: reads tokens and writes bytecode in one pass. Here is what it knows on its way; how statements and expressions
//! are read and what code they become stands in `statements` and `expressions`, which are methods of this.

use crate::lexer::{Kind, Token, tokens};
use crate::{CHUNK_SECTION, Error, Mode};
use minivm_builder::{
    Block, Func, FunctionBuilder, IntoOperand, Operand, ProgramBuilder, Reg, Signature, Source, Type, Verified,
};
use std::collections::HashSet;
use std::ops::Range;

/// How deep statements and expressions may stand in one another: the compiler calls itself for each.
const DEPTH_MAX: u32 = 150;

pub(crate) type Compiled<T> = Result<T, Error>;

// ANCHOR: place
/// Where a variable lives.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// In a register of its function.
    Register(Reg),
    /// In a cell, because a function inside uses it too; the register holds the cell.
    Cell(Reg),
    /// In a cell of a function around, which is captured value number so-and-so here.
    Capture(u64),
}
// ANCHOR_END: place

/// A function on its way.
pub(crate) struct Function<'t> {
    pub(crate) f: FunctionBuilder,
    /// The variables in sight, the innermost last.
    pub(crate) variables: Vec<(&'t str, Place)>,
    /// Captured cells in their order, after the globals, which each function captures first.
    captures: Vec<&'t str>,
    /// Names that functions inside mention: variables of these names live in cells.
    shared: HashSet<&'t str>,
    pub(crate) is_generator: bool,
    /// Where `continue` and `break` go, the innermost last.
    pub(crate) loops: Vec<(Block, Block)>,
    /// `try` blocks around: no call in them may give up its frame.
    pub(crate) tries: u32,
}

pub(crate) struct Compiler<'t> {
    file: &'t str,
    text: &'t str,
    pub(crate) mode: Mode,
    tokens: Vec<Token<'t>>,
    at: usize,
    depth: u32,
    pub(crate) program: ProgramBuilder,
    source: Source,
    /// The functions around the current place, the innermost last.
    functions: Vec<Function<'t>>,
    /// Blocks around the current place: 0 at the top level.
    pub(crate) blocks: u32,
    /// What resumes generators, once there is one.
    pub(crate) resume: Option<Func>,
    /// At a prompt, what the last line has given.
    pub(crate) last: Option<Reg>,
    /// Returns its first argument.
    pub(crate) first: Func,
}

// ANCHOR: compile
/// Compiles a program; `file` is its name in messages.
///
/// # Errors
/// The first mistake in it.
pub fn compile(file: &str, text: &str, mode: Mode) -> Result<Verified, Error> {
    let tokens = tokens(text).map_err(|(span, message)| Error::new(file, text, span, message))?;
    let mut program = ProgramBuilder::new();
    let source = program.source(file, Some(text.as_bytes().into()));
    let mut f = program.function("first", Signature::dynamic(1, false));
    f.return_values((f.param(0),));
    let first = program.add(f).map_err(|error| Error::new(file, text, 0..0, error.to_string()))?;
    let (functions, resume, last) = (Vec::new(), None, None);
    let mut compiler = Compiler {
        file,
        text,
        mode,
        tokens,
        at: 0,
        depth: 0,
        program,
        source,
        functions,
        blocks: 0,
        resume,
        last,
        first,
    };
    compiler.begin_function("main", Signature::dynamic(0, true), false);
    compiler.top_level()?;
    let main = compiler.end_function(0..0)?.0;
    compiler.program.export_function("main", main);
    compiler.program.custom(CHUNK_SECTION, []);
    compiler.program.finish().map_err(|error| Error::new(file, text, 0..0, error.to_string()))
}
// ANCHOR_END: compile

/// Tokens and mistakes.
impl<'t> Compiler<'t> {
    pub(crate) fn peek(&self) -> Token<'t> {
        self.tokens[self.at]
    }

    /// The token after the next one.
    pub(crate) fn peek_second(&self) -> Token<'t> {
        self.tokens[(self.at + 1).min(self.tokens.len() - 1)]
    }

    pub(crate) fn next(&mut self) -> Token<'t> {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    pub(crate) fn is(&self, word: &str) -> bool {
        self.peek().kind == Kind::Word && self.peek().text == word
    }

    pub(crate) fn accept(&mut self, word: &str) -> bool {
        let is_there = self.is(word);
        self.at += usize::from(is_there);
        is_there
    }

    pub(crate) fn expect(&mut self, word: &str) -> Compiled<()> {
        if self.accept(word) { Ok(()) } else { self.expected(&format!("`{word}`")) }
    }

    pub(crate) fn name(&mut self) -> Compiled<&'t str> {
        if self.peek().kind == Kind::Name { Ok(self.next().text) } else { self.expected("a name") }
    }

    pub(crate) fn expected<T>(&self, what: &str) -> Compiled<T> {
        let found = self.peek();
        let shown = if found.kind == Kind::End { "the end".to_owned() } else { format!("`{}`", found.text) };
        self.error(found.span(), format!("{what} is expected, found {shown}"))
    }

    pub(crate) fn error<T>(&self, span: Range<usize>, message: impl Into<String>) -> Compiled<T> {
        Err(Error::new(self.file, self.text, span, message.into()))
    }

    /// Whether the statement before may end here.
    pub(crate) fn is_statement_end(&self) -> bool {
        self.is(";") || self.is("}") || self.tokens[self.at - 1].text == "}" || self.begins_line()
    }

    /// Whether the next token begins a line: no call or element goes on there.
    pub(crate) fn begins_line(&self) -> bool {
        self.at == 0 || self.peek().line > self.tokens[self.at - 1].line
    }

    // ANCHOR: nested
    /// Does a part that may have others of its kind inside.
    pub(crate) fn nested<T>(&mut self, part: impl FnOnce(&mut Self) -> Compiled<T>) -> Compiled<T> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.error(self.peek().span(), "this is nested too deep");
        }
        let result = part(self)?;
        self.depth -= 1;
        Ok(result)
    }
    // ANCHOR_END: nested
}

/// Functions and their variables.
impl<'t> Compiler<'t> {
    /// The function on its way.
    pub(crate) fn function(&mut self) -> &mut Function<'t> {
        self.functions.last_mut().expect("`main` ends last")
    }

    /// Its builder.
    pub(crate) fn f(&mut self) -> &mut FunctionBuilder {
        &mut self.function().f
    }

    // ANCHOR: mark
    /// The instructions from here on are for this token: errors and debuggers show its line.
    pub(crate) fn mark(&mut self, token: Token<'_>) {
        let (source, span) = (self.source, token.span());
        self.f().set_span(source, token.line, span.start as u32, span.end as u32);
    }
    // ANCHOR_END: mark

    // ANCHOR: functions
    /// Begins a function inside the current one.
    pub(crate) fn begin_function(&mut self, name: &str, signature: Signature, is_generator: bool) {
        let mut f = self.program.function(name, signature);
        // Errors say `global 'x'` for what is found in a captured value of this name.
        f.capture(Type::Any, "_ENV");
        let (variables, captures, shared) = (Vec::new(), Vec::new(), self.names_inside());
        let loops = Vec::new();
        self.functions.push(Function { f, variables, captures, shared, is_generator, loops, tries: 0 });
    }

    /// Ends it: its number, and what a closure of it captures.
    pub(crate) fn end_function(&mut self, span: Range<usize>) -> Compiled<(Func, Vec<Operand>)> {
        self.f().return_values(());
        let Function { f, captures, .. } = self.functions.pop().expect("it was begun");
        let number = self.program.add(f).or_else(|error| self.error(span, error.to_string()))?;
        let mut captured = Vec::new();
        if !self.functions.is_empty() {
            captured.push(self.f().capture_get(0).into());
            for name in captures {
                captured.push(match self.resolve(name) {
                    Some(Place::Cell(cell) | Place::Register(cell)) => cell.into(),
                    Some(Place::Capture(index)) => self.f().capture_get(index).into(),
                    None => unreachable!("it was found when it was captured"),
                });
            }
        }
        Ok((number, captured))
    }
    // ANCHOR_END: functions

    // ANCHOR: resolve
    /// Where the variable of this name is; none when it is a global.
    pub(crate) fn resolve(&mut self, name: &'t str) -> Option<Place> {
        self.resolve_in(self.functions.len() - 1, name)
    }

    fn resolve_in(&mut self, level: usize, name: &'t str) -> Option<Place> {
        let function = &self.functions[level];
        if let Some((_, place)) = function.variables.iter().rev().find(|(other, _)| *other == name) {
            return Some(*place);
        }
        if let Some(index) = function.captures.iter().position(|other| *other == name) {
            return Some(Place::Capture(index as u64 + 1));
        }
        // A function around has it, perhaps: then each one on the way captures it.
        self.resolve_in(level.checked_sub(1)?, name)?;
        let function = &mut self.functions[level];
        function.captures.push(name);
        Some(Place::Capture(function.f.capture(Type::Cell, name)))
    }
    // ANCHOR_END: resolve

    // ANCHOR: declare
    /// A register for a variable that is declared soon.
    pub(crate) fn variable_register(&mut self, name: &str) -> (Reg, bool) {
        let is_shared = self.function().shared.contains(name);
        (self.f().register(if is_shared { Type::Cell } else { Type::Any }), is_shared)
    }

    /// From here on this is a variable, up to the end of its block.
    pub(crate) fn declare(&mut self, name: &'t str, value: impl IntoOperand) {
        let (register, is_shared) = self.variable_register(name);
        let f = self.f();
        if is_shared {
            f.to(register).cell_new(value)
        } else {
            f.to(register).copy(value)
        };
        self.open(name, register, is_shared);
    }

    /// The register holds the variable now.
    pub(crate) fn open(&mut self, name: &'t str, register: Reg, is_shared: bool) {
        self.f().open_local(name, register);
        let place = if is_shared { Place::Cell(register) } else { Place::Register(register) };
        self.function().variables.push((name, place));
    }

    /// The block ends that began when there were so many variables.
    pub(crate) fn close_variables(&mut self, count: usize) {
        for (_, place) in self.function().variables.split_off(count) {
            if let Place::Register(register) | Place::Cell(register) = place {
                self.f().close_local(register);
            }
        }
    }
    // ANCHOR_END: declare

    /// The functions at the top level.
    pub(crate) fn top_level_functions(&self) -> Vec<&'t str> {
        let mut blocks = 0;
        let is_one = |pair: &&[Token<'t>]| {
            blocks += i32::from(pair[0].text == "{") - i32::from(pair[0].text == "}");
            blocks == 0 && pair[0].text == "fn" && pair[1].kind == Kind::Name
        };
        self.tokens.windows(2).filter(is_one).map(|pair| pair[1].text).collect()
    }

    // ANCHOR: names_inside
    /// The names that functions mention inside the one that begins here. The compiler has to know which variables are shared
    /// before it writes the first instruction that uses them.
    fn names_inside(&self) -> HashSet<&'t str> {
        let (mut names, mut blocks, mut inner, mut is_name) = (HashSet::new(), 0, None, false);
        for token in &self.tokens[self.at..] {
            match (token.kind, token.text) {
                (Kind::Word, "{") => blocks += 1,
                (Kind::Word, "}") => {
                    blocks -= 1;
                    inner = inner.filter(|&outside| outside < blocks);
                    if blocks <= 0 && !self.functions.is_empty() {
                        break;
                    }
                }
                (Kind::Word, "fn" | "gen") => inner = inner.or(Some(blocks)),
                // The name of a function stands outside of it.
                (Kind::Name, name) if inner.is_some() && !is_name => drop(names.insert(name)),
                _ => {}
            }
            is_name = token.kind == Kind::Word && token.text == "fn";
        }
        names
    }
    // ANCHOR_END: names_inside
}
