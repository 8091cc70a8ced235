//! Emitting calls, returns, and what belongs to them.

use crate::compile::{Compiling, select};
use crate::handlers::typed::{calls, shape};
use crate::runtime::context::Handler;
use crate::threaded::notes::Shown;
use crate::threaded::{OPEN, ReturnInfo, rows};
use minivm_isa::entities::{Reg, Sig, Table};
use minivm_isa::{Instruction, Operand, TrapCode, Type};

impl Compiling<'_> {
    pub(super) fn emit_call(&mut self, at: usize) -> bool {
        let function = self.function;
        match &function.code[at] {
            Instruction::CallAny { results, callee, arguments } => {
                self.gather(at, arguments);
                self.call_any(at, false, *callee, arguments.len(), Some(results));
            }
            Instruction::CallAnyToOpen { callee, arguments } => {
                self.gather(at, arguments);
                self.call_any(at, false, *callee, arguments.len(), None);
            }
            Instruction::CallAnyOpen { results, callee, arguments } => {
                self.prepend(at, arguments);
                self.call_any(at, true, *callee, arguments.len(), Some(results));
            }
            Instruction::CallAnyOpenToOpen { callee, arguments } => {
                self.prepend(at, arguments);
                self.call_any(at, true, *callee, arguments.len(), None);
            }
            Instruction::TailCallAny { callee, arguments } => {
                self.gather(at, arguments);
                self.tail_call_any(at, *callee, arguments.len(), false);
            }
            Instruction::TailCallAnyOpen { callee, arguments } => {
                self.prepend(at, arguments);
                self.tail_call_any(at, *callee, arguments.len(), true);
            }
            Instruction::ForEach { results, iterator, state, control, body, done } => {
                self.for_each(at, results, [*iterator, *state, *control]);
                let branch = self.branch_to(*body);
                put!(self, at + 1, rows::ForEachTest { first: self.slot(results[0]), branch });
                self.go_to(at, *done);
            }
            Instruction::Append { table, first, values } => self.append(at, *table, *first, values, false),
            Instruction::AppendOpen { table, first, values } => self.append(at, *table, *first, values, true),
            Instruction::Varargs { results } => {
                let slots: Vec<usize> = results.iter().map(|&reg| self.slot(reg)).collect();
                let params = self.params;
                put_list!(self, at, &slots, |results| rows::Varargs { params, results });
            }
            Instruction::VarargsToOpen {} => {
                put!(self, at, rows::VarargsToOpen { params: self.params, window: self.window });
            }
            Instruction::TakeOpen { count, results } => {
                let slots: Vec<usize> = results.iter().map(|&reg| self.slot(reg)).collect();
                let (window, count) = (self.window, self.slot(*count));
                put_list!(self, at, &slots, |results| rows::TakeOpen { window, count, results });
            }
            _ => return false,
        }
        true
    }

    pub(super) fn emit_return(&mut self, at: usize) -> bool {
        let function = self.function;
        match &function.code[at] {
            Instruction::ReturnValues { values } if self.is_dynamic() => match values[..] {
                [value] if !self.variadic => {
                    let value = self.any_slot(at, value);
                    let cost = self.take_pending();
                    put!(self, at, rows::ReturnAny { value, cost });
                    self.leave();
                }
                _ => {
                    self.gather(at, values);
                    self.return_block(at, values.len(), false);
                }
            },
            Instruction::ReturnValues { values } => self.return_typed(at, values),
            Instruction::ReturnOpen { values } => {
                self.prepend(at, values);
                self.return_block(at, values.len(), true);
            }
            Instruction::Call { results, function: callee, arguments } => {
                let signature = self.program.functions[*callee].signature();
                self.gather_wide(at, arguments);
                let last = select::calls::place_arguments(self, at, shape::call_after);
                let closure = self.instance.closure(*callee);
                let cost = self.take_pending();
                self.begin(at, last.handler, calls::call_slow);
                self.asm.head(rows::CallAfter { closure, window: self.window, cost, length: 0 });
                last.write(self, at);
                self.asm.fill_length();
                self.typed_results(at, signature, results);
            }
            Instruction::CallIndirect { results, signature, table, index, arguments } => {
                self.call_element(at, *signature, (*table, *index), arguments);
                self.typed_results(at, *signature, results);
            }
            Instruction::CallRef { results, signature, callee, arguments } => {
                self.gather_wide(at, arguments);
                select::calls::place_all_arguments(self, at);
                let callee = self.any_slot(at, *callee);
                self.call_typed_value(at, *signature, callee, results);
            }
            Instruction::TailCall { function: callee, arguments } => {
                let words = self.gather_words(at, arguments);
                let closure = self.instance.closure(*callee);
                let cost = self.take_pending();
                put!(self, at, rows::TailCallTyped { closure, window: self.window, words, cost });
                self.leave();
            }
            Instruction::TailCallIndirect { signature, table, index, arguments } => {
                let callee = self.element_slot(at, *table, *index);
                self.tail_call_typed_value(at, *signature, (callee, TrapCode::UninitializedElement), arguments);
            }
            Instruction::TailCallRef { signature, callee, arguments } => {
                let callee = self.any_slot(at, *callee);
                self.tail_call_typed_value(at, *signature, (callee, TrapCode::NullReference), arguments);
            }
            _ => return false,
        }
        true
    }

    /// Begins an instruction that leaves the function: in baseline code by the way on which the next function's baseline code is
    /// found.
    fn begin(&mut self, at: usize, fast: Handler, baseline: Handler) {
        self.asm.begin(if self.baseline { baseline } else { fast }, at);
    }

    pub(super) fn is_dynamic(&self) -> bool {
        self.program.signatures[self.function.signature].is_dynamic()
    }

    /// Puts fixed values before the open list.
    pub(super) fn prepend(&mut self, at: usize, values: &[Operand]) {
        if values.is_empty() {
            return;
        }
        let window = self.window;
        // Constants get their place now and their value below.
        let slots: Vec<usize> = values.iter().map(|value| value.reg().map_or(window, |reg| self.slot(reg))).collect();
        put_list!(self, at, &slots, |values| rows::PrependOpen { window, values });
        for (index, &value) in values.iter().enumerate() {
            if let Some(constant) = self.any_constant(value) {
                self.copy_constant(at, window + 2 * index, constant);
            }
        }
    }

    /// The general form of calls through a value. Results go to `results`, or to the open list.
    fn call_any(&mut self, at: usize, open: bool, callee: Operand, arguments: usize, results: Option<&[Reg]>) {
        let callee = self.any_slot(at, callee);
        let (window, cost) = (self.window, self.take_pending());
        let in_window = self.window as u16;
        let (dst, wanted) = match results {
            None => (in_window, OPEN),
            Some([]) => (in_window, 0),
            Some([one]) => (self.slots.of(*one), 1),
            Some(many) => (in_window, many.len() as u16),
        };
        let returns = ReturnInfo { dst, results: wanted, delta: self.window as u32 };
        if open {
            put!(self, at, rows::CallAnyOpen { callee, window, arguments, cost, returns });
        } else {
            put!(self, at, rows::CallAny { callee, window, arguments, cost, returns });
        }
        if let Some(many) = results
            && many.len() > 1
        {
            self.scatter(at, many);
        }
    }

    /// Takes results out of the window into their registers.
    fn scatter(&mut self, at: usize, results: &[Reg]) {
        for (index, &reg) in results.iter().enumerate() {
            put!(self, at + 1, rows::CopyAny { dst: self.slot(reg), src: self.window + 2 * index });
        }
    }

    fn tail_call_any(&mut self, at: usize, callee: Operand, arguments: usize, open: bool) {
        let callee = self.any_slot(at, callee);
        let (window, cost, variadic) = (self.window, self.take_pending(), self.variadic);
        put!(self, at, rows::TailCallAny { callee, window, arguments, cost, open, variadic });
        self.leave();
    }

    fn for_each(&mut self, at: usize, results: &[Reg], inputs: [Operand; 3]) {
        let [iterator, state, control] = inputs.map(|input| self.any_slot(at, input));
        let (window, cost, wanted) = (self.window, self.take_pending(), results.len());
        let consecutive = results.windows(2).all(|pair| self.slots.of(pair[1]) == self.slots.of(pair[0]) + 2);
        let dst = if consecutive { self.slots.of(results[0]) } else { window as u16 };
        let returns = ReturnInfo { dst, results: wanted as u16, delta: window as u32 };
        put!(self, at, rows::ForEach { iterator, state, control, window, cost, wanted, returns });
        if !consecutive {
            self.scatter(at, results);
        }
    }

    fn append(&mut self, at: usize, table: Operand, first: u64, values: &[Operand], open: bool) {
        let table = self.any_slot(at, table);
        if open {
            self.prepend(at, values);
        } else {
            self.gather(at, values);
        }
        let first = u32::try_from(first).unwrap_or(u32::MAX);
        put!(self, at, rows::Append { table, window: self.window, values: values.len(), open, first });
    }

    fn return_block(&mut self, at: usize, count: usize, open: bool) {
        let (window, cost, variadic) = (self.window, self.take_pending(), self.variadic);
        put!(self, at, rows::ReturnBlock { window, values: count, cost, open, variadic });
        self.leave();
    }

    fn return_typed(&mut self, at: usize, values: &[Operand]) {
        if let [value] = values
            && self.operand_type(*value).words() == 1
        {
            // Optimised code has a handler for it: this is baseline code.
            let value = self.word_slot(at, *value);
            put!(self, at, rows::ReturnWord { value });
            self.leave();
            return;
        }
        let words = self.gather_words(at, values);
        let cost = self.take_pending();
        put!(self, at, rows::ReturnWords { window: self.window, words, cost });
        self.leave();
    }

    /// The type of an operand.
    pub(crate) fn operand_type(&self, operand: Operand) -> Type {
        match operand.input() {
            minivm_isa::Input::Reg(reg) => self.function.registers[reg],
            minivm_isa::Input::Const(constant) => self.function.constants[constant].ty(),
        }
    }

    /// Puts operands of any types one after the other into the window; gives the words they take.
    pub(super) fn gather_words(&mut self, at: usize, operands: &[Operand]) -> usize {
        let mut offset = 0;
        for &operand in operands {
            self.copy_to(at, operand, self.window + offset);
            offset += self.operand_type(operand).words() as usize;
        }
        offset
    }

    /// As `gather_words`, for those operands of calls that no statement puts in place.
    fn gather_wide(&mut self, at: usize, operands: &[Operand]) {
        let mut offset = 0;
        for &operand in operands {
            let words = self.operand_type(operand).words() as usize;
            if self.baseline || words != 1 {
                self.copy_to(at, operand, self.window + offset);
            }
            offset += words;
        }
    }

    /// Writes a call through a table up to its return information.
    fn call_element(&mut self, at: usize, signature: Sig, (table, index): (Table, Operand), arguments: &[Operand]) {
        self.gather_wide(at, arguments);
        let last = select::calls::place_arguments(self, at, shape::call_element);
        let index = self.word_slot(at, index);
        let number = self.instance.signature_number(signature);
        let cost = self.take_pending();
        let (window, table) = (self.window, self.instance.table(table));
        self.begin(at, last.handler, calls::call_element_slow);
        self.asm.head(rows::CallElement { table, index, window, signature: number, length: 0, cost });
        last.write(self, at);
        self.asm.fill_length();
    }

    fn call_typed_value(&mut self, at: usize, signature: Sig, callee: usize, results: &[Reg]) {
        let cost = self.take_pending();
        let number = self.instance.signature_number(signature);
        let returns = self.typed_return_info(signature, results);
        put!(self, at, rows::CallValue { callee, window: self.window, signature: number, cost, returns });
        self.take_typed_results(at, signature, results);
    }

    /// `null` is the trap of a callee that is nil.
    fn tail_call_typed_value(
        &mut self,
        at: usize,
        signature: Sig,
        (callee, null): (usize, TrapCode),
        arguments: &[Operand],
    ) {
        let words = self.gather_words(at, arguments);
        let cost = self.take_pending();
        let number = self.instance.signature_number(signature);
        let null = null as usize;
        put!(self, at, rows::TailCallTypedValue { callee, window: self.window, signature: number, words, cost, null });
        self.leave();
    }

    /// The return information of a typed call, and what takes its results to their registers.
    fn typed_results(&mut self, at: usize, signature: Sig, results: &[Reg]) {
        let info = self.typed_return_info(signature, results);
        self.asm.shows("returns", || Shown::Returns(info));
        self.asm.return_info(info);
        self.take_typed_results(at, signature, results);
    }

    fn typed_return_info(&self, signature: Sig, results: &[Reg]) -> ReturnInfo {
        let words: u32 = self.program.signatures[signature].results.iter().map(|ty| ty.words()).sum();
        let dst = match results {
            [one] => self.slots.of(*one),
            _ => self.window as u16,
        };
        ReturnInfo { dst, results: words as u16, delta: self.window as u32 }
    }

    /// Takes the results of a typed call to their registers.
    fn take_typed_results(&mut self, at: usize, signature: Sig, results: &[Reg]) {
        let types = &self.program.signatures[signature].results;
        if results.len() > 1 {
            let mut offset = 0;
            for (&reg, ty) in results.iter().zip(types) {
                self.copy_words(at + 1, self.window + offset, self.slot(reg), ty.words());
                offset += ty.words() as usize;
            }
        }
    }
}
