//! Machine code of one function as text, with the canonical instructions that it does.

use crate::compiler::Compiler;
use crate::{Options, Unsupported};
use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
use minivm::raw::native::{NativeJob, Refusal};

/// One machine instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NativeLine {
    /// Where it begins, in bytes from the start of the code.
    pub offset: usize,
    /// The canonical instruction that it does, or helps to do; none for what all of them share.
    pub canonical: Option<usize>,
    /// It as text.
    pub text: String,
}

/// What a job is compiled to.
///
/// # Errors
/// When there is no code for this processor, or the function is not compiled; as text.
pub fn disassemble(job: &NativeJob) -> Result<Vec<NativeLine>, String> {
    let mut compiler = Compiler::new(Options::default()).map_err(|error: Unsupported| error.to_string())?;
    let (bytes, origins) = compiler.bytes_of(job).map_err(|refusal: Refusal| refusal.to_string())?;
    let mut formatter = IntelFormatter::new();
    let mut decoder = Decoder::with_ip(64, &bytes, 0, DecoderOptions::NONE);
    let mut lines = Vec::new();
    while decoder.can_decode() {
        let instruction = decoder.decode();
        let offset = instruction.ip() as usize;
        let origin = origins.iter().find(|(range, _)| range.contains(&offset));
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        lines.push(NativeLine { offset, canonical: origin.map(|&(_, at)| at), text });
    }
    Ok(lines)
}
