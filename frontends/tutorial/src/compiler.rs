//! The compiler: reads tokens and writes bytecode in one pass. Here is what it knows on its way; how statements and expressions
//! are read and what code they become stands in `statements` and `expressions`, which are methods of this.

use crate::expressions::{Expression, Pending};
use crate::lexer::{Compiled, Kind, Token, tokens};
use crate::{CHUNK_SECTION, Error, Mode};
use minivm_builder::{Block, Func, FunctionBuilder, Operand, ProgramBuilder, Reg, Signature, Source, Type, Verified};
use std::collections::HashSet;

/// How deep statements and expressions may stand in one another: the compiler calls itself for each.
const DEPTH_MAX: u32 = 150;

// ANCHOR: function
/// A function on its way.
pub(crate) struct Function<'t> {
    pub(crate) f: FunctionBuilder,
    /// The variables in sight, the innermost last: the register of each, and whether that holds a cell with the value.
    pub(crate) variables: Vec<(&'t str, Reg, bool)>,
    /// Captured cells in their order, after the globals, which each function captures first.
    captures: Vec<&'t str>,
    /// Names that functions inside mention: variables of these names live in cells.
    shared: HashSet<&'t str>,
    /// Where `continue` and `break` go, the innermost last.
    pub(crate) loops: Vec<(Block, Block)>,
    /// `try` blocks around: no call in them may give up its frame.
    pub(crate) tries: u32,
}
// ANCHOR_END: function

pub(crate) struct Compiler<'t> {
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
}

// ANCHOR: compile
/// Compiles a program; `file` is its name in messages.
///
/// # Errors
/// The first mistake in it.
pub fn compile(file: &str, text: &str, mode: Mode) -> Result<Verified, Error> {
    let program = tokens(text).and_then(|tokens| {
        let mut program = ProgramBuilder::new();
        let source = program.source(file, Some(text.as_bytes().into()));
        let (functions, resume, last) = (Vec::new(), None, None);
        let mut compiler =
            Compiler { mode, tokens, at: 0, depth: 0, program, source, functions, blocks: 0, resume, last };
        compiler.begin_function("main", Signature::dynamic(0, true));
        compiler.top_level()?;
        let (main, _) = compiler.end_function()?;
        compiler.program.export_function("main", main);
        compiler.program.custom(CHUNK_SECTION, []);
        compiler.program.finish().map_err(|error| (0..0, error.to_string()))
    });
    program.map_err(|(span, message)| Error::new(file, text, span, message))
}
// ANCHOR_END: compile

/// Tokens.
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

    /// No name, number or text looks like a keyword or a symbol.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.peek().text == word
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
        found.error(format!("{what} is expected, found {shown}"))
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
            return self.peek().error("this is nested too deep");
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
    /// Begins a function inside the current one; its body comes next.
    pub(crate) fn begin_function(&mut self, name: &str, signature: Signature) {
        let mut f = self.program.function(name, signature);
        // Errors say `global 'x'` for what is found in a captured value of this name.
        f.capture(Type::Any, "_ENV");
        let (variables, captures, shared, loops) = (Vec::new(), Vec::new(), self.names_inside(), Vec::new());
        self.functions.push(Function { f, variables, captures, shared, loops, tries: 0 });
    }

    /// Ends it: its number, and what a closure of it captures.
    pub(crate) fn end_function(&mut self) -> Compiled<(Func, Vec<Operand>)> {
        self.f().return_values(());
        let Function { f, captures, .. } = self.functions.pop().expect("it was begun");
        let number = self.program.add(f).or_else(|error| self.peek().error(error.to_string()))?;
        let mut captured = Vec::new();
        if !self.functions.is_empty() {
            captured.push(self.f().capture_get(0).into());
            for name in captures {
                captured.push(match self.named(name) {
                    Pending::Cell(cell) => cell.into(),
                    Pending::Capture(index) => self.f().capture_get(index).into(),
                    _ => unreachable!("it was found in a cell when it was captured"),
                });
            }
        }
        Ok((number, captured))
    }
    // ANCHOR_END: functions

    // ANCHOR: named
    /// What a name means here: a variable, or else a global.
    pub(crate) fn named(&mut self, name: &'t str) -> Pending<'t> {
        self.find(self.functions.len() - 1, name).unwrap_or(Pending::Global(name))
    }

    /// The variable of this name, as the function number `level` sees it.
    fn find(&mut self, level: usize, name: &'t str) -> Option<Pending<'t>> {
        let function = &self.functions[level];
        if let Some(&(_, register, is_cell)) = function.variables.iter().rev().find(|variable| variable.0 == name) {
            return Some(if is_cell { Pending::Cell(register) } else { Pending::Local(register) });
        }
        if let Some(index) = function.captures.iter().position(|other| *other == name) {
            return Some(Pending::Capture(index as u64 + 1));
        }
        // A function around has it, perhaps: then each one on the way captures it.
        self.find(level.checked_sub(1)?, name)?;
        let function = &mut self.functions[level];
        function.captures.push(name);
        Some(Pending::Capture(function.f.capture(Type::Cell, name)))
    }
    // ANCHOR_END: named

    // ANCHOR: declare
    /// From here on this is a variable, up to the end of its block.
    pub(crate) fn declare(&mut self, name: &'t str, value: Expression<'t>) {
        let is_cell = self.function().shared.contains(name);
        let register = self.f().register(if is_cell { Type::Cell } else { Type::Any });
        let value = self.value(value, Some(register).filter(|_| !is_cell));
        if is_cell {
            self.f().to(register).cell_new(value);
        }
        self.open(name, register, is_cell);
    }

    /// As `declare`, for a value that is in a register of its own: that is the variable, if it can be.
    pub(crate) fn adopt(&mut self, name: &'t str, register: Reg) {
        match self.function().shared.contains(name) {
            true => self.declare(name, (Pending::Local(register), self.peek())),
            false => self.open(name, register, false),
        }
    }

    fn open(&mut self, name: &'t str, register: Reg, is_cell: bool) {
        self.f().open_local(name, register);
        self.function().variables.push((name, register, is_cell));
    }
    // ANCHOR_END: declare

    // ANCHOR: names_inside
    /// The names that functions mention inside the one that begins here. The compiler has to know which variables are shared
    /// before it writes the first instruction that uses them.
    fn names_inside(&self) -> HashSet<&'t str> {
        let (mut names, mut blocks, mut inner, mut before) = (HashSet::new(), 0, None, "");
        for token in &self.tokens[self.at..] {
            match token.text {
                "{" => blocks += 1,
                "}" => {
                    blocks -= 1;
                    inner = inner.filter(|&outside| outside < blocks);
                    if blocks <= 0 && !self.functions.is_empty() {
                        break;
                    }
                }
                "fn" | "gen" => inner = inner.or(Some(blocks)),
                // The name of a function stands outside of it.
                name if inner.is_some() && token.kind == Kind::Name && before != "fn" => drop(names.insert(name)),
                _ => {}
            }
            before = token.text;
        }
        names
    }
    // ANCHOR_END: names_inside

    /// The functions at the top level.
    pub(crate) fn top_level_functions(&self) -> Vec<&'t str> {
        let mut blocks = 0;
        let is_one = |pair: &&[Token<'t>]| {
            blocks += i32::from(pair[0].text == "{") - i32::from(pair[0].text == "}");
            blocks == 0 && pair[0].text == "fn" && pair[1].kind == Kind::Name
        };
        self.tokens.windows(2).filter(is_one).map(|pair| pair[1].text).collect()
    }
}
