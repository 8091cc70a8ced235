//! The body of one function: registers that all have a value from the start, then statements in blocks, loops and regions.

use super::{FunctionPlan, Plan, constant, once_in, pick};
use crate::random::Random;
use minivm_builder::{FunctionBuilder, ProgramBuilder};
use minivm_isa::entities::{Reg, Sig, Source};
use minivm_isa::program::{LayoutDef, RegionKind};
use minivm_isa::{Convention, Instruction, Operand, Signature, TrapCode, Type};

/// Statements of a function, those in its blocks included.
const STATEMENTS: usize = 24;
/// `any` registers of a frame that few others have room beside.
const WIDE_REGISTERS: usize = 29_000;
/// How deep blocks nest.
const DEPTH_MAX: usize = 4;

/// A function under construction.
pub(super) struct Body<'a> {
    pub(super) f: FunctionBuilder,
    pub(super) random: &'a mut Random,
    pub(super) plan: &'a Plan,
    pub(super) signature: Signature,
    pub(super) captures: Vec<Type>,
    /// Numbers of the signatures of all functions of the plan.
    pub(super) signatures: Vec<Sig>,
    /// All of them have a value.
    registers: Vec<(Reg, Type)>,
    /// Those of them that hold a function, unless something else was written there.
    functions: Vec<Reg>,
    /// Statements that may still be made.
    left: usize,
    depth: usize,
    /// Protected regions around the place at hand.
    regions: usize,
    /// The file that the code says it is from, and the line at hand.
    source: Option<(Source, u32)>,
}

impl<'a> Body<'a> {
    /// A function of the plan.
    pub(super) fn random(
        random: &'a mut Random,
        plan: &'a Plan,
        function: &FunctionPlan,
        builder: &mut ProgramBuilder,
    ) -> FunctionBuilder {
        let mut body = Body::new(random, plan, function.signature.clone(), function.captures.clone(), builder);
        body.begin();
        while body.left > 0 && !body.f.is_terminated() {
            body.statement();
        }
        body.leave();
        body.f
    }

    /// A function of the plan with a frame that is nearly as wide as one may be.
    pub(super) fn wide(
        random: &'a mut Random,
        plan: &'a Plan,
        function: &FunctionPlan,
        builder: &mut ProgramBuilder,
    ) -> FunctionBuilder {
        let mut body = Body::new(random, plan, function.signature.clone(), function.captures.clone(), builder);
        for _ in 0..WIDE_REGISTERS {
            body.f.register(Type::Any);
        }
        let results: Vec<Operand> = function.signature.results.iter().map(|&ty| body.initial(ty)).collect();
        body.f.emit(Instruction::ReturnValues { values: results.into() });
        body.f
    }

    /// Calls every function of the plan, each in a region of its own, and notes what it gives.
    pub(super) fn main(random: &'a mut Random, plan: &'a Plan, builder: &mut ProgramBuilder) -> FunctionBuilder {
        let mut body = Body::new(random, plan, Signature::dynamic(0, false), Vec::new(), builder);
        body.begin();
        let table = body.f.register(Type::Any);
        body.f.emit(Instruction::TableNew { dst: table, array: 0, hash: 0 });
        for function in &plan.functions {
            body.left = 2;
            body.region(RegionKind::Catch, |body| {
                let callee = body.function_value(function);
                let arguments = body.arguments(function);
                body.call_to_table(callee, arguments, table);
            });
        }
        body.left = STATEMENTS / 2;
        body.region(RegionKind::Catch, |body| {
            while body.left > 0 {
                body.statement();
            }
        });
        let results = [body.any(), table.into(), body.any()];
        body.f.emit(Instruction::ReturnValues { values: results.into() });
        body.f
    }

    fn new(
        random: &'a mut Random,
        plan: &'a Plan,
        signature: Signature,
        captures: Vec<Type>,
        builder: &mut ProgramBuilder,
    ) -> Self {
        let mut f = builder.function("f", signature.clone());
        for &ty in &captures {
            f.capture(ty, "captured");
        }
        let source = once_in(random, 2).then(|| (builder.source("generated", None), 1));
        let registers = signature.params.iter().enumerate().map(|(index, &ty)| (f.param(index), ty)).collect();
        let signatures = plan.functions.iter().map(|other| builder.signature(other.signature.clone())).collect();
        let left = STATEMENTS / 2 + random.below(STATEMENTS);
        let functions = Vec::new();
        let (depth, regions) = (0, 0);
        Body { f, random, plan, signature, captures, signatures, registers, functions, left, depth, regions, source }
    }

    /// Makes the registers.
    fn begin(&mut self) {
        use Type::{Any, Cell, F32, F64, I32, I64, V128};
        let mut types = vec![Any, Any, Any, I32, I32, I64, I64, F64, F32, Cell];
        if once_in(self.random, 6) {
            types.push(V128);
        }
        for (layout, _) in self.plan.layouts.iter().enumerate() {
            types.push(Type::Ref(minivm_isa::entities::Layout::from_u32(layout as u32)));
        }
        for ty in types {
            let value = self.initial(ty);
            let register = value.reg().unwrap_or_else(|| self.f.copy(value));
            self.registers.push((register, ty));
            if once_in(self.random, 3) {
                self.f.open_local("local", register);
            }
        }
        for _ in 0..2 {
            let function = pick(self.random, &self.plan.functions).clone();
            let register = self.function_value(&function);
            self.functions.push(register);
            self.registers.push((register, Any));
        }
    }

    /// A value of a type, made here.
    fn initial(&mut self, ty: Type) -> Operand {
        match ty {
            Type::Cell => {
                let value = self.f.nil();
                self.f.cell_new(value).into()
            }
            Type::Ref(layout) if once_in(self.random, 3) => self.f.ref_null(layout).into(),
            Type::Ref(layout) => {
                let dst = self.f.register(ty);
                match &self.plan.layouts[layout.as_u32() as usize] {
                    LayoutDef::Record(fields) | LayoutDef::Exception(fields) => {
                        let fields = fields.iter().map(|field| self.plain(field.register_type())).collect();
                        self.f.emit(Instruction::RecordNew { dst, layout, fields });
                    }
                    LayoutDef::Array(element) => {
                        let (length, src) = (self.f.i32(3), self.plain(element.register_type()));
                        self.f.emit(Instruction::ArrayNew { dst, layout, length, src });
                    }
                }
                dst.into()
            }
            Type::Any if once_in(self.random, 4) => self.f.table_new(0, 0).into(),
            other => {
                let constant = constant(self.random, other);
                self.f.constant(constant)
            }
        }
    }

    /// A value of a type that needs no other; null for references.
    fn plain(&mut self, ty: Type) -> Operand {
        match ty {
            Type::Ref(layout) => self.f.ref_null(layout).into(),
            Type::Cell => self.initial(ty),
            other => {
                let constant = constant(self.random, other);
                self.f.constant(constant)
            }
        }
    }

    /// A register that holds a type.
    pub(super) fn register(&mut self, ty: Type) -> Reg {
        let fitting: Vec<Reg> =
            self.registers.iter().filter(|(_, found)| *found == ty).map(|(register, _)| *register).collect();
        if fitting.is_empty() {
            let value = self.initial(ty);
            return value.reg().unwrap_or_else(|| self.f.copy(value));
        }
        *pick(self.random, &fitting)
    }

    /// A register or constant of a type.
    pub(super) fn operand(&mut self, ty: Type) -> Operand {
        match ty {
            Type::Cell | Type::Ref(_) => self.register(ty).into(),
            _ if once_in(self.random, 4) => {
                let constant = constant(self.random, ty);
                self.f.constant(constant)
            }
            _ => self.register(ty).into(),
        }
    }

    /// An `any` operand.
    pub(super) fn any(&mut self) -> Operand {
        self.operand(Type::Any)
    }

    /// A register that most probably holds a function.
    pub(super) fn callee(&mut self) -> Operand {
        if self.functions.is_empty() || once_in(self.random, 8) {
            return self.any();
        }
        (*pick(self.random, &self.functions)).into()
    }

    /// Registers of these types, each another one, for results.
    pub(super) fn results(&mut self, types: &[Type]) -> Box<[Reg]> {
        let mut taken = Vec::new();
        for &ty in types {
            let mut register = self.register(ty);
            if taken.contains(&register) {
                register = self.f.register(ty);
            }
            taken.push(register);
        }
        taken.into()
    }

    /// Operands of these types.
    pub(super) fn operands(&mut self, types: &[Type]) -> Box<[Operand]> {
        types.iter().map(|&ty| self.operand(ty)).collect()
    }

    /// A fresh register with a function as a value.
    pub(super) fn function_value(&mut self, function: &FunctionPlan) -> Reg {
        let dst = self.f.register(Type::Any);
        if function.captures.is_empty() && once_in(self.random, 2) {
            self.f.emit(Instruction::RefFunc { dst, function: function.number });
        } else {
            let captures = function.captures.iter().map(|&ty| self.initial(ty)).collect();
            self.f.emit(Instruction::Closure { dst, function: function.number, captures });
        }
        dst
    }

    /// `any` arguments that convert to what a function wants, most of the time.
    pub(super) fn arguments(&mut self, function: &FunctionPlan) -> Vec<Operand> {
        let params = function.signature.params.clone();
        let mut arguments: Vec<Operand> = params.into_iter().map(|ty| self.converted(ty)).collect();
        match self.random.below(8) {
            0 => arguments.push(self.any()),
            1 => _ = arguments.pop(),
            _ => {}
        }
        arguments
    }

    fn converted(&mut self, ty: Type) -> Operand {
        if once_in(self.random, 12) {
            return self.any();
        }
        match ty {
            Type::Any | Type::Cell | Type::V128 => self.any(),
            Type::I32 | Type::I64 => {
                let number = self.random.below(50) as i64;
                self.f.integer(number)
            }
            Type::F32 | Type::F64 => self.f.float(1.5),
            Type::Ref(layout) => {
                let object = self.register(ty);
                self.f.any_from_ref(layout, object).into()
            }
        }
    }

    /// Whether the function is variadic.
    pub(super) fn is_variadic(&self) -> bool {
        self.signature.convention == Convention::Variadic
    }

    /// Whether a tail call may stand here.
    pub(super) fn may_tail_call(&self) -> bool {
        self.regions == 0
    }

    fn statement(&mut self) {
        self.left = self.left.saturating_sub(1);
        if let Some((source, line)) = &mut self.source {
            *line += 1;
            self.f.set_span(*source, *line, *line, *line);
        }
        let is_deep = self.depth >= DEPTH_MAX;
        match self.random.below(24) {
            0 | 1 if !is_deep => self.alternative(),
            2 if !is_deep => self.repetition(),
            3 | 4 if !is_deep => {
                let kind = *pick(self.random, &[RegionKind::Cleanup, RegionKind::Catch, RegionKind::Exception]);
                self.region(kind, |body| body.statements(4));
            }
            5 if !is_deep => self.numeric_loop(),
            6..=13 => self.call(),
            _ => self.simple(),
        }
    }

    fn statements(&mut self, most: usize) {
        self.depth += 1;
        for _ in 0..=self.random.below(most) {
            if self.left == 0 {
                break;
            }
            self.statement();
        }
        self.depth -= 1;
    }

    /// One way or the other; the first may leave the function.
    fn alternative(&mut self) {
        let (yes, no, after) = (self.f.block(), self.f.block(), self.f.block());
        self.branch(yes, no);
        self.f.switch_to(yes);
        self.statements(3);
        if once_in(self.random, 3) {
            self.leave();
        }
        self.f.jump(after);
        self.f.switch_to(no);
        self.statements(3);
        self.f.jump(after);
        self.f.switch_to(after);
    }

    /// A loop that runs a few times.
    fn repetition(&mut self) {
        let (body, after) = (self.f.block(), self.f.block());
        let rounds = self.random.below(6) as i32;
        let rounds = self.f.i32(rounds);
        let counter = self.f.copy(rounds);
        self.f.jump(body);
        self.f.switch_to(body);
        self.statements(4);
        let one = self.f.i32(1);
        self.f.to(counter).i32_sub(counter, one);
        let zero = self.f.i32(0);
        self.f.branch_i32_lt_s(zero, counter, body, after);
        self.f.switch_to(after);
    }

    /// A loop over numbers that are known only at run time.
    fn numeric_loop(&mut self) {
        let (body, after) = (self.f.block(), self.f.block());
        let (first, last, by) = (self.f.integer(1), self.f.integer(3), self.any());
        let step = if once_in(self.random, 4) { by } else { first };
        let (index, limit, step) = (self.f.copy(first), self.f.copy(last), self.f.copy(step));
        let variable = self.f.register(Type::Any);
        self.f.emit(Instruction::ForPrepare { index, limit, step, variable, body, done: after });
        self.f.switch_to(body);
        self.statements(3);
        self.f.emit(Instruction::ForLoop { index, limit, step, variable, body, done: after });
        self.f.switch_to(after);
    }

    /// A protected region with what `fill` puts there.
    fn region(&mut self, kind: RegionKind, fill: impl FnOnce(&mut Self)) {
        let (start, handler, after) = (self.f.block(), self.f.block(), self.f.block());
        let error = self.register(Type::Any);
        let message_handler = once_in(self.random, 3).then(|| match self.callee().reg() {
            Some(register) => register,
            None => error,
        });
        self.f.jump(start);
        self.f.switch_to(start);
        self.regions += 1;
        fill(self);
        self.regions -= 1;
        self.f.jump(after);
        self.f.switch_to(handler);
        self.f.protect(kind, start, handler, handler, error, message_handler);
        if self.depth > 0 || self.regions > 0 {
            self.statements(2);
        }
        if kind == RegionKind::Cleanup && !once_in(self.random, 4) {
            self.f.throw(error);
        }
        self.f.jump(after);
        self.f.switch_to(after);
    }

    /// Leaves the function.
    fn leave(&mut self) {
        match self.random.below(12) {
            0 => {
                let value = self.any();
                self.f.throw(value);
            }
            1 => {
                let code = *pick(self.random, TrapCode::ALL);
                self.f.emit(Instruction::Trap { code: code as u64 });
            }
            2..=6 if self.may_tail_call() => self.tail_call(),
            7 if self.signature.is_dynamic() => self.return_open(),
            _ => {
                let types = match self.signature.is_dynamic() {
                    true => vec![Type::Any; self.random.below(4)],
                    false => self.signature.results.clone(),
                };
                let values = self.operands(&types);
                self.f.emit(Instruction::ReturnValues { values });
            }
        }
    }
}
