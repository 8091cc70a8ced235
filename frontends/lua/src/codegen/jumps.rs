//! Blocks and the jumps between them; code that nothing reaches is not generated.

use super::function::FunctionGenerator;
use minivm_isa::Operand;
use minivm_isa::entities::Block as Target;

/// Comparisons that branches are fused with.
#[derive(Clone, Copy)]
pub(super) enum Comparison {
    /// `==`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
}

impl FunctionGenerator<'_, '_> {
    /// Notes that a jump leads to `target`, if there is one: nothing is emitted where nothing gets to.
    fn reference(&mut self, target: Target) {
        if !self.f.is_terminated() {
            self.referenced[target] = true;
        }
    }

    /// Continues at `target`.
    pub(super) fn jump(&mut self, target: Target) {
        self.reference(target);
        self.f.jump(target);
    }

    /// Continues at one of two blocks, by whether `value` is true.
    pub(super) fn branch_truthy(&mut self, value: Operand, if_true: Target, if_false: Target) {
        self.reference(if_true);
        self.reference(if_false);
        self.f.branch_truthy(value, if_true, if_false);
    }

    /// Continues at one of two blocks, by a comparison.
    pub(super) fn branch_compare(
        &mut self,
        comparison: Comparison,
        (left, right): (Operand, Operand),
        (if_true, if_false): (Target, Target),
    ) {
        self.reference(if_true);
        self.reference(if_false);
        match comparison {
            Comparison::Equal => self.f.branch_equal(left, right, if_true, if_false),
            Comparison::Less => self.f.branch_less(left, right, if_true, if_false),
            Comparison::LessEqual => self.f.branch_less_equal(left, right, if_true, if_false),
        }
    }

    /// Goes on in `target`, into which the current block falls. If nothing leads there, what follows is dropped.
    pub(super) fn enter(&mut self, target: Target) {
        self.jump(target);
        if self.referenced[target] {
            self.f.switch_to(target);
        }
    }

    /// As [`enter`](Self::enter), for a block that later jumps lead to.
    pub(super) fn enter_loop(&mut self, target: Target) {
        self.jump(target);
        self.referenced[target] = true;
        self.f.switch_to(target);
    }
}
