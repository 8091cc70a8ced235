//! Statements: how each is read, and the code that it becomes.

use crate::Mode;
use crate::compiler::Compiler;
use crate::expressions::{Expression, Pending};
use crate::lexer::{Compiled, Kind};
use minivm_builder::{Block, Constant, Kind as ValueKind, Operand, Reg, RegionKind, Type};

impl<'t> Compiler<'t> {
    // ANCHOR: top_level
    /// The whole program.
    pub(crate) fn top_level(&mut self) -> Compiled<()> {
        // What the program was called with, as a list.
        let arguments = self.f().table_new(0, 0);
        self.f().varargs_to_open();
        self.f().append_open(arguments, 1, ());
        self.adopt("args", arguments);
        if self.mode == Mode::Prompt {
            self.last = Some(self.f().copy(Constant::Nil));
        } else {
            // Functions are declared before anything else, so that they may call one another.
            for name in self.top_level_functions() {
                let nil = (Pending::Done(self.nil()), self.peek());
                self.declare(name, nil);
            }
        }
        while self.peek().kind != Kind::End {
            self.statement()?;
        }
        // A prompt shows the value of the last line.
        if let Some(last) = self.last {
            self.f().return_values((last,));
        }
        Ok(())
    }
    // ANCHOR_END: top_level

    // ANCHOR: block
    /// `{ … }`, with variables whose values are in registers already.
    pub(crate) fn block(&mut self, variables: &[(&'t str, Reg)]) -> Compiled<()> {
        self.expect("{")?;
        let count = self.function().variables.len();
        self.blocks += 1;
        self.f().begin_scope();
        for &(name, register) in variables {
            self.adopt(name, register);
        }
        while !self.is("}") && self.peek().kind != Kind::End {
            self.statement()?;
        }
        for (_, register, _) in self.function().variables.split_off(count) {
            self.f().close_local(register);
        }
        self.f().end_scope();
        self.blocks -= 1;
        self.expect("}")
    }

    fn statement(&mut self) -> Compiled<()> {
        self.nested(|compiler| {
            let first = compiler.peek();
            compiler.mark(first);
            if compiler.is("let") || compiler.is("fn") && compiler.peek_second().kind == Kind::Name {
                compiler.definition()?;
            } else {
                // What it computes on the way is not needed after it.
                compiler.f().begin_scope();
                compiler.other_statement()?;
                compiler.f().end_scope();
            }
            if !compiler.is_statement_end() {
                return compiler.expected("a new line or `;`");
            }
            compiler.accept(";");
            Ok(())
        })
    }

    fn other_statement(&mut self) -> Compiled<()> {
        let first = self.peek();
        match first.text {
            "if" => self.if_statement(),
            "while" => self.while_statement(),
            "for" => self.for_statement(),
            "try" => self.try_statement(),
            "return" => self.return_statement(),
            "throw" | "yield" => {
                self.next();
                let value = self.expression_value(None)?;
                self.mark(first);
                if first.text == "yield" {
                    self.yield_value(value)
                } else {
                    self.f().throw(value)
                }
                Ok(())
            }
            "break" | "continue" => {
                self.next();
                let Some(&(again, done)) = self.function().loops.last() else {
                    return first.error(format!("`{}` stands in loops only", first.text));
                };
                self.f().jump(if first.text == "break" { done } else { again });
                Ok(())
            }
            _ => self.assignment(),
        }
    }
    // ANCHOR_END: block

    // ANCHOR: definition
    /// `let name`, `let name = value`, `fn name(…) { … }`.
    fn definition(&mut self) -> Compiled<()> {
        let is_function = self.next().text == "fn";
        let token = self.peek();
        let name = self.name()?;
        // A function of the top level is declared already. At a prompt all are globals: the next line is a program of its own.
        let is_declared = self.blocks == 0 && (is_function || self.last.is_some());
        let nil = (Pending::Done(self.nil()), token);
        if is_function && !is_declared {
            // A function sees itself, other values what had the name before.
            self.declare(name, nil);
            let function = self.function_value(name)?;
            let (value, place) = (self.value(function, None), self.named(name));
            return self.assign((place, token), value);
        }
        self.f().begin_scope();
        let value = match is_function {
            true => self.function_value(name)?,
            false if self.accept("=") => self.expression()?,
            false => nil,
        };
        if !is_declared {
            // The last instruction of the value reads its operands before it writes the variable.
            self.f().end_scope();
            self.declare(name, value);
            return Ok(());
        }
        let (value, place) = (self.value(value, None), self.named(name));
        self.assign((place, token), value)?;
        self.f().end_scope();
        Ok(())
    }
    // ANCHOR_END: definition

    // ANCHOR: assignment
    /// `place = value`, or a call.
    fn assignment(&mut self) -> Compiled<()> {
        let place = self.expression()?;
        if self.accept("=") {
            let to = if let (Pending::Local(register), _) = place { Some(register) } else { None };
            let value = self.expression_value(to)?;
            return self.assign(place, value);
        }
        self.mark(place.1);
        match (place, self.last) {
            (value, Some(last)) if self.blocks == 0 => drop(self.value(value, Some(last))),
            ((Pending::Call(callee, arguments), _), _) => self.f().call_any(&[], callee, &arguments),
            ((_, token), _) => return token.error("a value alone does nothing"),
        }
        Ok(())
    }

    fn assign(&mut self, (place, token): Expression<'t>, value: Operand) -> Compiled<()> {
        self.mark(token);
        match place {
            Pending::Local(register) if value == register.into() => {}
            Pending::Local(register) => drop(self.f().to(register).copy(value)),
            Pending::Cell(cell) => self.f().cell_set(cell, value),
            Pending::Capture(index) => self.f().capture_cell_set(index, value),
            Pending::Element(object, key) => self.f().set(object, key, value),
            Pending::Global(name) if self.mode == Mode::Prompt => {
                let globals = self.f().capture_get(0);
                self.f().set(globals, name, value);
            }
            Pending::Global(name) => return token.error(format!("`{name}` is not declared with `let`")),
            _ => return token.error("only variables and elements can be assigned to"),
        }
        Ok(())
    }
    // ANCHOR_END: assignment

    // ANCHOR: if_while
    fn if_statement(&mut self) -> Compiled<()> {
        self.next();
        let condition = self.expression()?;
        let [yes, no, after] = [(); 3].map(|()| self.f().block());
        self.branch(condition, yes, no);
        self.f().switch_to(yes);
        self.block(&[])?;
        self.f().jump(after);
        self.f().switch_to(no);
        match self.accept("else") {
            true if self.is("if") => self.nested(Self::if_statement)?,
            true => self.block(&[])?,
            false => {}
        }
        self.f().jump(after);
        self.f().switch_to(after);
        Ok(())
    }

    fn while_statement(&mut self) -> Compiled<()> {
        self.next();
        let [again, body, done] = [(); 3].map(|()| self.f().block());
        self.f().jump(again);
        self.f().switch_to(again);
        let condition = self.expression()?;
        self.branch(condition, body, done);
        self.f().switch_to(body);
        self.loop_body(again, done, &[])
    }

    /// The block of a loop, then the way back to its start.
    fn loop_body(&mut self, again: Block, done: Block, variables: &[(&'t str, Reg)]) -> Compiled<()> {
        self.function().loops.push((again, done));
        self.block(variables)?;
        self.function().loops.pop();
        self.f().jump(again);
        self.f().switch_to(done);
        Ok(())
    }
    // ANCHOR_END: if_while

    // ANCHOR: for
    /// `for value in list`, `for key, value in map`; in place of a table a function is called until it gives nil.
    fn for_statement(&mut self) -> Compiled<()> {
        let first = self.next();
        let mut names = vec![self.name()?];
        if self.accept(",") {
            names.push(self.name()?);
        }
        self.expect("in")?;
        let [iterated, at, key, value] = [(); 4].map(|()| self.f().register(Type::Any));
        self.expression_value(Some(iterated))?;
        let [again, table, call, body, done] = [(); 5].map(|()| self.f().block());
        let results = if names.len() == 1 { vec![value] } else { vec![key, value] };
        self.mark(first);
        let f = self.f();
        f.to(at).copy(if results.len() == 1 { Constant::Integer(0) } else { Constant::Nil });
        f.jump(again);
        f.switch_to(again);
        f.branch_kind(iterated, ValueKind::Table, table, call);
        f.switch_to(table);
        // The loop keeps its own place, whatever the body does to the variables.
        if results.len() == 1 {
            f.to(at).add(at, 1);
            f.to(value).get(iterated, at);
            f.branch_kind(value, ValueKind::Nil, done, body);
        } else {
            f.table_next(at, value, iterated, at);
            f.to(key).copy(at);
            f.branch_kind(at, ValueKind::Nil, done, body);
        }
        f.switch_to(call);
        f.for_each(&results, iterated, Constant::Nil, Constant::Nil, body, done);
        f.switch_to(body);
        let variables: Vec<(&str, Reg)> = names.into_iter().zip(results).collect();
        self.loop_body(again, done, &variables)
    }
    // ANCHOR_END: for

    // ANCHOR: try
    /// `try { … } catch error { … }`.
    fn try_statement(&mut self) -> Compiled<()> {
        self.next();
        let [body, handler, after] = [(); 3].map(|()| self.f().block());
        self.f().jump(body);
        self.f().switch_to(body);
        self.function().tries += 1;
        self.block(&[])?;
        self.function().tries -= 1;
        self.f().jump(after);
        self.expect("catch")?;
        let (name, error) = (self.name()?, self.f().register(Type::Any));
        // All blocks from `body` to `handler` are protected; those of a `try` inside were told before.
        self.f().protect(RegionKind::Catch, body, handler, handler, error, None);
        self.f().switch_to(handler);
        self.block(&[(name, error)])?;
        self.f().jump(after);
        self.f().switch_to(after);
        Ok(())
    }
    // ANCHOR_END: try

    // ANCHOR: return
    fn return_statement(&mut self) -> Compiled<()> {
        self.next();
        if self.is_statement_end() {
            self.f().return_values(());
            return Ok(());
        }
        let value = self.expression()?;
        self.mark(value.1);
        match value {
            // The frame is given up for the call, but in a `try`, which must be there to catch.
            (Pending::Call(callee, arguments), _) if self.function().tries == 0 => {
                self.f().tail_call_any(callee, &arguments);
            }
            value => {
                let value = self.value(value, None);
                self.f().return_values((value,));
            }
        }
        Ok(())
    }
    // ANCHOR_END: return

    // ANCHOR: yield
    fn yield_value(&mut self, value: Operand) {
        // What it is resumed with is of no use to it.
        let count = self.f().register(Type::I32);
        self.f().fiber_yield_to_open((value,));
        self.f().take_open(count, &[]);
    }
    // ANCHOR_END: yield
}
