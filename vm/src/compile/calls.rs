//! Emitting calls, returns, and what belongs to them.

use crate::compile::{Loading, select};
use crate::handlers::typed::{calls, shape};
use crate::handlers::{call, control, object, stepping};
use crate::runtime::context::Handler;
use crate::threaded::{OPEN, ReturnInfo};
use minivm_isa::entities::{Reg, Sig, Table};
use minivm_isa::{Instruction, Operand, TrapCode, Type};

impl Loading<'_> {
    pub(super) fn emit_call(&mut self, at: usize) {
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
                self.asm.begin(control::for_each_test, at + 1);
                let first = self.slots.of(results[0]);
                self.asm.half(first);
                self.end_branch(at, false, *body, *done);
            }
            Instruction::Append { table, first, values } => self.append(at, *table, *first, values, false),
            Instruction::AppendOpen { table, first, values } => self.append(at, *table, *first, values, true),
            Instruction::Varargs { results } => {
                let params = self.params as u16;
                self.asm.begin(call::varargs, at);
                self.asm.half(params);
                self.asm.half(results.len() as u16);
                for &reg in results {
                    let slot = self.slots.of(reg);
                    self.asm.half(slot);
                }
            }
            Instruction::VarargsToOpen {} => {
                self.asm.begin(call::varargs_to_open, at);
                self.asm.half(self.params as u16);
                self.asm.half(self.window as u16);
            }
            _ => self.emit_return(at),
        }
    }

    fn emit_return(&mut self, at: usize) {
        let function = self.function;
        match &function.code[at] {
            Instruction::ReturnValues { values } if self.is_dynamic() => match values[..] {
                [value] if !self.variadic => {
                    let slot = self.any_slot(at, value);
                    let cost = self.take_pending();
                    self.begin(at, call::return_any, stepping::return_any);
                    self.asm.half(slot);
                    self.asm.half(cost);
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
                self.asm.word64(closure.expose_provenance() as u64);
                self.asm.half(self.window as u16);
                self.asm.half(cost);
                let length = self.asm.length();
                last.write(&mut self.asm, at);
                self.asm.fill_length(length);
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
                self.begin(at, call::tail_call_typed, call::tail_call_typed_slow);
                self.asm.word64(closure.expose_provenance() as u64);
                self.asm.half(self.window as u16);
                self.asm.half(words as u16);
                self.asm.half(cost);
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
            _ => self.emit_conversion(at),
        }
    }

    /// Begins an instruction that leaves the function: in plain code by the way on which the next function's plain code is
    /// found.
    fn begin(&mut self, at: usize, fast: Handler, plain: Handler) {
        self.asm.begin(if self.plain { plain } else { fast }, at);
    }

    pub(super) fn is_dynamic(&self) -> bool {
        self.program.signatures[self.function.signature].is_dynamic()
    }

    /// Puts fixed values before the open list.
    pub(super) fn prepend(&mut self, at: usize, values: &[Operand]) {
        if values.is_empty() {
            return;
        }
        self.asm.begin(call::prepend_open, at);
        self.asm.half(self.window as u16);
        self.asm.half(values.len() as u16);
        for value in values {
            // Constants get their place now and their value below.
            let slot = value.reg().map_or(self.window as u16, |reg| self.slots.of(reg));
            self.asm.half(slot);
        }
        for (index, &value) in values.iter().enumerate() {
            if let Some(constant) = self.any_constant(value) {
                let slot = (self.window + 2 * index) as u16;
                self.copy_constant(at, slot, constant);
            }
        }
    }

    /// The general form of calls through a value. Results go to `results`, or to the open list.
    fn call_any(&mut self, at: usize, open: bool, callee: Operand, arguments: usize, results: Option<&[Reg]>) {
        let fast: Handler = if open { call::call_any_open } else { call::call_any };
        let slow: Handler = if open { call::call_any_open_slow } else { call::call_any_slow };
        let callee = self.any_slot(at, callee);
        let cost = self.take_pending();
        self.begin(at, fast, slow);
        self.asm.half(callee);
        self.asm.half(self.window as u16);
        self.asm.half(arguments as u16);
        self.asm.half(cost);
        let in_window = self.window as u16;
        let (dst, wanted) = match results {
            None => (in_window, OPEN),
            Some([]) => (in_window, 0),
            Some([one]) => (self.slots.of(*one), 1),
            Some(many) => (in_window, many.len() as u16),
        };
        self.asm.return_info(ReturnInfo { dst, results: wanted, delta: self.window as u32 });
        if let Some(many) = results
            && many.len() > 1
        {
            self.scatter(at, many);
        }
    }

    /// Takes results out of the window into their registers.
    fn scatter(&mut self, at: usize, results: &[Reg]) {
        for (index, &reg) in results.iter().enumerate() {
            let slot = self.slots.of(reg);
            self.asm.begin(crate::handlers::copy::copy_any, at + 1);
            self.asm.half(slot);
            self.asm.half((self.window + 2 * index) as u16);
        }
    }

    fn tail_call_any(&mut self, at: usize, callee: Operand, arguments: usize, open: bool) {
        let callee = self.any_slot(at, callee);
        let cost = self.take_pending();
        self.begin(at, call::tail_call_any, call::tail_call_any_slow);
        self.asm.half(callee);
        self.asm.half(self.window as u16);
        self.asm.half(arguments as u16);
        self.asm.half(cost);
        self.asm.half(u16::from(open));
        self.asm.half(u16::from(self.variadic));
        self.leave();
    }

    fn for_each(&mut self, at: usize, results: &[Reg], inputs: [Operand; 3]) {
        let inputs = inputs.map(|input| self.any_slot(at, input));
        let cost = self.take_pending();
        let in_window = self.window as u16;
        self.asm.begin(control::for_each, at);
        for slot in inputs {
            self.asm.half(slot);
        }
        self.asm.half(in_window);
        self.asm.half(cost);
        self.asm.half(results.len() as u16);
        self.asm.word32(0);
        let consecutive = results.windows(2).all(|pair| self.slots.of(pair[1]) == self.slots.of(pair[0]) + 2);
        let dst = if consecutive { self.slots.of(results[0]) } else { in_window };
        self.asm.return_info(ReturnInfo { dst, results: results.len() as u16, delta: self.window as u32 });
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
        self.asm.begin(object::append, at);
        self.asm.half(table);
        self.asm.half(self.window as u16);
        self.asm.half(values.len() as u16);
        self.asm.half(u16::from(open));
        self.asm.word32(u32::try_from(first).unwrap_or(u32::MAX));
    }

    fn return_block(&mut self, at: usize, count: usize, open: bool) {
        let cost = self.take_pending();
        self.begin(at, call::return_block, stepping::return_block);
        self.asm.half(self.window as u16);
        self.asm.half(count as u16);
        self.asm.half(cost);
        self.asm.half(u16::from(open));
        self.asm.half(u16::from(self.variadic));
        self.leave();
    }

    fn return_typed(&mut self, at: usize, values: &[Operand]) {
        if let [value] = values
            && self.operand_type(*value).words() == 1
        {
            // Fast code has a handler for it: this is plain code.
            let slot = self.word_slot(at, *value);
            self.asm.begin(stepping::return_word, at);
            self.asm.half(slot);
            self.leave();
            return;
        }
        let words = self.gather_words(at, values);
        let cost = self.take_pending();
        self.begin(at, call::return_words, stepping::return_words);
        self.asm.half(self.window as u16);
        self.asm.half(words as u16);
        self.asm.half(cost);
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
            let slot = (self.window + offset) as u16;
            self.copy_to(at, operand, slot);
            offset += self.operand_type(operand).words() as usize;
        }
        offset
    }

    /// As `gather_words`, for those operands of calls that no statement puts in place.
    fn gather_wide(&mut self, at: usize, operands: &[Operand]) {
        let mut offset = 0;
        for &operand in operands {
            let words = self.operand_type(operand).words() as usize;
            if self.plain || words != 1 {
                self.copy_to(at, operand, (self.window + offset) as u16);
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
        self.begin(at, last.handler, calls::call_element_slow);
        self.asm.half(index);
        self.asm.half(self.window as u16);
        self.asm.word32(number);
        self.asm.half(cost);
        self.asm.half(0);
        let length = self.asm.length();
        self.asm.word64(self.instance.table(table) as usize as u64);
        last.write(&mut self.asm, at);
        self.asm.fill_length(length);
    }

    fn call_typed_value(&mut self, at: usize, signature: Sig, callee: u16, results: &[Reg]) {
        let cost = self.take_pending();
        let number = self.instance.signature_number(signature);
        self.begin(at, calls::call_value, calls::call_value_slow);
        self.asm.half(callee);
        self.asm.half(self.window as u16);
        self.asm.word32(number);
        self.asm.half(cost);
        self.asm.half(0);
        self.asm.word32(0);
        self.typed_results(at, signature, results);
    }

    /// `null` is the trap of a callee that is nil.
    fn tail_call_typed_value(
        &mut self,
        at: usize,
        signature: Sig,
        (callee, null): (u16, TrapCode),
        arguments: &[Operand],
    ) {
        let words = self.gather_words(at, arguments);
        let cost = self.take_pending();
        let number = self.instance.signature_number(signature);
        self.asm.begin(call::tail_call_typed_value, at);
        self.asm.half(callee);
        self.asm.half(self.window as u16);
        self.asm.word32(number);
        self.asm.half(words as u16);
        self.asm.half(cost);
        self.asm.half(null as u16);
        self.leave();
    }

    /// The return information of a typed call, and what takes its results to their registers.
    fn typed_results(&mut self, at: usize, signature: Sig, results: &[Reg]) {
        let types = &self.program.signatures[signature].results;
        let words: u32 = types.iter().map(|ty| ty.words()).sum();
        let dst = match results {
            [one] => self.slots.of(*one),
            _ => self.window as u16,
        };
        self.asm.return_info(ReturnInfo { dst, results: words as u16, delta: self.window as u32 });
        if results.len() > 1 {
            let mut offset = 0;
            for (&reg, ty) in results.iter().zip(types) {
                self.copy_words(at + 1, (self.window + offset) as u16, self.slots.of(reg), ty.words());
                offset += ty.words() as usize;
            }
        }
    }
}
