//! Expressions: how each is read, and the code that it becomes.

use crate::compiler::Compiler;
use minivm_builder::{FunctionBuilder, Operand, Reg, Type};
use minivm_syntax::{Kind, Number, Parsed, Token};

// ANCHOR: operators
type Operation = fn(&mut FunctionBuilder, Operand, Operand) -> Reg;
type Prefix = fn(&mut FunctionBuilder, Operand) -> Reg;

/// Operators with two operands by how tightly they bind, with their code where it needs no more than both values. All group to the
/// left.
const OPERATORS: [(u32, &str, Option<Operation>); 15] = [
    (0, "or", None),
    (1, "and", None),
    (2, "==", Some(FunctionBuilder::equal)),
    (2, "!=", Some(not_equal)),
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

/// Operators before an operand, which bind more tightly than all of these.
const PREFIXES: [(&str, Prefix); 3] =
    [("-", FunctionBuilder::negate), ("not", FunctionBuilder::not), ("len", FunctionBuilder::length)];

fn not_equal(f: &mut FunctionBuilder, left: Operand, right: Operand) -> Reg {
    let equal = f.equal(left, right);
    f.not(equal)
}
// ANCHOR_END: operators

/// Elements of a list that are computed before they are put into it.
const ELEMENTS_AT_ONCE: usize = 50;

// ANCHOR: place
/// What was read. Only of a value is the code complete: a variable or an element may also be assigned to, and the results of a call be
/// left out.
pub(crate) enum Expression<'t> {
    /// A constant, or a value in a register that nobody else knows.
    Value(Operand),
    Variable(&'t str),
    Element(Operand, Operand),
    Call(Operand, Vec<Operand>),
}

/// With the token that errors in it are about.
pub(crate) type Read<'t> = (Expression<'t>, Token<'t>);
// ANCHOR_END: place

impl<'t> Compiler<'t> {
    // ANCHOR: value
    /// The value of what was read.
    pub(crate) fn value_of(&mut self, (expression, token): Read<'t>) -> Operand {
        self.mark(token);
        match expression {
            Expression::Value(value) => value,
            Expression::Variable(name) => match self.functions.find(name) {
                Some(variable) => self.functions.get(variable),
                None => {
                    let globals = self.globals();
                    self.f().get(globals, name).into()
                }
            },
            Expression::Element(object, key) => self.f().get(object, key).into(),
            Expression::Call(callee, arguments) => self.f().call_any_one(callee, &arguments).into(),
        }
    }

    /// The table of globals.
    pub(crate) fn globals(&mut self) -> Operand {
        let globals = self.functions.find("_ENV").expect("`main` captures it");
        self.functions.get(globals)
    }

    pub(crate) fn value(&mut self) -> Parsed<Operand> {
        self.operand(0)
    }
    // ANCHOR_END: value

    // ANCHOR: expression
    /// With operators of this level, and of those that bind more tightly.
    pub(crate) fn expression(&mut self, level: u32) -> Parsed<Read<'t>> {
        let mut left = self.unary()?;
        loop {
            let token = self.tokens.peek();
            let mut operators = OPERATORS.iter().filter(|(of, text, _)| *of >= level && *text == token.text);
            let Some((of, _, operation)) = operators.next() else { return Ok(left) };
            self.tokens.next();
            let first = self.value_of(left);
            let value = match operation {
                Some(operation) => {
                    let second = self.operand(of + 1)?;
                    self.mark(token);
                    operation(self.f(), first, second)
                }
                None if token.text == ".." => self.join(first, token)?,
                None => self.choice(first, token, of + 1)?,
            };
            left = (Expression::Value(value.into()), token);
        }
    }

    fn operand(&mut self, level: u32) -> Parsed<Operand> {
        let operand = self.expression(level)?;
        Ok(self.value_of(operand))
    }
    // ANCHOR_END: expression

    // ANCHOR: choice
    /// `a .. b .. c` makes no text on the way.
    fn join(&mut self, first: Operand, token: Token<'t>) -> Parsed<Reg> {
        let mut parts = vec![first, self.operand(4)?];
        while self.tokens.accept("..") {
            parts.push(self.operand(4)?);
        }
        self.mark(token);
        Ok(self.f().concat(&parts))
    }

    /// `a and b`, `a or b`: the second operand is computed only where the first one does not decide.
    fn choice(&mut self, first: Operand, token: Token<'t>, level: u32) -> Parsed<Reg> {
        let result = self.f().register(Type::Any);
        let (more, done) = (self.f().block(), self.f().block());
        self.f().move_to(result, first);
        let (yes, no) = if token.text == "and" { (more, done) } else { (done, more) };
        self.f().branch_truthy(result, yes, no);
        self.f().switch_to(more);
        let second = self.operand(level)?;
        self.f().move_to(result, second);
        self.f().jump_into(done);
        Ok(result)
    }
    // ANCHOR_END: choice

    fn unary(&mut self) -> Parsed<Read<'t>> {
        self.nested(|compiler| {
            let token = compiler.tokens.peek();
            let Some((_, operation)) = PREFIXES.iter().find(|(text, _)| compiler.tokens.accept(text)) else {
                return compiler.postfix();
            };
            let operand = compiler.unary()?;
            let operand = compiler.value_of(operand);
            compiler.mark(token);
            Ok((Expression::Value(operation(compiler.f(), operand).into()), token))
        })
    }

    // ANCHOR: postfix
    /// `f(x)`, `list[i]`, `map.name`, one after the other.
    fn postfix(&mut self) -> Parsed<Read<'t>> {
        let mut left = self.primary()?;
        while !self.tokens.begins_line() && ["(", "[", "."].iter().any(|symbol| self.tokens.is(symbol)) {
            let object = self.value_of(left);
            let mut token = self.tokens.next();
            let expression = match token.text {
                "(" => Expression::Call(object, self.list(")", Self::value)?),
                "[" => {
                    let key = self.value()?;
                    self.tokens.expect("]")?;
                    Expression::Element(object, key)
                }
                _ => {
                    token = self.tokens.peek();
                    let name = self.tokens.name()?;
                    Expression::Element(object, self.f().string(name))
                }
            };
            left = (expression, token);
        }
        Ok(left)
    }

    /// Items with commas between them, and perhaps after the last one; what closes the list ends it.
    pub(crate) fn list<T>(&mut self, end: &str, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        while !self.tokens.is(end) {
            items.push(item(self)?);
            if !self.tokens.accept(",") {
                break;
            }
        }
        self.tokens.expect(end)?;
        Ok(items)
    }
    // ANCHOR_END: postfix

    // ANCHOR: primary
    fn primary(&mut self) -> Parsed<Read<'t>> {
        let token = self.tokens.next();
        let value = match (token.kind, token.text) {
            (Kind::Name, name) => return Ok((Expression::Variable(name), token)),
            (Kind::Number, _) => match token.number()? {
                Number::Integer(integer) => self.f().integer(integer),
                Number::Float(float) => self.f().float(float),
            },
            (Kind::Text, _) => {
                let text = token.meant()?;
                self.f().string(text)
            }
            (_, "nil") => self.f().nil(),
            (_, "true" | "false") => self.f().boolean(token.text == "true"),
            (_, "(") => {
                let inner = self.expression(0)?;
                self.tokens.expect(")")?;
                return Ok(inner);
            }
            (_, "[") => self.list_value()?.into(),
            (_, "{") => self.map_value()?.into(),
            (_, "fn") => self.function_value("fn")?.into(),
            (_, "gen") => self.generator_value()?.into(),
            _ => return token.expected("a value"),
        };
        Ok((Expression::Value(value), token))
    }
    // ANCHOR_END: primary

    // ANCHOR: collections
    /// `a, b, c]`, after `[`.
    fn list_value(&mut self) -> Parsed<Reg> {
        let (list, mut first) = (self.f().table_new(0, 0), 1);
        while !self.tokens.accept("]") {
            let mut values = Vec::new();
            self.f().begin_scope();
            while values.len() < ELEMENTS_AT_ONCE && !self.tokens.is("]") {
                values.push(self.value()?);
                if !self.tokens.accept(",") && !self.tokens.is("]") {
                    return self.tokens.expected("`,` or `]`");
                }
            }
            self.f().append(list, first, &values);
            self.f().end_scope();
            first += values.len() as u64;
        }
        Ok(list)
    }

    /// `name: a, "text": b, [key]: c}`, after `{`.
    fn map_value(&mut self) -> Parsed<Reg> {
        let map = self.f().table_new(0, 0);
        self.list("}", |compiler| {
            compiler.f().begin_scope();
            let token = compiler.tokens.next();
            let key = match (token.kind, token.text) {
                (Kind::Name, name) => compiler.f().string(name),
                (Kind::Text, _) => compiler.f().string(token.meant()?),
                (_, "[") => {
                    let key = compiler.value()?;
                    compiler.tokens.expect("]")?;
                    key
                }
                _ => return token.expected("a name, a text or `[`"),
            };
            compiler.tokens.expect(":")?;
            let value = compiler.value()?;
            compiler.f().set(map, key, value);
            compiler.f().end_scope();
            Ok(())
        })?;
        Ok(map)
    }
    // ANCHOR_END: collections

    // ANCHOR: function_value
    /// `(parameters) { … }`, after `fn`.
    pub(crate) fn function_value(&mut self, name: &str) -> Parsed<Reg> {
        self.tokens.expect("(")?;
        let parameters = self.list(")", |compiler| compiler.tokens.name())?;
        let (function, captured) = self.function(name, &parameters)?;
        Ok(self.f().closure(function, &captured))
    }
    // ANCHOR_END: function_value

    // ANCHOR: generator
    /// `{ … }`, after `gen`: a function that runs the block up to its next `yield` and gives that value, and nil at its end.
    fn generator_value(&mut self) -> Parsed<Reg> {
        let (body, captured) = self.function("gen", &[])?;
        let generator =
            self.program.generator_function().or_else(|error| self.tokens.peek().error(error.to_string()))?;
        let body = self.f().closure(body, &captured);
        let fiber = self.f().fiber_new(body);
        Ok(self.f().closure(generator, (fiber,)))
    }
    // ANCHOR_END: generator
}
