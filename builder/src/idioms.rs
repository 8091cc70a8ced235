//! Parts of a function that many languages have, from several instructions each.

use crate::{FunctionBuilder, IntoOperand};
use minivm_isa::entities::{Block, Reg};
use minivm_isa::operand::Pattern;
use minivm_isa::program::Constant;
use minivm_isa::{Kind, Type};

impl FunctionBuilder {
    /// Ends the current block with a jump to the next one, and goes on there: [`jump`](Self::jump) and
    /// [`switch_to`](Self::switch_to).
    pub fn jump_into(&mut self, block: Block) {
        self.jump(block);
        self.switch_to(block);
    }

    /// Begins a loop over anything: with one result over the values of a list, with two over the keys and values of a table, and
    /// if `iterated` is no table, it is called until its first result is nil. Each turn finds the results in their `any` registers
    /// and goes on at `body`, where the builder then is; after the last one the loop goes on at `done`. The block that is returned is
    /// the one to jump to for the next turn.
    ///
    /// The loop keeps its own place, whatever the body does to the results. What the body does to the table, it sees.
    ///
    /// ```
    /// # use minivm_builder::{ProgramBuilder, Signature, Type};
    /// # let mut program = ProgramBuilder::new();
    /// let mut f = program.function("sum", Signature::dynamic(1, false));
    /// let (sum, value) = (f.register(Type::Any), f.register(Type::Any));
    /// f.to(sum).copy(0);
    /// let (body, done) = (f.block(), f.block());
    /// let again = f.iterate(&[value], f.param(0), body, done);
    /// f.to(sum).add(sum, value);
    /// f.jump(again);
    /// f.switch_to(done);
    /// f.return_values((sum,));
    /// # program.add(f)?;
    /// # program.finish()?;
    /// # Ok::<(), minivm_builder::BuildError>(())
    /// ```
    pub fn iterate(&mut self, results: &[Reg], iterated: impl IntoOperand, body: Block, done: Block) -> Block {
        if !(1..=2).contains(&results.len()) {
            self.mistake(
                "results",
                "one register for the values or two for keys and values",
                results.len().to_string(),
            );
        }
        // ANCHOR: iterate
        let any = Pattern::Exactly(Type::Any);
        let iterated = iterated.into_operand(self, any);
        let [table, call, again] = [(); 3].map(|()| self.block());
        let (over, at) = (self.register(Type::Any), self.register(Type::Any));
        self.move_to(over, iterated);
        self.to(at).copy(if results.len() == 1 { Constant::Integer(0) } else { Constant::Nil });
        self.jump_into(again);
        self.branch_kind(over, Kind::Table, table, call);
        self.switch_to(table);
        match *results {
            [key, value] => {
                self.table_next(at, value, over, at);
                self.to(key).copy(at);
                self.branch_kind(at, Kind::Nil, done, body);
            }
            [value] => {
                self.to(at).add(at, 1);
                self.to(value).get(over, at);
                self.branch_kind(value, Kind::Nil, done, body);
            }
            _ => self.jump(done),
        }
        self.switch_to(call);
        self.for_each(results, over, Constant::Nil, Constant::Nil, body, done);
        self.switch_to(body);
        again
        // ANCHOR_END: iterate
    }

    /// Yields one value from a fiber; gives the first value that the fiber is resumed with, or nil.
    pub fn yield_one(&mut self, value: impl IntoOperand) -> Reg {
        let (count, sent) = (self.register(Type::I32), self.register(Type::Any));
        self.fiber_yield_to_open((value,));
        self.take_open(count, &[sent]);
        sent
    }
}
