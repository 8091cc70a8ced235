//! The compiler: reads tokens and writes bytecode in one pass. Here is what it knows on its way; how statements and expressions
//! are read and what code they become stands in `statements` and `expressions`, which are methods of this.

use crate::{CHUNK_SECTION, Mode};
use minivm_builder::{
    Block, Func, FunctionBuilder, NestedFunctions, Operand, ProgramBuilder, Reg, Signature, Source, Verified,
};
use minivm_syntax::{Cursor, Diagnostic, Kind, Lexicon, Mistake, Parsed, Token};
use std::collections::HashSet;

// ANCHOR: lexicon
const LEXICON: Lexicon = Lexicon {
    keywords: "and break catch continue else false fn for gen if in len let nil not or return throw true try while yield",
    symbols: "== != <= >= .. // = < > + - * / % . , : ; ( ) [ ] { }",
    comment: "#",
};
// ANCHOR_END: lexicon

// ANCHOR: compiler
pub(crate) struct Compiler<'t> {
    pub(crate) mode: Mode,
    pub(crate) tokens: Cursor<'t>,
    pub(crate) program: ProgramBuilder,
    source: Source,
    /// The functions around the current place, with their variables.
    pub(crate) functions: NestedFunctions<'t>,
    /// Where `continue` and `break` go in the current function, the innermost last.
    pub(crate) loops: Vec<(Block, Block)>,
    /// `try` blocks around in the current function: no call in them may give up its frame.
    pub(crate) tries: u32,
    /// At a prompt, what the last line has given.
    pub(crate) last: Option<Reg>,
}
// ANCHOR_END: compiler

// ANCHOR: compile
/// Compiles a program; `file` is its name in messages.
///
/// # Errors
/// The first mistake in it.
pub fn compile(file: &str, text: &str, mode: Mode) -> Result<Verified, Diagnostic> {
    let program = LEXICON.tokens(text).and_then(|tokens| {
        let mut program = ProgramBuilder::new();
        let source = program.source(file, Some(text.as_bytes().into()));
        let main = program.function("main", Signature::dynamic(0, true));
        let mut functions = NestedFunctions::new(main, names_inside(&tokens));
        // Errors say `global 'x'` for what is found in a captured value of this name.
        functions.capture("_ENV");
        let (tokens, loops) = (Cursor::new(tokens), Vec::new());
        let mut compiler = Compiler { mode, tokens, program, source, functions, loops, tries: 0, last: None };
        compiler.top_level()?;
        let Compiler { mut program, functions, .. } = compiler;
        let verified = functions.finish(&mut program).and_then(|main| {
            program.export_function("main", main);
            program.custom(CHUNK_SECTION, []);
            program.finish()
        });
        verified.map_err(|error| Mistake::new(0..0, error.to_string()))
    });
    program.map_err(|mistake| mistake.shown(file, text))
}
// ANCHOR_END: compile

// ANCHOR: names_inside
/// The names that functions mention inside the one whose tokens begin here. The compiler has to know which variables are shared
/// before it writes the first instruction that uses them.
fn names_inside<'t>(tokens: &[Token<'t>]) -> HashSet<&'t str> {
    let (mut names, mut blocks, mut inner, mut before) = (HashSet::new(), 0, None, "");
    for token in tokens {
        match token.text {
            "{" => blocks += 1,
            "}" => {
                blocks -= 1;
                inner = inner.filter(|&outside| outside < blocks);
                if blocks < 0 {
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

impl<'t> Compiler<'t> {
    /// The builder of the current function.
    pub(crate) fn f(&mut self) -> &mut FunctionBuilder {
        self.functions.f()
    }

    // ANCHOR: mark
    /// The instructions from here on are for this token: errors and debuggers show its line.
    pub(crate) fn mark(&mut self, token: Token<'_>) {
        let (source, span) = (self.source, token.span());
        self.f().set_span(source, token.line, span.start as u32, span.end as u32);
    }
    // ANCHOR_END: mark

    // ANCHOR: nested
    /// Reads a part that may have others of its kind inside.
    pub(crate) fn nested<T>(&mut self, part: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.tokens.enter()?;
        let result = part(self)?;
        self.tokens.leave();
        Ok(result)
    }
    // ANCHOR_END: nested

    // ANCHOR: function
    /// A function inside the current one, whose body comes next: its number, and what a closure of it captures.
    pub(crate) fn function(&mut self, name: &str, parameters: &[&'t str]) -> Parsed<(Func, Vec<Operand>)> {
        let function = self.program.function(name, Signature::dynamic(parameters.len(), false));
        let variables: Vec<_> = parameters.iter().enumerate().map(|(at, name)| (*name, function.param(at))).collect();
        self.functions.begin(function, names_inside(&self.tokens.rest()[1..]));
        let around = (std::mem::take(&mut self.loops), std::mem::take(&mut self.tries));
        self.block(&variables)?;
        (self.loops, self.tries) = around;
        self.f().return_values(());
        self.functions.end(&mut self.program).or_else(|error| self.tokens.peek().error(error.to_string()))
    }
    // ANCHOR_END: function
}
