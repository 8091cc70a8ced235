//! Statements: how each is read, and the code that it becomes.

use crate::Mode;
use crate::compiler::Compiler;
use crate::expressions::{Expression, Read};
use minivm_builder::{Block, Constant, Operand, Reg, RegionKind, Type};
use minivm_syntax::{Kind, Parsed, Token};

impl<'t> Compiler<'t> {
    // ANCHOR: top_level
    /// The whole program.
    pub(crate) fn top_level(&mut self) -> Parsed<()> {
        // What the program was called with, as a list.
        let arguments = self.f().table_new(0, 0);
        self.f().varargs_to_open();
        self.f().append_open(arguments, 1, ());
        self.functions.adopt("args", arguments);
        if self.mode == Mode::Prompt {
            self.last = Some(self.f().copy(Constant::Nil));
        } else {
            self.declare_functions();
        }
        while !self.tokens.is_end() {
            self.statement()?;
        }
        // A prompt shows the value of the last line.
        self.functions.f().return_values(self.last);
        Ok(())
    }

    /// Functions of the top level are declared before anything else, so that they may call one another.
    fn declare_functions(&mut self) {
        let mut blocks = 0;
        for pair in self.tokens.rest().to_vec().windows(2) {
            blocks += i32::from(pair[0].text == "{") - i32::from(pair[0].text == "}");
            if blocks == 0 && begins_function(pair) {
                self.functions.declare(pair[1].text, Constant::Nil);
            }
        }
    }

    fn is_top_level(&self) -> bool {
        self.functions.depth() == 0 && self.functions.blocks() == 0
    }
    // ANCHOR_END: top_level

    // ANCHOR: block
    /// `{ … }`, with variables whose values are in registers already.
    pub(crate) fn block(&mut self, variables: &[(&'t str, Reg)]) -> Parsed<()> {
        self.tokens.expect("{")?;
        self.functions.begin_block();
        for &(name, register) in variables {
            self.functions.adopt(name, register);
        }
        while !self.tokens.is("}") && !self.tokens.is_end() {
            self.statement()?;
        }
        self.functions.end_block();
        self.tokens.expect("}")
    }

    fn statement(&mut self) -> Parsed<()> {
        self.nested(|compiler| {
            let first = compiler.tokens.peek();
            compiler.mark(first);
            if compiler.tokens.accept("let") {
                compiler.definition()?;
            } else if begins_function(compiler.tokens.rest()) {
                compiler.function_definition()?;
            } else {
                // What it computes on the way is not needed after it.
                compiler.f().begin_scope();
                compiler.other_statement()?;
                compiler.f().end_scope();
            }
            if !compiler.is_statement_end() {
                return compiler.tokens.expected("a new line or `;`");
            }
            compiler.tokens.accept(";");
            Ok(())
        })
    }

    fn other_statement(&mut self) -> Parsed<()> {
        let first = self.tokens.next();
        match first.text {
            "if" => self.if_statement(),
            "while" => self.while_statement(),
            "for" => self.for_statement(first),
            "try" => self.try_statement(),
            "return" => self.return_statement(),
            "throw" | "yield" => {
                let value = self.value()?;
                self.mark(first);
                match first.text {
                    // What it is resumed with is of no use to it.
                    "yield" => drop(self.f().yield_one(value)),
                    _ => self.f().throw(value),
                }
                Ok(())
            }
            "break" | "continue" => {
                let Some(&(again, done)) = self.loops.last() else {
                    return first.error(format!("`{}` stands in loops only", first.text));
                };
                self.f().jump(if first.text == "break" { done } else { again });
                Ok(())
            }
            _ => {
                self.tokens.back();
                self.assignment()
            }
        }
    }

    /// Whether the statement before may end here.
    fn is_statement_end(&self) -> bool {
        let is_after_block = self.tokens.before().is_some_and(|before| before.text == "}");
        is_after_block || self.tokens.is(";") || self.tokens.is("}") || self.tokens.begins_line()
    }
    // ANCHOR_END: block

    // ANCHOR: definition
    /// `name`, `name = value`, after `let`.
    fn definition(&mut self) -> Parsed<()> {
        let token = self.tokens.peek();
        let name = self.tokens.name()?;
        self.f().begin_scope();
        let value = if self.tokens.accept("=") { self.value()? } else { self.f().nil() };
        if self.is_top_level() && self.mode == Mode::Prompt {
            // The next line is a program of its own.
            self.assign((Expression::Variable(name), token), value)?;
            self.f().end_scope();
        } else {
            // The last instruction of the value reads its operands before it writes the variable.
            self.f().end_scope();
            self.functions.declare(name, value);
        }
        Ok(())
    }

    /// `fn name(parameters) { … }`.
    fn function_definition(&mut self) -> Parsed<()> {
        self.tokens.next();
        let token = self.tokens.next();
        if !self.is_top_level() {
            // It sees itself. Those of the top level are declared already.
            self.functions.declare(token.text, Constant::Nil);
        }
        self.f().begin_scope();
        let function = self.function_value(token.text)?;
        self.assign((Expression::Variable(token.text), token), function.into())?;
        self.f().end_scope();
        Ok(())
    }
    // ANCHOR_END: definition

    // ANCHOR: assignment
    /// `place = value`, or a call.
    fn assignment(&mut self) -> Parsed<()> {
        let place = self.expression(0)?;
        if self.tokens.accept("=") {
            let value = self.value()?;
            return self.assign(place, value);
        }
        match (place, self.last) {
            (value, Some(last)) if self.is_top_level() => {
                let value = self.value_of(value);
                self.f().move_to(last, value);
            }
            ((Expression::Call(callee, arguments), token), _) => {
                self.mark(token);
                self.f().call_any(&[], callee, &arguments);
            }
            ((_, token), _) => return token.error("a value alone does nothing"),
        }
        Ok(())
    }

    fn assign(&mut self, (place, token): Read<'t>, value: Operand) -> Parsed<()> {
        self.mark(token);
        match place {
            Expression::Element(object, key) => self.f().set(object, key, value),
            Expression::Variable(name) => match self.functions.find(name) {
                Some(variable) => self.functions.set(variable, value),
                None if self.mode == Mode::Prompt => {
                    let globals = self.globals();
                    self.f().set(globals, name, value);
                }
                None => return token.error(format!("`{name}` is not declared with `let`")),
            },
            _ => return token.error("only variables and elements can be assigned to"),
        }
        Ok(())
    }
    // ANCHOR_END: assignment

    // ANCHOR: if_while
    /// What comes after `if`; and so below with other keywords.
    fn if_statement(&mut self) -> Parsed<()> {
        let [yes, no, after] = [(); 3].map(|()| self.f().block());
        self.condition(yes, no)?;
        self.block(&[])?;
        self.f().jump(after);
        self.f().switch_to(no);
        match self.tokens.accept("else") {
            true if self.tokens.accept("if") => self.nested(Self::if_statement)?,
            true => self.block(&[])?,
            false => {}
        }
        self.f().jump_into(after);
        Ok(())
    }

    /// Goes on at `yes`, where the code that follows is, or at `no`.
    fn condition(&mut self, yes: Block, no: Block) -> Parsed<()> {
        let condition = self.value()?;
        self.f().branch_on(condition, yes, no);
        self.f().switch_to(yes);
        Ok(())
    }

    fn while_statement(&mut self) -> Parsed<()> {
        let [again, body, done] = [(); 3].map(|()| self.f().block());
        self.f().jump_into(again);
        self.condition(body, done)?;
        self.loop_body(again, done, &[])
    }

    /// The block of a loop, then the way back to its start.
    fn loop_body(&mut self, again: Block, done: Block, variables: &[(&'t str, Reg)]) -> Parsed<()> {
        self.loops.push((again, done));
        self.block(variables)?;
        self.loops.pop();
        self.f().jump(again);
        self.f().switch_to(done);
        Ok(())
    }
    // ANCHOR_END: if_while

    // ANCHOR: for
    /// `for value in list`, `for key, value in map`; in place of a table a function is called until it gives nil.
    fn for_statement(&mut self, first: Token<'t>) -> Parsed<()> {
        let mut names = vec![self.tokens.name()?];
        if self.tokens.accept(",") {
            names.push(self.tokens.name()?);
        }
        self.tokens.expect("in")?;
        let (body, done) = (self.f().block(), self.f().block());
        let results: Vec<Reg> = names.iter().map(|_| self.f().register(Type::Any)).collect();
        let over = self.value()?;
        self.mark(first);
        let again = self.f().iterate(&results, over, body, done);
        let variables: Vec<(&str, Reg)> = names.into_iter().zip(results).collect();
        self.loop_body(again, done, &variables)
    }
    // ANCHOR_END: for

    // ANCHOR: try
    /// `try { … } catch error { … }`.
    fn try_statement(&mut self) -> Parsed<()> {
        let [body, handler, after] = [(); 3].map(|()| self.f().block());
        self.f().jump_into(body);
        self.tries += 1;
        self.block(&[])?;
        self.tries -= 1;
        self.f().jump(after);
        self.tokens.expect("catch")?;
        let (name, error) = (self.tokens.name()?, self.f().register(Type::Any));
        // All blocks from `body` to `handler` are protected; those of a `try` inside were told before.
        self.f().protect(RegionKind::Catch, body, handler, handler, error, None);
        self.f().switch_to(handler);
        self.block(&[(name, error)])?;
        self.f().jump_into(after);
        Ok(())
    }
    // ANCHOR_END: try

    // ANCHOR: return
    fn return_statement(&mut self) -> Parsed<()> {
        if self.is_statement_end() {
            self.f().return_values(());
            return Ok(());
        }
        let value = self.value()?;
        match self.tries {
            // The frame is given up for a call.
            0 => self.f().return_tail(value),
            // It must be there to catch.
            _ => self.f().return_values((value,)),
        }
        Ok(())
    }
    // ANCHOR_END: return
}

/// Whether a statement that defines a function begins here.
fn begins_function(tokens: &[Token<'_>]) -> bool {
    tokens[0].text == "fn" && tokens.get(1).is_some_and(|name| name.kind == Kind::Name)
}
