//! Syntax tree to bytecode: this is what a frontend looks like.

use crate::Error;
use crate::syntax::{Definition, Expression, Operator};
use minivm_builder::{FunctionBuilder, ProgramBuilder};
use minivm_isa::entities::{Func, Reg, Source};
use minivm_isa::{Operand, Signature, Type, Verified};
use std::collections::HashMap;

/// Functions by name: number, and how many parameters they take.
type Functions = HashMap<String, (Func, usize)>;

/// One function under way.
struct Code<'a> {
    f: FunctionBuilder,
    functions: &'a Functions,
    variables: HashMap<String, Reg>,
}

/// Compiles a program. `main` gives the value of its last line.
pub(crate) fn compile(name: &str, text: &str, definitions: &[Definition]) -> Result<Verified, Error> {
    let mut program = ProgramBuilder::new();
    let source = program.source(name, Some(text.as_bytes().into()));
    // Declared first, so that functions can call each other whatever their order.
    let mut functions = Functions::new();
    for definition in definitions {
        let Definition::Function { name, params, line, .. } = definition else { continue };
        let number = program.declare(signature(params.len()));
        if functions.insert(name.clone(), (number, params.len())).is_some() {
            return Err(Error { line: *line, message: format!("there are two '{name}'") });
        }
    }
    let built = |result: Result<Func, _>| {
        result.map_err(|error: minivm_builder::BuildError| Error { line: 0, message: error.to_string() })
    };
    let mut main = Code::new(program.function("main", signature(0)), &functions);
    for definition in definitions {
        match definition {
            Definition::Function { name, params, body, line } => {
                let mut code = Code::new(program.function(name, signature(params.len())), &functions);
                code.params(params, *line)?;
                code.at(source, *line);
                code.returns(body)?;
                let (number, _) = functions[name];
                built(program.define(number, code.f).map(|()| number))?;
            }
            Definition::Let { name, value, line } => {
                main.at(source, *line);
                let register = main.f.register(Type::F64);
                main.expression(value, Some(register))?;
                main.f.open_local(name, register);
                main.variables.insert(name.clone(), register);
            }
            Definition::Result { value, line } => {
                main.at(source, *line);
                if line_is_last(definitions, *line) {
                    main.returns(value)?;
                } else {
                    main.expression(value, None)?;
                }
            }
        }
    }
    let main = built(program.add(main.f))?;
    program.export_function("main", main);
    program.finish().map_err(|error| Error { line: 0, message: error.to_string() })
}

fn line_is_last(definitions: &[Definition], line: u32) -> bool {
    matches!(definitions.last(), Some(Definition::Result { line: last, .. }) if *last == line)
}

fn signature(params: usize) -> Signature {
    Signature::typed(&vec![Type::F64; params], &[Type::F64])
}

impl<'a> Code<'a> {
    fn new(f: FunctionBuilder, functions: &'a Functions) -> Self {
        Code { f, functions, variables: HashMap::new() }
    }

    fn params(&mut self, names: &[String], line: u32) -> Result<(), Error> {
        for (index, name) in names.iter().enumerate() {
            let register = self.f.param(index);
            self.f.open_local(name, register);
            if self.variables.insert(name.clone(), register).is_some() {
                return Err(Error { line, message: format!("there are two '{name}'") });
            }
        }
        Ok(())
    }

    fn at(&mut self, source: Source, line: u32) {
        self.f.set_span(source, line, 0, 0);
    }

    fn returns(&mut self, value: &Expression) -> Result<(), Error> {
        let value = self.expression(value, None)?;
        self.f.return_values(&[value]);
        Ok(())
    }

    /// The value of an expression as an operand: a constant and a variable stay where they are, all else is computed into `to`
    /// or a fresh register. With `to`, the value always ends there.
    fn expression(&mut self, expression: &Expression, to: Option<Reg>) -> Result<Operand, Error> {
        let operand = match expression {
            Expression::Number(number) => self.f.f64(*number),
            Expression::Name(name, line) => match self.variables.get(name) {
                Some(&register) => register.into(),
                None => return Err(Error { line: *line, message: format!("'{name}' is not known") }),
            },
            _ => {
                let to = to.unwrap_or_else(|| self.f.register(Type::F64));
                self.compute(expression, to)?;
                return Ok(to.into());
            }
        };
        Ok(to.map_or(operand, |to| self.f.to(to).copy(operand).into()))
    }

    fn compute(&mut self, expression: &Expression, to: Reg) -> Result<(), Error> {
        match expression {
            Expression::Number(_) | Expression::Name(..) => drop(self.expression(expression, Some(to))?),
            Expression::Negate(value) => {
                let value = self.expression(value, None)?;
                self.f.to(to).f64_neg(value);
            }
            Expression::Binary(operator, lhs, rhs) => {
                let (lhs, rhs) = (self.expression(lhs, None)?, self.expression(rhs, None)?);
                match operator {
                    Operator::Add => self.f.to(to).f64_add(lhs, rhs),
                    Operator::Sub => self.f.to(to).f64_sub(lhs, rhs),
                    Operator::Mul => self.f.to(to).f64_mul(lhs, rhs),
                    Operator::Div => self.f.to(to).f64_div(lhs, rhs),
                    Operator::Less | Operator::LessEqual | Operator::Equal => unreachable!("only `if` compares"),
                };
            }
            Expression::If(operator, parts) => self.choice(*operator, parts, to)?,
            Expression::Call(name, arguments, line) => self.call(name, arguments, *line, to)?,
        }
        Ok(())
    }

    fn choice(&mut self, operator: Operator, parts: &[Expression; 4], to: Reg) -> Result<(), Error> {
        let [lhs, rhs, if_true, if_false] = parts;
        let (lhs, rhs) = (self.expression(lhs, None)?, self.expression(rhs, None)?);
        let (yes, no, after) = (self.f.block(), self.f.block(), self.f.block());
        match operator {
            Operator::Less => self.f.branch_f64_lt(lhs, rhs, yes, no),
            Operator::LessEqual => self.f.branch_f64_le(lhs, rhs, yes, no),
            _ => self.f.branch_f64_eq(lhs, rhs, yes, no),
        }
        for (block, value) in [(yes, if_true), (no, if_false)] {
            self.f.switch_to(block);
            self.expression(value, Some(to))?;
            self.f.jump(after);
        }
        self.f.switch_to(after);
        Ok(())
    }

    fn call(&mut self, name: &str, arguments: &[Expression], line: u32, to: Reg) -> Result<(), Error> {
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.expression(argument, None)?);
        }
        let count = |expected: usize| {
            let message = format!("'{name}' takes {expected} values, found {}", arguments.len());
            if expected == arguments.len() { Ok(()) } else { Err(Error { line, message }) }
        };
        if let Some(&(function, params)) = self.functions.get(name) {
            count(params)?;
            self.f.call(&[to], function, &values);
            return Ok(());
        }
        let unary: fn(&mut FunctionBuilder, Operand) -> Reg = match name {
            "sqrt" => FunctionBuilder::f64_sqrt,
            "abs" => FunctionBuilder::f64_abs,
            "floor" => FunctionBuilder::f64_floor,
            _ => return Err(Error { line, message: format!("'{name}' is not known") }),
        };
        count(1)?;
        unary(self.f.to(to), values[0]);
        Ok(())
    }
}
