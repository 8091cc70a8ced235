//! Why a chunk was refused: one message in the words of the reference implementation, with its place in the source.

use std::fmt;
use std::ops::Range;

/// The longest chunk name a message shows, in bytes, with the closing zero that the reference implementation counts.
const CHUNK_ID_BYTES_MAX: usize = 60;

/// A chunk that is not valid Lua.
///
/// Messages have the form `chunk:line: what near 'token'`, byte for byte what the reference implementation reports.
/// They are bytes and not text, since a token of the source may hold any bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    message: Vec<u8>,
    detail_at: usize,
    line: u32,
    span: Range<u32>,
    columns: Range<u32>,
}

impl SyntaxError {
    /// An error at `span` (byte offsets into `source`) that reads `chunk_id:line: detail`.
    pub(crate) fn new(source: &[u8], chunk_id: &[u8], line: u32, span: Range<u32>, detail: &[u8]) -> Self {
        let mut message = chunk_id.to_vec();
        message.extend_from_slice(format!(":{line}: ").as_bytes());
        let detail_at = message.len();
        message.extend_from_slice(detail);
        let columns = columns(source, &span);
        Self { message, detail_at, line, span, columns }
    }

    /// The whole message: `chunk:line: what near 'token'`.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The message without chunk name and line: `what near 'token'`.
    pub fn detail(&self) -> &[u8] {
        &self.message[self.detail_at..]
    }

    /// The line the message names, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The offending bytes, as offsets into the source; empty at its end.
    pub fn span(&self) -> Range<u32> {
        self.span.clone()
    }

    /// The offending bytes within the line on which they begin, counted in bytes from 1.
    pub fn columns(&self) -> Range<u32> {
        self.columns.clone()
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.message))
    }
}

impl std::error::Error for SyntaxError {}

/// The byte columns, from 1, of `span` within the line on which it begins.
fn columns(source: &[u8], span: &Range<u32>) -> Range<u32> {
    let is_newline = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let start = (span.start as usize).min(source.len());
    let line_start = source[..start].iter().rposition(is_newline).map_or(0, |at| at + 1);
    let line_end = source[start..].iter().position(is_newline).map_or(source.len(), |at| start + at);
    let end = (span.end as usize).clamp(start, line_end.max(start));
    let column = |offset: usize| u32::try_from(offset - line_start + 1).unwrap_or(u32::MAX);
    column(start)..column(end)
}

/// How messages name a chunk: `@file` as the file, `=name` as the name, anything else as `[string "first line"]`,
/// shortened to 59 bytes by the rules of the reference manual (`luaL_loadbuffer`, `lua_Debug.short_src`).
pub fn chunk_id(chunk_name: &[u8]) -> Vec<u8> {
    const DOTS: &[u8] = b"...";
    match chunk_name.split_first() {
        Some((b'=', name)) => name[..name.len().min(CHUNK_ID_BYTES_MAX - 1)].to_vec(),
        Some((b'@', file)) if file.len() < CHUNK_ID_BYTES_MAX => file.to_vec(),
        Some((b'@', file)) => {
            let kept = CHUNK_ID_BYTES_MAX - 1 - DOTS.len();
            [DOTS, &file[file.len() - kept..]].concat()
        }
        _ => {
            let (open, close) = (&b"[string \""[..], &b"\"]"[..]);
            let room = CHUNK_ID_BYTES_MAX - 1 - open.len() - DOTS.len() - close.len();
            let first_line = chunk_name.split(|&byte| byte == b'\n').next().unwrap_or(chunk_name);
            if first_line.len() == chunk_name.len() && chunk_name.len() < room {
                return [open, chunk_name, close].concat();
            }
            [open, &first_line[..first_line.len().min(room)], DOTS, close].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_ids_are_shortened() {
        assert_eq!(chunk_id(b"=stdin"), b"stdin");
        assert_eq!(chunk_id(b"@dir/file.lua"), b"dir/file.lua");
        assert_eq!(chunk_id(b"return 1"), b"[string \"return 1\"]");
        assert_eq!(chunk_id(b"one\ntwo"), b"[string \"one...\"]");
        let long = [b"@".as_slice(), &[b'x'; 100]].concat();
        assert_eq!(chunk_id(&long), ["...".to_owned(), "x".repeat(56)].concat().into_bytes());
        assert_eq!(chunk_id(&[b'y'; 80]).len(), 59);
    }

    #[test]
    fn columns_stay_on_one_line() {
        assert_eq!(columns(b"ab\ncdef\ng", &(4..6)), 2..4);
        assert_eq!(columns(b"ab\ncdef\ng", &(4..9)), 2..5);
        assert_eq!(columns(b"ab", &(2..2)), 3..3);
    }
}
