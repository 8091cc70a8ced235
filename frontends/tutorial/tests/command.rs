//! The command `tern`: a file with arguments, what goes wrong in one, and the prompt.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs the command with what is typed.
fn tern(words: &[&str], typed: &str) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tern"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.success(), text(stdout), text(stderr))
}

/// A file of this name for a test.
fn file(name: &str, text: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

#[test]
fn a_file_gets_its_arguments() {
    let path = file("arguments.tern", "print(len args, args[1], args[2])\nreturn 7\n");
    let (is_well, printed, errors) = tern(&[&path, "first", "second"], "");
    assert_eq!((is_well, printed.as_str(), errors.as_str()), (true, "2\tfirst\tsecond\n", ""));
}

#[test]
fn what_goes_wrong_in_a_file_is_told() {
    let mistaken = file("mistaken.tern", "print(1)\nlet x = +\n");
    let (is_well, printed, errors) = tern(&[&mistaken], "");
    assert!(!is_well && printed.is_empty(), "{printed}");
    assert!(errors.contains("mistaken.tern:2: a value is expected, found `+`\n  let x = +\n"), "{errors}");
    let failing = file("failing.tern", "print(\"before\")\nlet x\nx.y = 1\n");
    let (is_well, printed, errors) = tern(&[&failing], "");
    assert!(!is_well && printed == "before\n" && errors.contains("failing.tern:3:"), "{printed}{errors}");
    let (is_well, _, errors) = tern(&["no such file.tern"], "");
    assert!(!is_well && errors.contains("cannot read no such file.tern: "), "{errors}");
}

#[test]
fn the_prompt_goes_on_after_mistakes() {
    let typed = "let x = 20\nfn add(y) {\n  return x + y\n}\nadd(22)\nadd(nil)\n\nx +\nprint(x)\n\"last\"";
    let (is_well, printed, errors) = tern(&[], typed);
    assert!(is_well && errors.is_empty(), "{errors}");
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "> > . . > 42");
    assert!(lines[1].starts_with("> prompt:2: ") && lines[1].contains("local 'y'"), "{printed}");
    assert!(printed.contains("> > prompt:1: a value is expected, found the end\n"), "{printed}");
    assert!(printed.ends_with("20\n> last\n> \n"), "{printed}");
}
