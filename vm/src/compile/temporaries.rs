//! Which results live only inside their block and are read exactly once: what the loader may keep out of the frame.

use super::select::permutation;
use minivm_isa::entities::Reg;
use minivm_isa::program::Function;
use minivm_isa::scopes::Scopes;
use minivm_isa::steps;

/// For each canonical instruction with one result that is a temporary: the one instruction that reads it.
pub(crate) struct Temporaries {
    single_use: Vec<Option<u32>>,
}

/// The last write of a register in the block at hand, and its reads since.
#[derive(Clone, Copy)]
struct Definition {
    at: u32,
    uses: u32,
    last_use: u32,
}

impl Temporaries {
    /// Looks at every block once; linear in the code. Of the [`block_local`] registers of the function.
    pub(crate) fn compute(function: &Function, local: &[bool]) -> Self {
        steps::count(2 * function.code.len() + function.registers.len());
        let named = named_results(function);
        let mut single_use = vec![None; function.code.len()];
        let mut definitions: Vec<Option<Definition>> = vec![None; function.registers.len()];
        let mut touched: Vec<Reg> = Vec::new();
        for block in function.blocks.keys() {
            for at in function.block_range(block) {
                let instruction = &function.code[at];
                let at = at as u32;
                // Code for one vector that is shuffled with itself reads it once.
                let reads_once = permutation(instruction).is_some();
                instruction.for_each_use(|reg| {
                    if let Some(definition) = &mut definitions[reg.as_u32() as usize] {
                        let is_same = reads_once && definition.uses > 0 && definition.last_use == at;
                        definition.uses += u32::from(!is_same);
                        definition.last_use = at;
                    }
                });
                let mut written = 0;
                instruction.for_each_def(|reg| {
                    written += 1;
                    close(&mut single_use, &mut definitions[reg.as_u32() as usize]);
                    if local[reg.as_u32() as usize] {
                        touched.push(reg);
                    }
                });
                if written == 1 && !named[at as usize] {
                    instruction.for_each_def(|reg| {
                        if local[reg.as_u32() as usize] {
                            definitions[reg.as_u32() as usize] = Some(Definition { at, uses: 0, last_use: 0 });
                        }
                    });
                }
            }
            for reg in touched.drain(..) {
                steps::count(1);
                close(&mut single_use, &mut definitions[reg.as_u32() as usize]);
            }
        }
        Temporaries { single_use }
    }

    /// The only reader of the result of `instruction`, when it is in the same block and nothing else ever sees the result.
    pub(crate) fn single_use(&self, instruction: usize) -> Option<usize> {
        self.single_use[instruction].map(|at| at as usize)
    }
}

fn close(single_use: &mut [Option<u32>], definition: &mut Option<Definition>) {
    if let Some(definition) = definition.take()
        && definition.uses == 1
    {
        single_use[definition.at as usize] = Some(definition.last_use);
    }
}

/// Registers that no block reads before it writes them, so that no value of theirs crosses a block boundary.
pub(crate) fn block_local(function: &Function) -> Vec<bool> {
    steps::count(function.code.len() + function.registers.len());
    let mut local = vec![true; function.registers.len()];
    let mut written_in: Vec<u32> = vec![u32::MAX; function.registers.len()];
    for block in function.blocks.keys() {
        for at in function.block_range(block) {
            let instruction = &function.code[at];
            instruction.for_each_use(|reg| {
                if written_in[reg.as_u32() as usize] != block.as_u32() {
                    local[reg.as_u32() as usize] = false;
                }
            });
            instruction.for_each_def(|reg| written_in[reg.as_u32() as usize] = block.as_u32());
        }
    }
    for region in &function.regions {
        local[region.error.as_u32() as usize] = false;
        if let Some(handler) = region.message_handler {
            local[handler.as_u32() as usize] = false;
        }
    }
    local
}

/// Instruction results that are named local variables where they are written: a debugger wants to see them.
fn named_results(function: &Function) -> Vec<bool> {
    let scopes = Scopes::new(function);
    let mut results = vec![false; function.code.len()];
    if scopes.is_empty() {
        return results;
    }
    for (at, instruction) in function.code.iter().enumerate() {
        // A scope begins where its value is there.
        instruction.for_each_def(|reg| results[at] |= scopes.covers(reg, at) || scopes.covers(reg, at + 1));
    }
    results
}
