//! Standard streams and their buffers.

use super::*;
use std::io::{self, Write};

#[test]
fn input_is_read_in_pieces() {
    let mut guest = Guest::new(WasiBuilder::new().stdin(&b"abcdef"[..]));
    // Only the first buffer is filled: the second might have to wait.
    let (first, second) = (guest.put(&[0; 4]), guest.put(&[0; 4]));
    let (buffers, count) = guest.buffers(&[(0, 0), first, second]);
    guest.ok("fd_read", &[0, buffers, count, RESULT]);
    assert_eq!(guest.u32(RESULT), 4);
    assert_eq!(guest.bytes(first.0, 4), b"abcd");
    assert_eq!(guest.read(0), Ok("ef".to_owned()));
    assert_eq!(guest.read(0), Ok(String::new()));
    assert_eq!(guest.write(0, "x"), Errno::NotCapable);
}

#[test]
fn output_is_held_back_and_keeps_its_order() {
    let both = Captured::new();
    let builder = WasiBuilder::new().stdout(both.clone()).stderr(both.clone());
    let mut guest = Guest::new(builder);
    assert_eq!(guest.write(1, "one\n"), Errno::Success);
    assert_eq!(both.take(), b"");
    assert_eq!(guest.write(2, "two "), Errno::Success);
    assert_eq!(both.take(), b"one\ntwo ");
    assert_eq!(guest.write(1, "three"), Errno::Success);
    guest.wasi.flush().unwrap();
    assert_eq!(both.take(), b"three");
    assert_eq!(guest.write(1, "before a question"), Errno::Success);
    guest.read(0).unwrap();
    assert_eq!(both.take(), b"before a question");
    assert_eq!(guest.write(1, "synchronised"), Errno::Success);
    guest.ok("fd_sync", &[1]);
    assert_eq!(both.take(), b"synchronised");
    assert_eq!(guest.read(1), Err(Errno::NotCapable));
    assert_eq!(guest.write(1, "closed"), Errno::Success);
    guest.ok("fd_close", &[1]);
    assert_eq!(both.take(), b"closed");
    assert_eq!(guest.write(1, "x"), Errno::BadF);
}

#[test]
fn large_output_does_not_pile_up() {
    let output = Captured::new();
    let mut guest = Guest::new(WasiBuilder::new().stdout(output.clone()));
    let (buffers, count) = guest.buffers(&[(2048, 20_000), (2048, 20_000), (2048, 40_000)]);
    guest.ok("fd_write", &[1, buffers, count, RESULT]);
    assert_eq!(guest.u32(RESULT), 80_000);
    assert_eq!(output.take().len(), 80_000);
    drop(guest);
    assert_eq!(output.take().len(), 0);
}

#[test]
fn dropping_lets_output_out() {
    let output = Captured::new();
    let mut guest = Guest::new(WasiBuilder::new().stdout(output.clone()));
    assert_eq!(guest.write(1, "last words"), Errno::Success);
    drop(guest);
    assert_eq!(output.take(), b"last words");
}

/// A terminal that is gone after the first line.
struct Terminal(Captured);

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.starts_with(b"gone") {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl OutputStream for Terminal {
    fn is_terminal(&self) -> bool {
        true
    }
}

#[test]
fn a_terminal_gets_whole_lines() {
    let output = Captured::new();
    let mut guest = Guest::new(WasiBuilder::new().stdout(Terminal(output.clone())));
    assert_eq!(guest.write(1, "one\ntw"), Errno::Success);
    assert_eq!(output.take(), b"one\n");
    assert_eq!(guest.write(1, "o\n"), Errno::Success);
    assert_eq!(output.take(), b"two\n");
    assert_eq!(guest.write(1, "gone\n"), Errno::Pipe);
    guest.ok("fd_fdstat_get", &[1, RESULT]);
    assert_eq!(guest.bytes(RESULT, 1)[0], FileType::CharacterDevice as u8);
}

#[test]
fn streams_tell_what_they_are() {
    let mut guest = Guest::new(WasiBuilder::new());
    guest.ok("fd_fdstat_get", &[0, RESULT]);
    assert_eq!(guest.bytes(RESULT, 1)[0], FileType::Unknown as u8);
    assert_eq!(Rights::from_bits(guest.u64(RESULT + 8)).unwrap() & Rights::FD_WRITE, Rights::empty());
    guest.ok("fd_filestat_get", &[1, RESULT]);
    assert_eq!(guest.u64(RESULT + 32), 0);
    assert_eq!(guest.seek(0, 0, 1), Err(Errno::SPipe));
    assert_eq!(guest.call("fd_tell", &[1, RESULT]), Errno::SPipe);
    assert_eq!(guest.call("fd_readdir", &[0, 0, 0, 0, RESULT]), Errno::NotDir);
}
