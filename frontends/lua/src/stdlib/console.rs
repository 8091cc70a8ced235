//! What an embedder with a prompt uses: the standard streams as the programs have them, so that what they have not handed on yet
//! and what was read ahead keeps its place.

use super::embedding::raw as raw_machine;
use super::host::HostError;
use minivm::Machine;

/// Writes to the standard output of programs, after what they have written, and hands it on.
///
/// # Errors
/// What the host reports.
pub fn write(machine: &mut Machine, bytes: &[u8]) -> Result<(), HostError> {
    raw::write(raw_machine(machine), bytes)
}

/// Takes a line from the standard input of programs, without the newline; none at the end.
///
/// # Errors
/// What the host reports; and when the line is longer than 16 MB.
pub fn read_line(machine: &mut Machine) -> Result<Option<Vec<u8>>, HostError> {
    raw::read_line(raw_machine(machine))
}

/// The same for those that hold a raw machine.
pub mod raw {
    use super::super::host::{HostError, Standard};
    use super::super::library::Library;
    use super::super::stream::LineEnd;
    use minivm::raw::Machine;

    /// Bytes that a line may have.
    const LINE_BYTES_MAX: usize = 1 << 24;

    /// Writes to the standard output of programs, after what they have written, and hands it on.
    ///
    /// # Errors
    /// What the host reports.
    pub fn write(machine: &mut Machine, bytes: &[u8]) -> Result<(), HostError> {
        let output = machine.host_state().get::<Library>().standard(Standard::Output);
        output.write(bytes)?;
        output.flush()
    }

    /// Takes a line from the standard input of programs, without the newline; none at the end.
    ///
    /// # Errors
    /// What the host reports; and when the line is longer than 16 MB.
    pub fn read_line(machine: &mut Machine) -> Result<Option<Vec<u8>>, HostError> {
        let input = machine.host_state().get::<Library>().standard(Standard::Input);
        let mut line = Vec::new();
        match input.read_line(&mut line, LINE_BYTES_MAX)? {
            LineEnd::End if line.is_empty() => Ok(None),
            LineEnd::End | LineEnd::Newline => Ok(Some(line)),
            LineEnd::More => Err(HostError { message: "line too long".into(), code: 7 }),
        }
    }
}
