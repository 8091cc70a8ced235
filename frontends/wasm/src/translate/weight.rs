//! What the sections of a module take in memory while it is validated and translated, so that a module that takes more than is
//! allowed is refused before it does.

use super::error::WasmError;
use minivm_isa::Allowance;
use wasmparser::Payload;

/// Bytes that the parser of the text format takes for a text, as measured: it cannot be stopped.
pub(super) fn text_bytes(text: &[u8]) -> u64 {
    let is_word = |byte: &u8| !matches!(byte, b'(' | b')' | b' ' | b'\t' | b'\r' | b'\n');
    let (mut parentheses, mut words, mut was_word) = (0, 0, false);
    for byte in text {
        parentheses += u64::from(*byte == b'(');
        words += u64::from(is_word(byte) && !was_word);
        was_word = is_word(byte);
    }
    400 * parentheses + 250 * words + 4 * text.len() as u64
}

/// Takes what a section takes for good, besides function bodies, which are counted as they are translated. If the module is kept, there
/// are no copies of its data and names.
pub(super) fn take(payload: &Payload<'_>, is_kept: bool, allowance: &mut Allowance) -> Result<(), WasmError> {
    let copied = |byte_bytes: u64| if is_kept { 0 } else { byte_bytes };
    // Bytes for each item and for each byte of the section: in the validator, and in the program.
    let (count, range, item_bytes, byte_bytes) = match payload {
        Payload::TypeSection(section) => (section.count(), section.range(), 700, 64),
        Payload::ImportSection(section) => (section.count(), section.range(), 500, 8),
        Payload::FunctionSection(section) => (section.count(), section.range(), 300, 0),
        Payload::TableSection(section) => (section.count(), section.range(), 300, 96),
        Payload::MemorySection(section) => (section.count(), section.range(), 300, 0),
        Payload::TagSection(section) => (section.count(), section.range(), 100, 0),
        Payload::GlobalSection(section) => (section.count(), section.range(), 300, 96),
        Payload::ExportSection(section) => (section.count(), section.range(), 250, 4),
        Payload::ElementSection(section) => (section.count(), section.range(), 300, 96),
        Payload::DataSection(section) => (section.count(), section.range(), 200, copied(2)),
        // Names become those of functions and locals, and are at places in the module before; other sections are copied.
        Payload::CustomSection(section) if section.name() == "name" => (1, section.range(), 200, 16 + copied(84)),
        Payload::CustomSection(section) => (1, section.range(), 200, 2),
        _ => return Ok(()),
    };
    let bytes = u64::from(count) * item_bytes + (range.end - range.start) * byte_bytes;
    allowance.take(bytes).map_err(|exhausted| WasmError::new(range.start, exhausted.to_string()))
}
