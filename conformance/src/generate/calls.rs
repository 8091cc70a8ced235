//! Calls in every convention, tail calls, open lists, and fibers.

use super::function::Body;
use super::{FunctionPlan, is_dynamic, once_in, pick};
use minivm_isa::entities::{Reg, Sig, Table};
use minivm_isa::{Instruction, Operand, Type};

use Type::{Any, I32};

impl Body<'_> {
    /// A call.
    pub(super) fn call(&mut self) {
        match self.random.below(14) {
            0 | 1 => self.typed_call(),
            2 => self.call_by_reference(),
            3 => self.call_through_table(),
            4..=7 => self.dynamic_call(),
            8 | 9 => self.open_list(),
            10 => self.call_for_each(),
            11 => self.new_fiber(),
            12 => self.fiber(),
            _ => self.varargs(),
        }
    }

    /// A typed function that captures nothing.
    fn typed_function(&mut self) -> Option<FunctionPlan> {
        let is_typed = |function: &&FunctionPlan| !is_dynamic(function) && function.captures.is_empty();
        let typed: Vec<FunctionPlan> = self.plan.functions.iter().filter(is_typed).cloned().collect();
        (!typed.is_empty()).then(|| pick(self.random, &typed).clone())
    }

    /// A typed signature of the program, by the plan of a function that has it.
    pub(super) fn typed_signature(&mut self, results: Option<&[Type]>) -> Option<FunctionPlan> {
        let fits = |function: &&FunctionPlan| {
            !is_dynamic(function) && results.is_none_or(|results| function.signature.results == results)
        };
        let fitting: Vec<FunctionPlan> = self.plan.functions.iter().filter(fits).cloned().collect();
        (!fitting.is_empty()).then(|| pick(self.random, &fitting).clone())
    }

    fn typed_call(&mut self) {
        let Some(function) = self.typed_function() else { return self.dynamic_call() };
        let arguments = self.operands(&function.signature.params);
        let results = self.results(&function.signature.results);
        self.f.emit(Instruction::Call { results, function: function.number, arguments });
    }

    fn call_by_reference(&mut self) {
        let Some(like) = self.typed_signature(None) else { return self.dynamic_call() };
        let callee = match like.captures.is_empty() && once_in(self.random, 2) {
            true => self.function_value(&like).into(),
            false => self.callee(),
        };
        let arguments = self.operands(&like.signature.params);
        let results = self.results(&like.signature.results);
        let signature = self.number_of(&like);
        self.f.emit(Instruction::CallRef { results, signature, callee, arguments });
    }

    fn call_through_table(&mut self) {
        let Some(like) = self.typed_signature(None) else { return self.dynamic_call() };
        let arguments = self.operands(&like.signature.params);
        let results = self.results(&like.signature.results);
        let (table, index, signature) = (self.table(), self.near(), self.number_of(&like));
        self.f.emit(Instruction::CallIndirect { results, signature, table, index, arguments });
    }

    pub(super) fn number_of(&self, function: &FunctionPlan) -> Sig {
        self.signatures[function.number.as_u32() as usize]
    }

    fn table(&mut self) -> Table {
        Table::from_u32(self.random.below(self.plan.tables.len()) as u32)
    }

    /// An index that most tables have.
    fn near(&mut self) -> Operand {
        let near = self.random.below(9) as i32;
        self.f.i32(near)
    }

    /// A function and arguments for it.
    fn callee_and_arguments(&mut self) -> (Operand, Box<[Operand]>) {
        if once_in(self.random, 3) {
            let function = pick(self.random, &self.plan.functions).clone();
            let callee = self.function_value(&function);
            return (callee.into(), self.arguments(&function).into());
        }
        let count = self.random.below(6);
        (self.callee(), self.operands(&vec![Any; count]))
    }

    fn dynamic_call(&mut self) {
        let (callee, arguments) = self.callee_and_arguments();
        let count = self.random.below(4);
        let results = self.results(&vec![Any; count]);
        self.f.emit(Instruction::CallAny { results, callee, arguments });
    }

    /// Calls a function and appends all it gives to a table.
    pub(super) fn call_to_table(&mut self, callee: Reg, arguments: Vec<Operand>, table: Reg) {
        self.f.emit(Instruction::CallAnyToOpen { callee: callee.into(), arguments: arguments.into() });
        self.f.emit(Instruction::AppendOpen { table: table.into(), first: 1, values: Box::default() });
    }

    /// What leaves an open list.
    fn leave_open(&mut self) {
        let count = self.random.below(3);
        let values = self.operands(&vec![Any; count]);
        match self.random.below(7) {
            0 if self.is_variadic() => self.f.emit(Instruction::VarargsToOpen {}),
            1 => {
                let (ok, fiber) = (self.register(Any), self.any());
                self.f.emit(Instruction::FiberResumeToOpen { ok, fiber, arguments: values });
            }
            2 => self.f.emit(Instruction::FiberYieldToOpen { values }),
            3 => {
                let (callee, arguments) = self.callee_and_arguments();
                self.f.emit(Instruction::CallAnyToOpen { callee, arguments });
                self.between_open();
            }
            _ => {
                let (callee, arguments) = self.callee_and_arguments();
                self.f.emit(Instruction::CallAnyToOpen { callee, arguments });
            }
        }
    }

    /// What takes an open list and leaves another.
    fn between_open(&mut self) {
        let values = self.constants();
        match self.random.below(3) {
            0 => {
                let (ok, fiber) = (self.register(Any), self.register(Any).into());
                self.f.emit(Instruction::FiberResumeOpenToOpen { ok, fiber, arguments: values });
            }
            1 => self.f.emit(Instruction::FiberYieldOpenToOpen { values }),
            _ => {
                let callee = self.register(Any).into();
                self.f.emit(Instruction::CallAnyOpenToOpen { callee, arguments: values });
            }
        }
    }

    /// Operands that need no instruction before them, as nothing may stand between what leaves an open list and what takes it.
    fn constants(&mut self) -> Box<[Operand]> {
        (0..self.random.below(3)).map(|_| self.register(Any).into()).collect()
    }

    fn open_list(&mut self) {
        let (table, results) = (self.f.register(Any), self.random.below(3));
        self.f.emit(Instruction::TableNew { dst: table, array: 0, hash: 0 });
        self.leave_open();
        let arguments = self.constants();
        match self.random.below(3) {
            0 => self.f.emit(Instruction::AppendOpen { table: table.into(), first: 1, values: arguments }),
            1 => {
                // Registers that are known: making others would be an instruction in between.
                let (count, last) = (self.register(I32), self.register(Any));
                let results = if last == table { [last].into() } else { [table, last].into() };
                self.f.emit(Instruction::TakeOpen { count, results });
            }
            _ => {
                let (callee, results) = (self.register(Any).into(), self.results(&vec![Any; results]));
                self.f.emit(Instruction::CallAnyOpen { results, callee, arguments });
            }
        }
    }

    /// Returns an open list.
    pub(super) fn return_open(&mut self) {
        self.leave_open();
        let values = self.constants();
        self.f.emit(Instruction::ReturnOpen { values });
    }

    fn call_for_each(&mut self) {
        let (body, after) = (self.f.block(), self.f.block());
        let head = self.f.block();
        let (state, control) = (self.register(Any), self.register(Any));
        let iterator = self.callee();
        // It ends when the control does, or after some rounds.
        let rounds = self.f.i32(3);
        let counter = self.f.copy(rounds);
        self.f.jump(head);
        self.f.switch_to(head);
        let results = self.results(&[Any]);
        self.f.emit(Instruction::ForEach {
            results,
            iterator,
            state: state.into(),
            control: control.into(),
            body,
            done: after,
        });
        self.f.switch_to(body);
        let one = self.f.i32(1);
        self.f.to(counter).i32_sub(counter, one);
        let zero = self.f.i32(0);
        self.f.branch_i32_lt_s(zero, counter, head, after);
        self.f.switch_to(after);
    }

    fn new_fiber(&mut self) {
        let (dst, callee) = (self.register(Any), self.callee());
        self.f.emit(Instruction::FiberNew { dst, callee });
    }

    fn fiber(&mut self) {
        let fiber = self.any();
        if once_in(self.random, 3) {
            let dst = self.register(I32);
            self.f.emit(Instruction::FiberStatus { dst, fiber });
        } else {
            let (ok, error) = (self.register(I32), self.register(Any));
            self.f.emit(Instruction::FiberClose { ok, error, fiber });
        }
    }

    fn varargs(&mut self) {
        if !self.is_variadic() {
            return self.dynamic_call();
        }
        let count = self.random.below(4);
        let results = self.results(&vec![Any; count]);
        self.f.emit(Instruction::Varargs { results });
    }

    /// Ends the block with a call in place of this function.
    pub(super) fn tail_call(&mut self) {
        if self.signature.is_dynamic() {
            if once_in(self.random, 3) {
                self.leave_open();
                let (callee, arguments) = (self.register(Any).into(), self.constants());
                return self.f.emit(Instruction::TailCallAnyOpen { callee, arguments });
            }
            let (callee, arguments) = self.callee_and_arguments();
            return self.f.emit(Instruction::TailCallAny { callee, arguments });
        }
        let results = self.signature.results.clone();
        let Some(like) = self.typed_signature(Some(&results)) else {
            let values = self.operands(&results);
            return self.f.emit(Instruction::ReturnValues { values });
        };
        let arguments = self.operands(&like.signature.params);
        let signature = self.number_of(&like);
        match self.random.below(4) {
            0 => {
                let (table, index) = (self.table(), self.near());
                self.f.emit(Instruction::TailCallIndirect { signature, table, index, arguments });
            }
            1 => {
                let callee = self.callee();
                self.f.emit(Instruction::TailCallRef { signature, callee, arguments });
            }
            _ if like.captures.is_empty() => {
                self.f.emit(Instruction::TailCall { function: like.number, arguments });
            }
            _ => {
                let callee = self.function_value(&like).into();
                self.f.emit(Instruction::TailCallRef { signature, callee, arguments });
            }
        }
    }
}
