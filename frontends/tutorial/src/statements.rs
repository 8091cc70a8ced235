//! Statements: how each is read, and the code that it becomes.

use crate::Mode;
use crate::compiler::{Compiled, Compiler, Place};
use crate::expressions::{Expression, Pending};
use crate::lexer::{Kind, Token};
use minivm_builder::{Constant, Kind as ValueKind, Operand, RegionKind, Type};

impl<'t> Compiler<'t> {
    // ANCHOR: top_level
    /// The whole program.
    pub(crate) fn top_level(&mut self) -> Compiled<()> {
        // What the program was called with, as a list.
        let arguments = self.f().table_new(0, 0);
        self.f().varargs_to_open();
        self.f().append_open(arguments, 1, ());
        self.declare("args", arguments);
        if self.mode == Mode::Prompt {
            let last = self.f().register(Type::Any);
            self.last = Some(self.f().to(last).copy(Constant::Nil));
        } else {
            // Functions are declared before anything else, so that they may call one another.
            for name in self.top_level_functions() {
                self.declare(name, Constant::Nil);
            }
        }
        while self.peek().kind != Kind::End {
            self.statement()?;
        }
        if let Some(last) = self.last {
            self.f().return_values((last,));
        }
        Ok(())
    }
    // ANCHOR_END: top_level

    // ANCHOR: block
    pub(crate) fn block(&mut self) -> Compiled<()> {
        self.expect("{")?;
        let count = self.function().variables.len();
        self.blocks += 1;
        self.f().begin_scope();
        while !self.is("}") && self.peek().kind != Kind::End {
            self.statement()?;
        }
        self.close_variables(count);
        self.f().end_scope();
        self.blocks -= 1;
        self.expect("}")
    }

    fn statement(&mut self) -> Compiled<()> {
        self.nested(|compiler| {
            let first = compiler.peek();
            compiler.mark(first);
            let is_function = compiler.is("fn") && compiler.peek_second().kind == Kind::Name;
            if compiler.is("let") || is_function {
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
            _ if first.kind != Kind::Word => self.assignment(),
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
                    return self.yield_value(first, value);
                }
                self.f().throw(value);
                Ok(())
            }
            "break" | "continue" => {
                self.next();
                let Some(&(again, done)) = self.function().loops.last() else {
                    return self.error(first.span(), format!("`{}` stands in loops only", first.text));
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
        let value = |compiler: &mut Self| match is_function {
            true => compiler.function_value(name),
            false if compiler.accept("=") => compiler.expression(),
            false => Ok((Pending::Done(compiler.nil()), token)),
        };
        if self.blocks == 0 && (is_function || self.mode == Mode::Prompt) {
            // It is declared already; at a prompt it is a global, as the next line is a program of its own.
            let (value, place) = (value(self)?, self.named(name));
            let value = self.value(value, None);
            return self.assign((place, token), value);
        }
        let (register, is_shared) = self.variable_register(name);
        if is_shared {
            self.f().to(register).cell_new(Constant::Nil);
        }
        // A function sees itself, any other value what had the name before.
        if is_function {
            self.open(name, register, is_shared);
        }
        self.f().begin_scope();
        let value = value(self)?;
        let value = self.value(value, Some(register).filter(|_| !is_shared));
        if is_shared {
            self.f().cell_set(register, value);
        }
        self.f().end_scope();
        if !is_function {
            self.open(name, register, is_shared);
        }
        Ok(())
    }
    // ANCHOR_END: definition

    // ANCHOR: assignment
    /// `place = value`, or a call.
    fn assignment(&mut self) -> Compiled<()> {
        let place = self.expression()?;
        if self.accept("=") {
            let to = if let (Pending::Variable(Place::Register(register)), _) = place { Some(register) } else { None };
            let value = self.expression_value(to)?;
            return self.assign(place, value);
        }
        self.mark(place.1);
        match (place, self.last) {
            (value, Some(last)) if self.blocks == 0 => drop(self.value(value, Some(last))),
            ((Pending::Call(callee, arguments), _), _) => self.f().call_any(&[], callee, &arguments),
            ((_, token), _) => return self.error(token.span(), "a value alone does nothing"),
        }
        Ok(())
    }

    fn assign(&mut self, (place, token): Expression<'t>, value: Operand) -> Compiled<()> {
        self.mark(token);
        match place {
            Pending::Variable(Place::Register(register)) if value == register.into() => {}
            Pending::Variable(Place::Register(register)) => drop(self.f().to(register).copy(value)),
            Pending::Variable(Place::Cell(cell)) => self.f().cell_set(cell, value),
            Pending::Variable(Place::Capture(index)) => self.f().capture_cell_set(index, value),
            Pending::Element(object, key) => self.f().set(object, key, value),
            Pending::Global(name) if self.mode == Mode::Prompt => {
                let globals = self.f().capture_get(0);
                self.f().set(globals, name, value);
            }
            Pending::Global(name) => return self.error(token.span(), format!("`{name}` is not declared with `let`")),
            _ => return self.error(token.span(), "only variables and elements can be assigned to"),
        }
        Ok(())
    }
    // ANCHOR_END: assignment

    // ANCHOR: if_while
    fn if_statement(&mut self) -> Compiled<()> {
        self.next();
        let condition = self.expression()?;
        let (yes, no) = (self.f().block(), self.f().block());
        self.branch(condition, yes, no);
        self.f().switch_to(yes);
        self.block()?;
        if !self.accept("else") {
            self.f().jump(no);
            self.f().switch_to(no);
            return Ok(());
        }
        let after = self.f().block();
        self.f().jump(after);
        self.f().switch_to(no);
        if self.is("if") {
            self.nested(Self::if_statement)?
        } else {
            self.block()?
        }
        self.f().jump(after);
        self.f().switch_to(after);
        Ok(())
    }

    fn while_statement(&mut self) -> Compiled<()> {
        self.next();
        let (again, body, done) = (self.f().block(), self.f().block(), self.f().block());
        self.f().jump(again);
        self.f().switch_to(again);
        let condition = self.expression()?;
        self.branch(condition, body, done);
        self.f().switch_to(body);
        self.function().loops.push((again, done));
        self.block()?;
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
        let [iterated, key, value] = [(); 3].map(|()| self.f().register(Type::Any));
        self.expression_value(Some(iterated))?;
        let [again, table, call, body, done] = [(); 5].map(|()| self.f().block());
        let results = if names.len() == 1 { vec![value] } else { vec![key, value] };
        self.mark(first);
        let f = self.f();
        f.to(key).copy(if results.len() == 1 { Constant::Integer(0) } else { Constant::Nil });
        f.jump(again);
        f.switch_to(again);
        f.branch_kind(iterated, ValueKind::Table, table, call);
        f.switch_to(table);
        if results.len() == 1 {
            f.to(key).add(key, 1);
            f.to(value).get(iterated, key);
            f.branch_kind(value, ValueKind::Nil, done, body);
        } else {
            let globals = f.capture_get(0);
            let next = f.get(globals, "next");
            f.for_each(&results, next, iterated, key, body, done);
        }
        f.switch_to(call);
        f.for_each(&results, iterated, Constant::Nil, Constant::Nil, body, done);
        f.switch_to(body);
        let count = self.function().variables.len();
        // The loop keeps its own registers, whatever the body does to the variables.
        for (name, value) in names.into_iter().zip(results) {
            self.declare(name, value);
        }
        self.function().loops.push((again, done));
        self.block()?;
        self.function().loops.pop();
        self.close_variables(count);
        self.f().jump(again);
        self.f().switch_to(done);
        Ok(())
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
        self.block()?;
        self.function().tries -= 1;
        self.f().jump(after);
        self.expect("catch")?;
        let (name, error) = (self.name()?, self.f().register(Type::Any));
        // All blocks from `body` to `handler` are protected; those of a `try` inside were told before.
        self.f().protect(RegionKind::Catch, body, handler, handler, error, None);
        self.f().switch_to(handler);
        let count = self.function().variables.len();
        self.declare(name, error);
        self.block()?;
        self.close_variables(count);
        self.f().jump(after);
        self.f().switch_to(after);
        Ok(())
    }
    // ANCHOR_END: try

    // ANCHOR: return
    fn return_statement(&mut self) -> Compiled<()> {
        let first = self.next();
        if self.is_statement_end() {
            self.f().return_values(());
            return Ok(());
        }
        if self.function().is_generator {
            return self.error(first.span(), "a generator returns nothing; `yield` hands out values");
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
    fn yield_value(&mut self, token: Token<'t>, value: Operand) -> Compiled<()> {
        if !self.function().is_generator {
            return self.error(token.span(), "`yield` stands in `gen { … }` only");
        }
        let first = self.first;
        let first = self.f().ref_func(first);
        self.f().fiber_yield_to_open((value,));
        self.f().call_any_open(&[], first, ());
        Ok(())
    }
    // ANCHOR_END: yield
}
