//! Functions inside one another, and where their variables are.

use crate::{BuildError, FunctionBuilder, IntoOperand, ProgramBuilder};
use minivm_isa::entities::{Func, Reg};
use minivm_isa::operand::Pattern;
use minivm_isa::{Operand, Type};
use std::collections::HashSet;

/// Where a variable is, as the current function sees it.
///
/// ```
/// # use minivm_builder::{NestedFunctions, ProgramBuilder, Signature, Variable};
/// let mut program = ProgramBuilder::new();
/// let f = program.function("f", Signature::dynamic(0, false));
/// let mut functions = NestedFunctions::new(f, ["shared"].into());
/// functions.declare("shared", 1);
/// functions.declare("own", 2);
/// assert!(matches!(functions.find("shared"), Some(Variable::Cell(_))));
/// assert!(matches!(functions.find("own"), Some(Variable::Register(_))));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Variable {
    /// In a register of the function.
    Register(Reg),
    /// In a cell that the register holds, since functions inside use it too.
    Cell(Reg),
    /// In a cell of a function around: the number of the captured value.
    CapturedCell(u64),
    /// A value that never changes, captured from outside.
    Captured(u64),
}

/// A function on its way.
struct Level<'n> {
    f: FunctionBuilder,
    /// The variables in sight, the innermost last.
    variables: Vec<(&'n str, Variable)>,
    /// What it captures, in order.
    captures: Vec<(&'n str, Variable)>,
    /// Names of variables that live in cells.
    shared: HashSet<&'n str>,
    /// How many variables there were when each open block began.
    blocks: Vec<usize>,
}

impl<'n> Level<'n> {
    fn new(f: FunctionBuilder, shared: HashSet<&'n str>) -> Self {
        Level { f, variables: Vec::new(), captures: Vec::new(), shared, blocks: Vec::new() }
    }

    fn find(&self, name: &str) -> Option<Variable> {
        let known = self.variables.iter().rev().chain(&self.captures);
        known.filter(|(other, _)| *other == name).map(|(_, variable)| *variable).next()
    }

    fn capture(&mut self, name: &'n str, ty: Type) -> Variable {
        let index = self.f.capture(ty, name);
        let variable = if ty == Type::Cell { Variable::CapturedCell(index) } else { Variable::Captured(index) };
        self.captures.push((name, variable));
        variable
    }
}

/// Functions inside one another while they are built, with the variables of their blocks: which are in registers and which in cells,
/// and what each function captures from those around it.
///
/// A variable is best in a register. But a closure may outlive the call that has the register, so variables that functions inside
/// use live in cells: small objects, which both functions hold. Which these are is known before: a compiler with a syntax tree
/// looks, one without can look ahead at the names in the text.
///
/// ```
/// use minivm_builder::{NestedFunctions, ProgramBuilder, Signature};
///
/// // fn counter() { let count = 0; return fn() { count = count + 1; return count } }
/// let mut program = ProgramBuilder::new();
/// let counter = program.function("counter", Signature::dynamic(0, false));
/// let mut functions = NestedFunctions::new(counter, ["count"].into());
/// functions.declare("count", 0);
///
/// functions.begin(program.function("next", Signature::dynamic(0, false)), [].into());
/// let count = functions.find("count").expect("a function around has it");
/// let before = functions.get(count);
/// let after = functions.f().add(before, 1);
/// functions.set(count, after);
/// functions.f().return_values((after,));
/// let (next, captured) = functions.end(&mut program)?;
///
/// let closure = functions.f().closure(next, &captured);
/// functions.f().return_values((closure,));
/// let counter = functions.finish(&mut program)?;
/// program.export_function("counter", counter);
/// assert!(program.finish()?.to_string().contains("capture_cell_set"));
/// # Ok::<(), minivm_builder::BuildError>(())
/// ```
pub struct NestedFunctions<'n> {
    /// The functions around the current one, the outermost first.
    around: Vec<Level<'n>>,
    current: Level<'n>,
}

impl<'n> NestedFunctions<'n> {
    /// Begins with the outermost function. Variables with the names in `shared` live in cells: those that functions inside mention,
    /// unless they are never assigned to again.
    pub fn new(outermost: FunctionBuilder, shared: HashSet<&'n str>) -> Self {
        NestedFunctions { around: Vec::new(), current: Level::new(outermost, shared) }
    }

    /// Begins a function inside the current one.
    pub fn begin(&mut self, function: FunctionBuilder, shared: HashSet<&'n str>) {
        let level = Level::new(function, shared);
        self.around.push(std::mem::replace(&mut self.current, level));
    }

    /// Ends the current function: its number, and what the function around makes a closure of it with.
    ///
    /// # Errors
    /// See [`FunctionBuilder::finish`]; and when it is the outermost one, which [`finish`](Self::finish) ends.
    pub fn end(&mut self, program: &mut ProgramBuilder) -> Result<(Func, Vec<Operand>), BuildError> {
        let Some(around) = self.around.pop() else {
            let none = Level::new(program.function("none", minivm_isa::Signature::dynamic(0, false)), HashSet::new());
            let outermost = std::mem::replace(&mut self.current, none).f;
            outermost.mistake("end", "a function inside of another one", "the outermost function");
            return program.add(outermost).map(|number| (number, Vec::new()));
        };
        let ended = std::mem::replace(&mut self.current, around);
        let number = program.add(ended.f)?;
        let mut captured = Vec::new();
        for (name, _) in ended.captures {
            captured.push(match self.current.find(name) {
                Some(Variable::Register(register) | Variable::Cell(register)) => register.into(),
                Some(Variable::CapturedCell(index) | Variable::Captured(index)) => {
                    self.current.f.capture_get(index).into()
                }
                // What the author has captured by hand is for the author to hand over.
                None => continue,
            });
        }
        Ok((number, captured))
    }

    /// Ends the outermost function: its number.
    ///
    /// # Errors
    /// See [`FunctionBuilder::finish`]; and when functions inside have not ended.
    pub fn finish(self, program: &mut ProgramBuilder) -> Result<Func, BuildError> {
        if !self.around.is_empty() {
            let open = format!("{} around it that have not ended", self.around.len());
            self.current.f.mistake("finish", "the outermost function", open);
        }
        program.add(self.current.f)
    }

    /// The builder of the current function.
    pub fn f(&mut self) -> &mut FunctionBuilder {
        &mut self.current.f
    }

    /// How many functions there are around the current one.
    pub fn depth(&self) -> usize {
        self.around.len()
    }

    /// Begins a block: variables and registers from here on are gone after its end.
    pub fn begin_block(&mut self) {
        self.current.blocks.push(self.current.variables.len());
        self.current.f.begin_scope();
    }

    /// Ends the block that began last.
    pub fn end_block(&mut self) {
        let count = self.current.blocks.pop().unwrap_or(self.current.variables.len());
        for (_, variable) in self.current.variables.split_off(count) {
            if let Variable::Register(register) | Variable::Cell(register) = variable {
                self.current.f.close_local(register);
            }
        }
        self.current.f.end_scope();
    }

    /// How many blocks are open in the current function.
    pub fn blocks(&self) -> usize {
        self.current.blocks.len()
    }

    /// Declares that the current function captures a value from outside, which whoever makes its closure hands over.
    pub fn capture(&mut self, name: &'n str) -> Variable {
        self.current.capture(name, Type::Any)
    }

    // ANCHOR: declare
    /// From here on this is a variable, up to the end of the block. Its value is a temporary or a constant, see
    /// [`move_to`](FunctionBuilder::move_to).
    pub fn declare(&mut self, name: &'n str, value: impl IntoOperand) {
        let is_shared = self.current.shared.contains(name);
        let f = &mut self.current.f;
        let variable = if is_shared {
            let value = value.into_operand(f, Pattern::Exactly(Type::Any));
            Variable::Cell(f.cell_new(value))
        } else {
            let register = f.register(Type::Any);
            Variable::Register(f.move_to(register, value))
        };
        self.open(name, variable);
    }

    /// As [`declare`](Self::declare), for a value in an `any` register of its own, such as a parameter: the variable stays there, if
    /// it can.
    pub fn adopt(&mut self, name: &'n str, register: Reg) {
        match self.current.shared.contains(name) {
            true => self.declare(name, register),
            false => self.open(name, Variable::Register(register)),
        }
    }
    // ANCHOR_END: declare

    fn open(&mut self, name: &'n str, variable: Variable) {
        if let Variable::Register(register) | Variable::Cell(register) = variable {
            self.current.f.open_local(name, register);
        }
        self.current.variables.push((name, variable));
    }

    // ANCHOR: find
    /// The variable of this name in the current function or one around it. All functions in between capture it: by its cell, or,
    /// if it is not shared, by the value that it has when each closure is made.
    pub fn find(&mut self, name: &'n str) -> Option<Variable> {
        if let Some(variable) = self.current.find(name) {
            return Some(variable);
        }
        let level = self.around.iter().rposition(|level| level.find(name).is_some())?;
        let mut variable = self.around[level].find(name)?;
        for inside in self.around[level + 1..].iter_mut().chain([&mut self.current]) {
            let ty = match variable {
                Variable::Cell(_) | Variable::CapturedCell(_) => Type::Cell,
                Variable::Register(_) | Variable::Captured(_) => Type::Any,
            };
            variable = inside.capture(name, ty);
        }
        Some(variable)
    }
    // ANCHOR_END: find

    /// The value of a variable.
    pub fn get(&mut self, variable: Variable) -> Operand {
        let f = &mut self.current.f;
        match variable {
            Variable::Register(register) => register,
            Variable::Cell(cell) => f.cell_get(cell),
            Variable::CapturedCell(index) => f.capture_cell_get(index),
            Variable::Captured(index) => f.capture_get(index),
        }
        .into()
    }

    /// Assigns a temporary value or a constant to a variable.
    pub fn set(&mut self, variable: Variable, value: impl IntoOperand) {
        let f = &mut self.current.f;
        match variable {
            Variable::Register(register) => drop(f.move_to(register, value)),
            Variable::Cell(cell) => f.cell_set(cell, value),
            Variable::CapturedCell(index) => f.capture_cell_set(index, value),
            Variable::Captured(index) => {
                f.mistake("set", "a variable that can be assigned to", format!("captured value {index}"));
            }
        }
    }
}
