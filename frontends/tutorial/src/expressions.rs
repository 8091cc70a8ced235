//! Expressions: how each is read, and the code that it becomes.

use crate::compiler::Compiler;
use crate::lexer::{Compiled, Kind, Token};
use minivm_builder::{Block, Constant, Func, FunctionBuilder, Operand, Reg, Signature, Type};

// ANCHOR: operators
type Operation = fn(&mut FunctionBuilder, Operand, Operand) -> Reg;

/// Operators with two operands by how tightly they bind, with the instruction of those that are only one. All group
/// to the left.
const OPERATORS: [(u32, &str, Option<Operation>); 15] = [
    (0, "or", None),
    (1, "and", None),
    (2, "==", Some(FunctionBuilder::equal)),
    (2, "!=", None),
    (2, "<", Some(FunctionBuilder::less)),
    (2, "<=", Some(FunctionBuilder::less_equal)),
    (2, ">", Some(|f, left, right| f.less(right, left))),
    (2, ">=", Some(|f, left, right| f.less_equal(right, left))),
    (3, "..", None),
    (4, "+", Some(FunctionBuilder::add)),
    (4, "-", Some(FunctionBuilder::sub)),
    (5, "*", Some(FunctionBuilder::mul)),
    (5, "/", Some(FunctionBuilder::div)),
    (5, "//", Some(FunctionBuilder::floor_div)),
    (5, "%", Some(FunctionBuilder::modulo)),
];
// ANCHOR_END: operators

/// Elements of a list that are computed before they are put into it.
const ELEMENTS_AT_ONCE: usize = 50;

// ANCHOR: pending
/// What an expression has come to. Its last instruction is still missing: it depends on what is wanted, a value in a register, a
/// jump, a call in tail position, or a place that takes a value.
pub(crate) enum Pending<'t> {
    /// A constant, or a value in a register that nobody else knows.
    Done(Operand),
    /// A variable in a register of its function.
    Local(Reg),
    /// A variable in a cell, because a function inside uses it too; the register holds the cell.
    Cell(Reg),
    /// A variable in a cell of a function around, which is captured value number so-and-so here.
    Capture(u64),
    Global(&'t str),
    Element(Operand, Operand),
    Call(Operand, Vec<Operand>),
    Unary(&'t str, Operand),
    Binary(Operation, Operand, Operand),
    Join(Vec<Operand>),
}

/// An expression, and the token that errors in it are about.
pub(crate) type Expression<'t> = (Pending<'t>, Token<'t>);
// ANCHOR_END: pending

impl<'t> Compiler<'t> {
    // ANCHOR: value
    /// The value of an expression, in this register if one is named, and else wherever it is.
    pub(crate) fn value(&mut self, (pending, token): Expression<'t>, to: Option<Reg>) -> Operand {
        self.mark(token);
        let f = self.f();
        if let Pending::Done(operand) = pending {
            return to.map_or(operand, |to| f.to(to).copy(operand).into());
        }
        if let Pending::Local(register) = pending {
            return to.map_or(register, |to| f.to(to).copy(register)).into();
        }
        let to = to.unwrap_or_else(|| f.register(Type::Any));
        match pending {
            Pending::Global(name) => {
                let globals = f.capture_get(0);
                f.to(to).get(globals, name)
            }
            Pending::Cell(cell) => f.to(to).cell_get(cell),
            Pending::Capture(index) => f.to(to).capture_cell_get(index),
            Pending::Element(object, key) => f.to(to).get(object, key),
            Pending::Call(callee, arguments) => f.to(to).call_any_one(callee, &arguments),
            Pending::Unary("-", operand) => f.to(to).negate(operand),
            Pending::Unary("len", operand) => f.to(to).length(operand),
            Pending::Unary(_, operand) => f.to(to).not(operand),
            Pending::Binary(operation, left, right) => operation(f.to(to), left, right),
            Pending::Join(parts) => f.to(to).concat(&parts),
            Pending::Done(_) | Pending::Local(_) => unreachable!("they need no instruction"),
        };
        to.into()
    }

    /// Goes on at `yes` when an expression is neither nil nor false, and else at `no`.
    pub(crate) fn branch(&mut self, condition: Expression<'t>, yes: Block, no: Block) {
        self.mark(condition.1);
        match condition {
            (Pending::Binary(_, left, right), Token { text: "==", .. }) => self.f().branch_equal(left, right, yes, no),
            (Pending::Binary(_, left, right), Token { text: "<", .. }) => self.f().branch_less(left, right, yes, no),
            (Pending::Binary(_, left, right), Token { text: "<=", .. }) => {
                self.f().branch_less_equal(left, right, yes, no);
            }
            (Pending::Binary(_, left, right), Token { text: ">", .. }) => self.f().branch_less(right, left, yes, no),
            (Pending::Unary("not", operand), _) => self.f().branch_truthy(operand, no, yes),
            condition => {
                let value = self.value(condition, None);
                self.f().branch_truthy(value, yes, no);
            }
        }
    }
    // ANCHOR_END: value

    pub(crate) fn expression_value(&mut self, to: Option<Reg>) -> Compiled<Operand> {
        let expression = self.expression()?;
        Ok(self.value(expression, to))
    }

    // ANCHOR: expression
    pub(crate) fn expression(&mut self) -> Compiled<Expression<'t>> {
        self.binary(0)
    }

    /// Operators of this level, and of those that bind more tightly.
    fn binary(&mut self, level: u32) -> Compiled<Expression<'t>> {
        let mut left = self.unary()?;
        loop {
            let token = self.peek();
            let Some(&(of, _, operation)) = OPERATORS.iter().find(|&&(of, text, _)| of >= level && text == token.text)
            else {
                return Ok(left);
            };
            self.next();
            if matches!(token.text, "and" | "or") {
                left = self.choice(left, token, of + 1)?;
                continue;
            }
            let mut parts = match left {
                (Pending::Join(parts), _) if token.text == ".." => parts,
                left => vec![self.value(left, None)],
            };
            let right = self.binary(of + 1)?;
            parts.push(self.value(right, None));
            left = match (token.text, operation) {
                ("..", _) => (Pending::Join(parts), token),
                (_, Some(operation)) => (Pending::Binary(operation, parts[0], parts[1]), token),
                _ => (Pending::Unary("not", self.f().equal(parts[0], parts[1]).into()), token),
            };
        }
    }
    // ANCHOR_END: expression

    // ANCHOR: choice
    /// `a and b`, `a or b`: the second operand is computed only where the first one does not decide.
    fn choice(&mut self, left: Expression<'t>, token: Token<'t>, level: u32) -> Compiled<Expression<'t>> {
        let result = self.f().register(Type::Any);
        let (more, done) = (self.f().block(), self.f().block());
        self.value(left, Some(result));
        let (yes, no) = if token.text == "and" { (more, done) } else { (done, more) };
        self.f().branch_truthy(result, yes, no);
        self.f().switch_to(more);
        let right = self.binary(level)?;
        self.value(right, Some(result));
        self.f().jump(done);
        self.f().switch_to(done);
        Ok((Pending::Done(result.into()), token))
    }
    // ANCHOR_END: choice

    fn unary(&mut self) -> Compiled<Expression<'t>> {
        self.nested(|compiler| {
            if !["-", "not", "len"].into_iter().any(|operator| compiler.is(operator)) {
                return compiler.postfix();
            }
            let token = compiler.next();
            let operand = compiler.unary()?;
            let operand = compiler.value(operand, None);
            Ok((Pending::Unary(token.text, operand), token))
        })
    }

    // ANCHOR: postfix
    /// `f(x)`, `list[i]`, `map.name`, one after the other.
    fn postfix(&mut self) -> Compiled<Expression<'t>> {
        let mut left = self.primary()?;
        while !self.begins_line() && (self.is("(") || self.is("[") || self.is(".")) {
            let object = self.value(left, None);
            let token = self.next();
            left = match token.text {
                "(" => (Pending::Call(object, self.list(")", |compiler| compiler.expression_value(None))?), token),
                "[" => {
                    let key = self.expression_value(None)?;
                    self.expect("]")?;
                    (Pending::Element(object, key), token)
                }
                _ => {
                    let token = self.peek();
                    let name = self.name()?;
                    (Pending::Element(object, self.f().string(name.as_bytes())), token)
                }
            };
        }
        Ok(left)
    }

    /// Items with commas between them, and perhaps after the last one; what closes the list ends it.
    fn list<T>(&mut self, end: &str, mut item: impl FnMut(&mut Self) -> Compiled<T>) -> Compiled<Vec<T>> {
        let mut items = Vec::new();
        while !self.is(end) {
            items.push(item(self)?);
            if !self.accept(",") {
                break;
            }
        }
        self.expect(end)?;
        Ok(items)
    }
    // ANCHOR_END: postfix

    // ANCHOR: primary
    fn primary(&mut self) -> Compiled<Expression<'t>> {
        let token = self.peek();
        let pending = match (token.kind, token.text) {
            (Kind::Name, name) => self.named(name),
            (Kind::Number, text) => match (text.parse(), text.parse()) {
                (Ok(integer), _) => Pending::Done(self.f().integer(integer)),
                (_, Ok(float)) => Pending::Done(self.f().float(float)),
                _ => return token.error(format!("`{text}` is not a number")),
            },
            (Kind::Text, text) => match unescape(&text[1..text.len() - 1]) {
                Ok(meant) => Pending::Done(self.f().string(meant.as_bytes())),
                Err(escape) => return token.error(format!("`\\{escape}` is not an escape")),
            },
            (Kind::Word, "nil") => Pending::Done(self.nil()),
            (Kind::Word, "true" | "false") => Pending::Done(self.f().boolean(token.text == "true")),
            (Kind::Word, "(" | "[" | "{" | "fn" | "gen") => {
                self.next();
                return match token.text {
                    "(" => {
                        let inner = self.expression()?;
                        self.expect(")")?;
                        Ok(inner)
                    }
                    "[" => self.list_value(token),
                    "{" => self.map_value(token),
                    "fn" => self.function_value("fn"),
                    _ => self.generator_value(token),
                };
            }
            _ => return self.expected("a value"),
        };
        self.next();
        Ok((pending, token))
    }

    pub(crate) fn nil(&mut self) -> Operand {
        self.f().constant(Constant::Nil)
    }
    // ANCHOR_END: primary

    // ANCHOR: collections
    /// `[a, b, c]`.
    fn list_value(&mut self, token: Token<'t>) -> Compiled<Expression<'t>> {
        let (list, mut first) = (self.f().table_new(0, 0), 1);
        while !self.accept("]") {
            let mut values = Vec::new();
            self.f().begin_scope();
            while values.len() < ELEMENTS_AT_ONCE && !self.is("]") {
                values.push(self.expression_value(None)?);
                if !self.accept(",") && !self.is("]") {
                    return self.expected("`,` or `]`");
                }
            }
            self.f().append(list, first, &values);
            self.f().end_scope();
            first += values.len() as u64;
        }
        Ok((Pending::Done(list.into()), token))
    }

    /// `{name: a, "text": b, [key]: c}`.
    fn map_value(&mut self, token: Token<'t>) -> Compiled<Expression<'t>> {
        let map = self.f().table_new(0, 0);
        self.list("}", |compiler| {
            compiler.f().begin_scope();
            let key = match compiler.peek().kind {
                Kind::Name => {
                    let name = compiler.next().text;
                    compiler.f().string(name.as_bytes())
                }
                _ if compiler.accept("[") => {
                    let key = compiler.expression_value(None)?;
                    compiler.expect("]")?;
                    key
                }
                Kind::Text => {
                    let key = compiler.primary()?;
                    compiler.value(key, None)
                }
                _ => return compiler.expected("a name, a text or `[`"),
            };
            compiler.expect(":")?;
            let value = compiler.expression_value(None)?;
            compiler.f().set(map, key, value);
            compiler.f().end_scope();
            Ok(())
        })?;
        Ok((Pending::Done(map.into()), token))
    }
    // ANCHOR_END: collections

    // ANCHOR: function_value
    /// `(parameters) { … }`, after `fn`.
    pub(crate) fn function_value(&mut self, name: &str) -> Compiled<Expression<'t>> {
        let token = self.peek();
        self.expect("(")?;
        let parameters = self.list(")", |compiler| compiler.name())?;
        self.begin_function(name, Signature::dynamic(parameters.len(), false));
        let variables: Vec<_> =
            parameters.into_iter().enumerate().map(|(at, name)| (name, self.f().param(at))).collect();
        self.block(&variables)?;
        let (function, captured) = self.end_function()?;
        Ok((Pending::Done(self.f().closure(function, &captured).into()), token))
    }
    // ANCHOR_END: function_value

    // ANCHOR: generator
    /// `{ … }`, after `gen`: a function that runs the block up to its next `yield` and gives that value, and nil at its end.
    fn generator_value(&mut self, token: Token<'t>) -> Compiled<Expression<'t>> {
        self.begin_function("gen", Signature::dynamic(0, false));
        self.block(&[])?;
        let (body, captured) = self.end_function()?;
        let resume = match self.resume {
            Some(resume) => resume,
            None => self.resume_function(token)?,
        };
        let body = self.f().closure(body, &captured);
        let fiber = self.f().fiber_new(body);
        Ok((Pending::Done(self.f().closure(resume, (fiber,)).into()), token))
    }

    /// Resumes the fiber that it captures, unless that is dead.
    fn resume_function(&mut self, token: Token<'t>) -> Compiled<Func> {
        let mut f = self.program.function("generator", Signature::dynamic(0, false));
        f.capture(Type::Any, "fiber");
        let [dead, alive, yielded, failed] = [(); 4].map(|()| f.block());
        let fiber = f.capture_get(0);
        let status = f.fiber_status(fiber);
        f.branch_i32_eq(status, FIBER_IS_DEAD, dead, alive);
        f.switch_to(dead);
        f.return_values(());
        f.switch_to(alive);
        let (ok, value) = (f.register(Type::Any), f.register(Type::Any));
        let count = f.register(Type::I32);
        f.fiber_resume_to_open(ok, fiber, ());
        f.take_open(count, &[value]);
        f.branch_truthy(ok, yielded, failed);
        f.switch_to(yielded);
        f.return_values((value,));
        f.switch_to(failed);
        f.throw(value);
        let resume = self.program.add(f).or_else(|error| token.error(error.to_string()))?;
        self.resume = Some(resume);
        Ok(resume)
    }
    // ANCHOR_END: generator
}

/// What `fiber_status` gives for a fiber that has ended.
const FIBER_IS_DEAD: i32 = 3;

/// The bytes of a text, or the escape that means nothing.
fn unescape(text: &str) -> Result<String, char> {
    let (mut meant, mut characters) = (String::new(), text.chars());
    while let Some(character) = characters.next() {
        meant.push(match (character, characters.as_str().chars().next()) {
            ('\\', Some(escaped)) => {
                characters.next();
                match escaped {
                    'n' => '\n',
                    't' => '\t',
                    '"' | '\\' => escaped,
                    _ => return Err(escaped),
                }
            }
            _ => character,
        });
    }
    Ok(meant)
}
