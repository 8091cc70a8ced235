//! Variables that are closed when their scope ends, in whatever way it does.
//!
//! The blocks of such a scope are a protected region; its handler closes the variable and throws the error on. All
//! other ways out close it too, but not under the protection of its own region: what raises an error while it is closed
//! must not be closed again. So a jump or return in the scope leads to a block that is laid out after the region.

use super::Import;
use super::expressions::Want;
use super::function::FunctionGenerator;
use crate::syntax::hir::*;
use minivm_isa::entities::{Block as Target, Reg};
use minivm_isa::program::RegionKind;
use minivm_isa::{Operand, steps};

/// A variable to be closed around the current place.
pub(super) struct Closing {
    /// The variable; `None` for a loop that has nothing to close.
    variable: Option<ClosingVariable>,
    /// Ways out of the scope, to be laid out after it: the block, where it leads, how many variables are open there.
    ways_out: Vec<(Target, Exit, usize)>,
}

#[derive(Clone, Copy)]
struct ClosingVariable {
    value: Reg,
    /// Whether it is most often nil, so that it is worth testing first.
    is_optional: bool,
    /// First block of the region.
    start: Target,
}

/// A way out of scopes.
pub(super) enum Exit {
    /// To a block.
    Jump(Target),
    /// Out of the function with these values, which need no temporary registers.
    Return(Vec<Operand>),
    /// Out of the function with the values packed into this register.
    ReturnPacked(Reg),
}

impl FunctionGenerator<'_, '_> {
    /// From here on the value in a register is closed when its scope ends; `None` only counts.
    pub(super) fn open_closing(&mut self, value: Option<Reg>, is_optional: bool) {
        let variable = value.map(|value| {
            let start = self.f.block();
            self.enter_loop(start);
            ClosingVariable { value, is_optional, start }
        });
        self.closings.push(Closing { variable, ways_out: Vec::new() });
    }

    /// Whether anything is closed on the way to where `depth` variables to be closed are open.
    pub(super) fn closes_above(&self, depth: usize) -> bool {
        self.closings[depth..].iter().any(|closing| closing.variable.is_some())
    }

    /// Leaves for where `depth` variables to be closed are open.
    pub(super) fn leave(&mut self, exit: Exit, depth: usize) {
        steps::count(self.closings.len() - depth);
        let innermost = self.closings[depth..].iter().rposition(|closing| closing.variable.is_some());
        if let Some(offset) = innermost {
            let block = self.f.block();
            self.jump(block);
            self.closings[depth + offset].ways_out.push((block, exit, depth));
            return;
        }
        match exit {
            Exit::Jump(target) => self.jump(target),
            Exit::Return(values) => self.f.return_values(&values),
            Exit::ReturnPacked(packed) => {
                let unpack = self.import(Import::Unpack);
                self.release(unpack);
                self.f.call_any_to_open(unpack.operand, &[packed.into()]);
                self.f.return_open(&[]);
            }
        }
    }

    /// Ends the scopes of variables to be closed until `depth` of them are open.
    pub(super) fn close_down_to(&mut self, depth: usize) {
        while self.closings.len() > depth {
            let closing = self.closings.pop().expect("there are more than `depth`");
            let Some(variable) = closing.variable else { continue };
            let [normal, handler] = [(); 2].map(|()| self.f.block());
            self.jump(normal);
            self.handler(variable, handler);
            for (block, exit, depth) in closing.ways_out {
                if self.referenced[block] {
                    self.f.switch_to(block);
                    self.close(variable);
                    self.leave(exit, depth);
                }
            }
            if self.referenced[normal] {
                self.f.switch_to(normal);
                self.close(variable);
            }
        }
    }

    /// Lays out the handler of a region, directly after it.
    fn handler(&mut self, variable: ClosingVariable, handler: Target) {
        let error = self.lasting();
        self.f.switch_to(handler);
        self.call_close(variable, error.into());
        self.f.throw(error);
        self.f.protect(RegionKind::Cleanup, variable.start, handler, handler, error, None);
        self.registers.give_back(error);
    }

    /// Closes a variable on a way out that is no error.
    fn close(&mut self, variable: ClosingVariable) {
        let nil = self.f.nil();
        if !variable.is_optional {
            return self.call_close(variable, nil);
        }
        let [call, next] = [(); 2].map(|()| self.f.block());
        self.branch_truthy(variable.value.into(), call, next);
        self.f.switch_to(call);
        self.call_close(variable, nil);
        self.enter(next);
    }

    fn call_close(&mut self, variable: ClosingVariable, error: Operand) {
        let close = self.import(Import::Close);
        self.release(close);
        self.f.call_any(&[], close.operand, &[variable.value.into(), error]);
    }

    /// Returns from within scopes of variables to be closed.
    pub(super) fn return_closing(&mut self, values: &[ExpressionId], span: Span) {
        if let Some((&last, before)) = values.split_last()
            && self.is_multiple(last)
        {
            return self.return_packed(before, last, span);
        }
        let mut held = Vec::with_capacity(values.len());
        for &value in values {
            held.push(self.value(value, Want::Later));
        }
        let operands = held.iter().map(|value| value.operand).collect();
        held.into_iter().for_each(|value| self.release(value));
        self.at(span, span.line);
        self.leave(Exit::Return(operands), 0);
    }

    /// Returns any number of values: packed into one, unless it turns out that there is nothing to close.
    fn return_packed(&mut self, before: &[ExpressionId], last: ExpressionId, span: Span) {
        let open: Vec<ClosingVariable> = self.closings.iter().filter_map(|closing| closing.variable).collect();
        if open.iter().all(|variable| variable.is_optional) {
            let slow = self.f.block();
            for variable in open {
                let next = self.f.block();
                self.branch_truthy(variable.value.into(), slow, next);
                self.f.switch_to(next);
            }
            self.return_open(before, last, span);
            self.f.switch_to(slow);
        }
        let values = self.held_values(before, self.splits(last));
        let pack = self.import(Import::Pack);
        self.open_list(last);
        let packed = self.lasting();
        let operands: Vec<Operand> = values.iter().map(|value| value.operand).collect();
        values.into_iter().chain([pack]).for_each(|value| self.release(value));
        self.registers.give_back(packed);
        self.at(span, span.line);
        self.f.call_any_open(&[packed], pack.operand, &operands);
        self.leave(Exit::ReturnPacked(packed), 0);
    }
}
