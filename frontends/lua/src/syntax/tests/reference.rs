//! Asks `lua5.4` about many chunks at once.

use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

/// Reads chunks as `length bytes` from standard input; answers each with `length bytes`, empty for a valid one.
const SCRIPT: &str = r#"
local input = io.stdin
while true do
    local length = input:read("n")
    if not length then break end
    input:read(1)
    local source = length == 0 and "" or input:read(length)
    local chunk, message = load(source, "=chunk", "t")
    message = chunk and "" or message
    io.stdout:write(#message, " ", message)
end
"#;

/// What `lua5.4` says about each source; `None` if it is not installed.
pub(super) fn verdicts<S: AsRef<[u8]>>(sources: &[S]) -> Option<Vec<Result<(), Vec<u8>>>> {
    let child = Command::new("lua5.4").args(["-e", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => panic!("cannot run lua5.4: {error}"),
    };
    let mut input = Vec::new();
    for source in sources.iter().map(AsRef::as_ref) {
        input.extend_from_slice(format!("{} ", source.len()).as_bytes());
        input.extend_from_slice(source);
        input.push(b'\n');
    }
    let mut stdin = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("lua5.4 ends");
    writer.join().expect("no panic").expect("lua5.4 reads all");
    Some(answers(&output.stdout, sources.len()))
}

fn answers(mut rest: &[u8], count: usize) -> Vec<Result<(), Vec<u8>>> {
    let mut answers = Vec::with_capacity(count);
    while let Some(space) = rest.iter().position(|&byte| byte == b' ') {
        let length: usize = std::str::from_utf8(&rest[..space]).expect("a number").parse().expect("a number");
        let message = &rest[space + 1..space + 1 + length];
        answers.push(if length == 0 { Ok(()) } else { Err(message.to_vec()) });
        rest = &rest[space + 1 + length..];
    }
    assert_eq!(answers.len(), count, "lua5.4 answered every chunk");
    answers
}
