//! What a call of a function takes on a stack.

use crate::entities::Sig;
use crate::instruction::Instruction;
use crate::operand::OperandRef;
use crate::program::Program;
use crate::types::Type;

/// Frame words that values of these types take.
pub fn words_of<'a>(types: impl IntoIterator<Item = &'a Type>) -> u64 {
    types.into_iter().map(|ty| u64::from(ty.words())).sum()
}

/// For each signature of a program, in order, the frame words of its parameters, or of its results if that is more.
pub fn signature_words(program: &Program) -> Vec<u64> {
    program.signatures.values().map(|signature| words_of(&signature.params).max(words_of(&signature.results))).collect()
}

/// The rules of [`window_words`], for the reference: which instructions, and how many words.
pub const WINDOWS: &[(&str, &str)] = &[
    (
        "`call` `tail_call`",
        "those of the parameters or of the results of the callee, or 2 for each argument, whichever is most",
    ),
    (
        "`call_indirect` `call_ref` `tail_call_indirect` `tail_call_ref`",
        "those of the parameters or of the results of the signature, whichever is more",
    ),
    ("`call_any` `call_any_open`", "2 for each argument or for each result, whichever is more"),
    ("`for_each`", "2 for each result, at least 4"),
    ("others with lists of inputs", "2 for each input of the longest list"),
    ("all others", "none"),
];

/// Frame words above the registers that an instruction needs: for what it hands to a callee, and for what that gives.
/// `signature_words` gives those of a signature, see [`signature_words`]. Numbers that the program does not have count nothing.
pub fn window_words(program: &Program, instruction: &Instruction, signature_words: impl Fn(Sig) -> u64) -> u64 {
    match instruction {
        Instruction::Call { function: callee, arguments, .. }
        | Instruction::TailCall { function: callee, arguments } => {
            let callee = program.functions.get(*callee);
            callee.map_or(0, |callee| signature_words(callee.signature())).max(arguments.len() as u64 * 2)
        }
        Instruction::CallIndirect { signature, .. }
        | Instruction::CallRef { signature, .. }
        | Instruction::TailCallIndirect { signature, .. }
        | Instruction::TailCallRef { signature, .. } => signature_words(*signature),
        Instruction::ForEach { results, .. } => (results.len() as u64 * 2).max(4),
        Instruction::CallAny { results, arguments, .. } | Instruction::CallAnyOpen { results, arguments, .. } => {
            results.len().max(arguments.len()) as u64 * 2
        }
        other => {
            let mut most = 0;
            other.for_each_operand(|_, operand| {
                if let OperandRef::Ins(inputs, _) = operand {
                    most = most.max(inputs.len() as u64 * 2);
                }
            });
            most
        }
    }
}
