//! The resolved tree as text, for people and for tests: one statement a line, expressions fully bracketed.

use super::*;
use std::fmt::{self, Display, Formatter, Write};

/// Left operands, callees and indexed tables deeper than this are cut short, since printing recurses.
const DEPTH_MAX: usize = 400;

impl Display for Chunk {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for (id, function) in self.functions.iter() {
            let printer = Printer { chunk: self, depth: 0 };
            printer.function(formatter, id, function)?;
        }
        Ok(())
    }
}

/// Prints parts of a chunk.
struct Printer<'a> {
    chunk: &'a Chunk,
    depth: usize,
}

type Out<'a, 'f> = &'a mut Formatter<'f>;

impl Printer<'_> {
    fn function(&self, out: Out<'_, '_>, id: FunctionId, function: &Function) -> fmt::Result {
        write!(out, "{id}")?;
        if let Some(name) = &function.name {
            write!(out, " {}", String::from_utf8_lossy(name))?;
        }
        let mut parameters: Vec<String> = function.parameters.iter().map(|&local| self.local(local)).collect();
        if function.vararg {
            parameters.push("...".to_owned());
        }
        writeln!(out, "({}) lines {}-{}", parameters.join(", "), function.line_defined, function.last_line)?;
        for (upvalue, captured) in function.upvalues.iter() {
            let source = match captured.source {
                UpvalueSource::Local(local) => self.local(local),
                UpvalueSource::Upvalue(outer) => outer.to_string(),
                UpvalueSource::Environment => "environment".to_owned(),
            };
            let how = if self.chunk.locals[captured.local].needs_cell() { "cell" } else { "copy" };
            writeln!(out, "    {upvalue} = {how} of {source}")?;
        }
        self.block(out, &function.body, 1)
    }

    fn block(&self, out: Out<'_, '_>, block: &Block, indent: usize) -> fmt::Result {
        block.statements.iter().try_for_each(|statement| self.statement(out, statement, indent))
    }

    fn statement(&self, out: Out<'_, '_>, statement: &Statement, indent: usize) -> fmt::Result {
        let pad = "    ".repeat(indent);
        write!(out, "{pad}")?;
        let nested = |out: Out<'_, '_>, body: &Block| self.block(out, body, indent + 1);
        match &statement.kind {
            StatementKind::Local { locals, values } => {
                let locals: Vec<String> = locals.iter().map(|&local| self.local(local)).collect();
                writeln!(out, "local {} = {}", locals.join(", "), self.list(values))
            }
            StatementKind::LocalFunction { local, function } => {
                writeln!(out, "local function {} = {}", self.local(*local), self.expression(*function))
            }
            StatementKind::Assign { targets, values } => {
                let targets: Vec<String> = targets.iter().map(|target| self.place(target)).collect();
                writeln!(out, "{} = {}", targets.join(", "), self.list(values))
            }
            StatementKind::Call(call) => writeln!(out, "{}", self.expression(*call)),
            StatementKind::Do(body) => writeln!(out, "do").and_then(|()| nested(out, body)),
            StatementKind::While { condition, body } => {
                writeln!(out, "while {}", self.expression(*condition))?;
                nested(out, body)
            }
            StatementKind::Repeat { body, condition } => {
                writeln!(out, "repeat until {}", self.expression(*condition))?;
                nested(out, body)
            }
            StatementKind::If { arms, otherwise } => {
                for (index, (condition, body, _)) in arms.iter().enumerate() {
                    let word = if index == 0 { "if".to_owned() } else { format!("{pad}elseif") };
                    writeln!(out, "{word} {}", self.expression(*condition))?;
                    nested(out, body)?;
                }
                let Some(body) = otherwise else { return Ok(()) };
                writeln!(out, "{pad}else")?;
                nested(out, body)
            }
            StatementKind::NumericFor { local, start, limit, step, body, .. } => {
                let list: Vec<ExpressionId> = [*start, *limit].into_iter().chain(*step).collect();
                writeln!(out, "for {} = {}", self.local(*local), self.list(&list))?;
                nested(out, body)
            }
            StatementKind::GenericFor { locals, values, body, .. } => {
                let locals: Vec<String> = locals.iter().map(|&local| self.local(local)).collect();
                writeln!(out, "for {} in {}", locals.join(", "), self.list(values))?;
                nested(out, body)
            }
            StatementKind::Goto(label) => writeln!(out, "goto {label}"),
            StatementKind::Label(label) => writeln!(out, "{label}:"),
            StatementKind::Break => writeln!(out, "break"),
            StatementKind::Return { values, tail_call } => {
                let how = if *tail_call { "return tail" } else { "return" };
                writeln!(out, "{how} {}", self.list(values))
            }
        }
    }

    fn local(&self, local: LocalId) -> String {
        let record = &self.chunk.locals[local];
        format!("{}.{}", self.string(record.name), local.as_u32())
    }

    fn string(&self, string: StringId) -> String {
        String::from_utf8_lossy(&self.chunk.strings[string]).into_owned()
    }

    fn variable(&self, variable: Variable) -> String {
        match variable {
            Variable::Local(local) => self.local(local),
            Variable::Upvalue(upvalue) => upvalue.to_string(),
        }
    }

    fn place(&self, place: &Place) -> String {
        match place.kind {
            PlaceKind::Variable(variable) => self.variable(variable),
            PlaceKind::Global { environment, name } => self.global(environment, name),
            PlaceKind::Index { table, key } => format!("{}[{}]", self.expression(table), self.expression(key)),
        }
    }

    fn global(&self, environment: Variable, name: StringId) -> String {
        format!("{}!{}", self.variable(environment), self.string(name))
    }

    fn list(&self, list: &[ExpressionId]) -> String {
        let list: Vec<String> = list.iter().map(|&expression| self.expression(expression)).collect();
        list.join(", ")
    }

    fn expression(&self, expression: ExpressionId) -> String {
        if self.depth == DEPTH_MAX {
            return "…".to_owned();
        }
        let inner = Printer { chunk: self.chunk, depth: self.depth + 1 };
        let text = |expression: &ExpressionId| inner.expression(*expression);
        match &self.chunk.expressions[expression].kind {
            ExpressionKind::Constant(constant) => self.constant(*constant),
            ExpressionKind::Vararg => "...".to_owned(),
            ExpressionKind::Function(function) => function.to_string(),
            ExpressionKind::Variable(variable) => self.variable(*variable),
            ExpressionKind::Global { environment, name } => self.global(*environment, *name),
            ExpressionKind::Index { table, key } => format!("{}[{}]", text(table), text(key)),
            ExpressionKind::Call { callee, arguments } => format!("{}({})", text(callee), inner.list(arguments)),
            ExpressionKind::MethodCall { receiver, name, arguments } => {
                format!("{}:{}({})", text(receiver), self.string(*name), inner.list(arguments))
            }
            ExpressionKind::First(inner) => format!("first({})", text(inner)),
            ExpressionKind::Unary { operator, operand } => format!("({operator} {})", text(operand)),
            ExpressionKind::Binary { operator, left, right } => format!("({} {operator} {})", text(left), text(right)),
            ExpressionKind::And { left, right } => format!("({} and {})", text(left), text(right)),
            ExpressionKind::Or { left, right } => format!("({} or {})", text(left), text(right)),
            ExpressionKind::Concat(operands) => {
                let operands: Vec<String> = operands.iter().map(text).collect();
                format!("({})", operands.join(" .. "))
            }
            ExpressionKind::Table(items) => inner.table(items),
        }
    }

    fn table(&self, items: &[TableItem]) -> String {
        let mut text = "{".to_owned();
        for (index, item) in items.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let result = match item {
                TableItem::Positional(value) => write!(text, "{comma}{}", self.expression(*value)),
                TableItem::Keyed { key, value } => {
                    write!(text, "{comma}[{}] = {}", self.expression(*key), self.expression(*value))
                }
            };
            result.expect("writing to a string does not fail");
        }
        text.push('}');
        text
    }

    fn constant(&self, constant: Constant) -> String {
        match constant {
            Constant::Nil => "nil".to_owned(),
            Constant::Boolean(value) => value.to_string(),
            Constant::Integer(value) => value.to_string(),
            Constant::Float(value) => format!("{value:?}"),
            Constant::String(string) => format!("\"{}\"", self.chunk.strings[string].escape_ascii()),
        }
    }
}

impl Display for UnaryOperator {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Negate => "-",
            Self::Not => "not",
            Self::Length => "#",
            Self::BitNot => "~",
        })
    }
}

impl Display for BinaryOperator {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::FloorDivide => "//",
            Self::Modulo => "%",
            Self::Power => "^",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::BitXor => "~",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::Equal => "==",
            Self::NotEqual => "~=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        })
    }
}
