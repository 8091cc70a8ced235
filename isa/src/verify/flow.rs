//! The rule that every register is assigned before it is read, and that values can be followed through a function with an
//! effort in its size.

use super::Rule;
use super::function::Checker;
use crate::entities::Reg;
use crate::flow::{Flow, Search};
use crate::limits::{LIVE_PER_INSTRUCTION_MAX, REJECTIONS_PER_FUNCTION};
use crate::lists::Lists;
use crate::operand::OperandRef;
use crate::program::Function;
use crate::steps;

/// Whether some block reads a register that is no parameter before it writes it.
fn reads_first(function: &Function, parameters: usize) -> bool {
    let mut written_in = vec![u32::MAX; function.registers.len()];
    let mut found = false;
    for block in function.blocks.keys() {
        for instruction in &function.code[function.block_range(block)] {
            steps::count(1);
            instruction.for_each_use(|register| {
                let index = register.as_u32() as usize;
                found |= index >= parameters && written_in.get(index).is_some_and(|&known| known != block.as_u32());
            });
            if found {
                return true;
            }
            instruction.for_each_def(|register| {
                if let Some(known) = written_in.get_mut(register.as_u32() as usize) {
                    *known = block.as_u32();
                }
            });
        }
    }
    false
}

impl Checker<'_> {
    pub(super) fn flow(&mut self) {
        let function = self.function;
        self.here = None;
        let parameters = self.signature.map_or(0, |signature| signature.params.len());
        let nodes = function.blocks.len() + function.regions.len();
        let most = LIVE_PER_INSTRUCTION_MAX.saturating_mul(function.code.len() + function.regions.len());
        let cannot_be_many = nodes.saturating_mul(function.registers.len()) <= most;
        if cannot_be_many && function.regions.is_empty() && !reads_first(function, parameters) {
            return;
        }
        let flow = Flow::new(function);
        let registers = || function.registers.keys().map(Reg::as_u32);
        let crossing = registers().filter(|&register| flow.crosses_blocks(register)).count();
        // Most functions cannot come near the limit.
        let must_count = nodes.saturating_mul(crossing) > most;
        let (mut live, mut suspects, mut unassigned) = (0, 0, Vec::new());
        let mut search = Search::new(&flow);
        for register in registers() {
            steps::count(1);
            let is_suspect = register as usize >= parameters && flow.is_wanted(register);
            if !(is_suspect || must_count && flow.crosses_blocks(register)) {
                continue;
            }
            search.begin(register);
            search.follow_reads();
            // A register that is live where the function begins is read before it is assigned, unless it is a parameter.
            if is_suspect && search.reaches_entry() && suspects < REJECTIONS_PER_FUNCTION {
                suspects += 1;
                search.follow_unassigned();
                unassigned.extend(search.unassigned_nodes().iter().map(|&node| (node, register)));
            }
            if must_count {
                search.follow_scopes();
                live += search.nodes().len();
                if live > most {
                    let expected = format!("at most {most} registers live at the starts of blocks and regions, in all");
                    return self.reject(Rule::FunctionSize, "registers", expected, "more");
                }
            }
        }
        if !unassigned.is_empty() {
            self.unassigned(&Lists::new(nodes, &unassigned));
        }
    }

    /// Rejects reads of the registers that are not assigned where blocks and regions begin.
    fn unassigned(&mut self, unassigned: &Lists<u32>) {
        let function = self.function;
        let blocks = function.blocks.len();
        for (node, region) in (blocks..).zip(&function.regions) {
            let handler = region.message_handler.filter(|register| unassigned.of(node).contains(&register.as_u32()));
            if let Some(register) = handler {
                self.at_region(region.start);
                let expected = format!("{register} assigned before {}", region.start);
                self.reject(Rule::RegionMessageHandler, "message handler", expected, "a path on which it is not");
            }
        }
        for block in function.blocks.keys() {
            let mut missing = unassigned.of(block.as_u32() as usize).to_vec();
            for index in function.block_range(block) {
                if missing.is_empty() {
                    break;
                }
                self.here = Some((block, index));
                steps::count(1);
                function.code[index].for_each_operand(|name, operand| match operand {
                    OperandRef::In(input, _) => self.uses(name, input.reg(), &mut missing),
                    OperandRef::Ins(inputs, _) => {
                        inputs.iter().for_each(|input| self.uses(name, input.reg(), &mut missing));
                    }
                    OperandRef::InOut(register, _) => self.uses(name, Some(register), &mut missing),
                    OperandRef::Out(..) | OperandRef::Outs(..) => {}
                    OperandRef::Target(_) | OperandRef::Targets(_) => {}
                    OperandRef::Index(..) | OperandRef::Immediate(..) => {}
                });
                function.code[index].for_each_def(|register| missing.retain(|&known| known != register.as_u32()));
            }
        }
        self.here = None;
    }

    fn uses(&mut self, operand: &'static str, register: Option<Reg>, missing: &mut Vec<u32>) {
        let Some(register) = register else { return };
        steps::count(missing.len());
        if let Some(place) = missing.iter().position(|&known| known == register.as_u32()) {
            let expected = format!("{register} assigned on all paths");
            self.reject(Rule::Assigned, operand, expected, "a path on which it is not");
            // Say it once for each block.
            missing.remove(place);
        }
    }
}
