//! Where `package.searchpath` looks: path templates with a name put in.

use super::error::{LibraryError, LibraryResult};

/// How much a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Templates {
    /// How many files.
    pub files: usize,
    /// How many bytes their names have.
    pub bytes: usize,
}

/// The most files that are looked for, and bytes that their names have.
const FILES_MAX: usize = 1000;
const BYTES_MAX: usize = 1 << 20;

impl Templates {
    /// How much the templates of `path` stand for at most.
    ///
    /// Fails when it is so much that looking for it would take long.
    pub fn of(name: &[u8], path: &[u8], directory_separator: &[u8]) -> LibraryResult<Self> {
        let too_much = || LibraryError::message("name and path stand for too many files, or too long ones");
        // One byte of the name becomes one separator at most.
        let name_bytes = name.len().saturating_mul(directory_separator.len().max(1));
        if path.len() > BYTES_MAX || name_bytes > BYTES_MAX {
            return Err(too_much());
        }
        let count = |byte: u8| memchr::memchr_iter(byte, path).count();
        let files = count(b';') + 1;
        let bytes = path.len() + count(b'?') * name_bytes;
        if files > FILES_MAX || bytes > BYTES_MAX { Err(too_much()) } else { Ok(Self { files, bytes }) }
    }
}

/// The file names that `path` stands for: its templates, split at `;`, with `name` in the place of each `?`.
///
/// In `name`, every `separator` (if not empty) becomes `directory_separator` first.
pub fn candidates(name: &[u8], path: &[u8], separator: &[u8], directory_separator: &[u8]) -> Vec<Vec<u8>> {
    if path.is_empty() {
        return Vec::new();
    }
    let name = if separator.is_empty() { name.to_vec() } else { replace(name, separator, directory_separator) };
    replace(path, b"?", &name).split(|&byte| byte == b';').map(<[u8]>::to_vec).collect()
}

/// The message when none of `candidates` could be read: one line for each.
pub fn not_found_message(candidates: &[Vec<u8>]) -> Vec<u8> {
    let lines: Vec<Vec<u8>> = candidates.iter().map(|file| [b"no file '", &file[..], b"'"].concat()).collect();
    lines.join(&b"\n\t"[..])
}

/// `text` with every `what` (not empty) replaced.
pub fn replace(text: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, what) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with);
        rest = &rest[at + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let files = candidates(b"a.b", b"./?.lua;/lib/?/init.lua", b".", b"/");
        assert_eq!(files, [b"./a/b.lua".to_vec(), b"/lib/a/b/init.lua".to_vec()]);
        assert_eq!(not_found_message(&files), b"no file './a/b.lua'\n\tno file '/lib/a/b/init.lua'");
        assert_eq!(candidates(b"a.b", b"?", b"", b"/"), [b"a.b".to_vec()]);
        assert_eq!(Templates::of(b"a.b", b"./?.lua;/lib/?/init.lua", b"/"), Ok(Templates { files: 2, bytes: 29 }));
        assert!(Templates::of(&[b'a'; 2000], &[b'?'; 2000], b"/").is_err());
    }
}
