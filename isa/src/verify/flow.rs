//! The rule that every register is assigned before it is read.

use super::Rule;
use super::function::Checker;
use crate::assigned::AssignedRegisters;
use crate::entities::Reg;
use crate::operand::OperandRef;
use crate::register_set::RegisterSet;

impl Checker<'_> {
    pub(super) fn flow(&mut self) {
        let function = self.function;
        let parameters = self.signature.map_or(0, |signature| signature.params.len());
        let assigned = AssignedRegisters::compute(function, parameters);
        self.here = None;
        self.written.clear();
        for (index, region) in function.regions.iter().enumerate() {
            let Some(register) = region.message_handler.filter(|&register| self.register_type(register).is_some())
            else {
                continue;
            };
            if !assigned.in_region(index).contains(register) {
                let expected = format!("{register} assigned before {}", region.start);
                self.reject(Rule::RegionMessageHandler, "message handler", expected, "a path on which it is not");
            }
        }
        for block in function.blocks.keys().filter(|&block| assigned.is_reached(block)) {
            let mut known = assigned.at_start(block);
            for index in function.block_range(block) {
                self.here = Some((block, index));
                let instruction = &function.code[index];
                // An instruction reads everything before it writes anything.
                let mut written = std::mem::take(&mut self.written);
                instruction.for_each_operand(|name, operand| match operand {
                    OperandRef::In(input, _) => self.uses(name, input.reg(), &mut known),
                    OperandRef::Ins(inputs, _) => {
                        inputs.iter().for_each(|input| self.uses(name, input.reg(), &mut known));
                    }
                    OperandRef::InOut(register, _) => self.uses(name, Some(register), &mut known),
                    OperandRef::Out(register, _) => written.push(register),
                    OperandRef::Outs(registers, _) => written.extend_from_slice(registers),
                    OperandRef::Target(_) | OperandRef::Targets(_) => {}
                    OperandRef::Index(..) | OperandRef::Immediate(..) => {}
                });
                written.drain(..).for_each(|register| known.insert(register));
                self.written = written;
            }
        }
    }

    fn uses(&mut self, operand: &'static str, register: Option<Reg>, known: &mut RegisterSet) {
        let Some(register) = register else { return };
        if !known.contains(register) && self.register_type(register).is_some() {
            let expected = format!("{register} assigned on all paths");
            self.reject(Rule::Assigned, operand, expected, "a path on which it is not");
            // Say it once for each block.
            known.insert(register);
        }
    }
}
