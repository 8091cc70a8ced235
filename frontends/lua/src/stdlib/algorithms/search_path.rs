//! Where `package.searchpath` looks: path templates with a name put in.

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
    }
}
