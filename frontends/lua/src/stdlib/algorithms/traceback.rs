//! The text of a stack traceback.

/// Levels shown at the top before some are left out.
const FIRST_LEVELS: usize = 10;
/// Levels shown at the bottom after those left out.
const LAST_LEVELS: usize = 11;

/// What kind of function a level runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// A chunk.
    Main,
    /// A function of the language.
    Lua,
    /// A function of the host.
    Host,
}

/// One level of the stack.
#[derive(Clone, Debug)]
pub struct Level {
    /// The short name of its source; `[C]` for the host.
    pub source: Vec<u8>,
    /// The line that runs.
    pub line: Option<u32>,
    /// The line where the function begins.
    pub line_defined: u32,
    /// What it runs.
    pub kind: FunctionKind,
    /// The name under which it is found in a loaded module, such as `string.rep` or a global.
    pub global_name: Option<Vec<u8>>,
    /// The name the caller used, with its kind: `local`, `method`, ….
    pub call_name: Option<(Vec<u8>, Vec<u8>)>,
    /// Whether it was called in the place of its caller.
    pub is_tail_call: bool,
}

/// Writes a traceback: `message`, if any, and one line for each level, the innermost first.
pub fn write(message: Option<&[u8]>, levels: &[Level]) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(message) = message {
        out.extend_from_slice(message);
        out.push(b'\n');
    }
    out.extend_from_slice(b"stack traceback:");
    let all_shown = FIRST_LEVELS + LAST_LEVELS;
    for (index, level) in levels.iter().enumerate() {
        if levels.len() > all_shown && index == FIRST_LEVELS {
            let skipped = levels.len() - all_shown;
            out.extend_from_slice(format!("\n\t...\t(skipping {skipped} levels)").as_bytes());
        }
        let is_skipped = levels.len() > all_shown && (FIRST_LEVELS..levels.len() - LAST_LEVELS).contains(&index);
        if !is_skipped {
            write_level(&mut out, level);
        }
    }
    out
}

fn write_level(out: &mut Vec<u8>, level: &Level) {
    out.extend_from_slice(b"\n\t");
    out.extend_from_slice(&level.source);
    if let Some(line) = level.line {
        out.extend_from_slice(format!(":{line}").as_bytes());
    }
    out.extend_from_slice(b": in ");
    match (&level.global_name, &level.call_name, level.kind) {
        (Some(name), ..) => out.extend_from_slice(&[b"function '", &name[..], b"'"].concat()),
        (None, Some((kind, name)), _) => out.extend_from_slice(&[&kind[..], b" '", name, b"'"].concat()),
        (None, None, FunctionKind::Main) => out.extend_from_slice(b"main chunk"),
        (None, None, FunctionKind::Lua) => {
            out.extend_from_slice(b"function <");
            out.extend_from_slice(&level.source);
            out.extend_from_slice(format!(":{}>", level.line_defined).as_bytes());
        }
        (None, None, FunctionKind::Host) => out.push(b'?'),
    }
    if level.is_tail_call {
        out.extend_from_slice(b"\n\t(...tail calls...)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(line: u32) -> Level {
        Level {
            source: b"a.lua".to_vec(),
            line: Some(line),
            line_defined: 1,
            kind: FunctionKind::Lua,
            global_name: None,
            call_name: None,
            is_tail_call: false,
        }
    }

    #[test]
    fn lines() {
        let host = Level {
            source: b"[C]".to_vec(),
            line: None,
            kind: FunctionKind::Host,
            global_name: Some(b"error".to_vec()),
            ..level(0)
        };
        let local = Level { call_name: Some((b"local".to_vec(), b"f".to_vec())), is_tail_call: true, ..level(3) };
        let main = Level { kind: FunctionKind::Main, ..level(9) };
        let text = write(Some(b"oops"), &[host, local, level(5), main]);
        let expected = "oops\nstack traceback:\n\t[C]: in function 'error'\n\ta.lua:3: in local 'f'\n\t(...tail calls...)\n\ta.lua:5: in function <a.lua:1>\n\ta.lua:9: in main chunk";
        assert_eq!(String::from_utf8_lossy(&text), expected);
    }

    #[test]
    fn long_stacks_are_cut() {
        let levels: Vec<Level> = (1..=30).map(level).collect();
        let text = String::from_utf8(write(None, &levels)).expect("ASCII");
        assert_eq!(text.lines().count(), 1 + FIRST_LEVELS + 1 + LAST_LEVELS);
        assert!(text.contains("\n\t...\t(skipping 9 levels)\n\ta.lua:20:"));
    }
}
