//! Mistakes that are found before a program runs, each with its place; and whatever comes in, there is an answer.

use minivm_tutorial::{Mode, compile};

#[test]
fn mistakes_are_shown() {
    let programs = [
        "let x = ",
        "let 1 = 2",
        "let x = 1 2",
        "x = 1",
        "f() = 1",
        "1 + 2",
        "print(1",
        "if x { print(1)",
        "print(1) }",
        "let s = \"no end",
        "let s = \"\\q\"",
        "let n = 12ab",
        "let s = 1 $ 2",
        "break",
        "fn f() { continue }",
        "try { f() }",
        "for x [1] { }",
        "let m = {1: 2}",
        "let l = [1 2]",
        "fn f(a, 1) { }",
        "let ünïcode = 1",
        "\tlet x = \"ä\" +",
        "let x = 1.2.3",
        "return 1 2",
    ];
    let mut shown = String::new();
    for program in programs {
        let error = compile("mistake.tern", program, Mode::File).expect_err(program);
        shown += &format!("{error}\n\n");
    }
    insta::assert_snapshot!(shown);
}

/// Each of these would need a native stack without end.
#[test]
fn depth_is_limited() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("{a: ", "}"), ("fn() { return ", " }"), ("f(", ")")]
    {
        let text = format!("let x = {}1{}", open.repeat(10_000), close.repeat(10_000));
        assert_eq!(compile("deep", &text, Mode::File).expect_err(open).message, "this is nested too deep");
    }
    for (open, close) in [("if 1 { ", " }"), ("if 1 { } else ", " if 1 { }"), ("try { ", "} catch e { }")] {
        let text = format!("{}{}", open.repeat(10_000), close.repeat(10_000));
        assert_eq!(compile("deep", &text, Mode::File).expect_err(open).message, "this is nested too deep");
    }
    for chain in ["x + ", "x .. ", "x == ", "x and ", "x or ", "f()() + ", "x.y.z * "] {
        let text = format!("let x = {}1", chain.repeat(300));
        compile("long", &text, Mode::File).expect(chain);
    }
    let calls = format!("let f\nf{}", "()".repeat(1000));
    compile("long", &calls, Mode::File).unwrap();
}

/// Texts that begin as programs do, cut and spliced at every place.
#[test]
fn any_text_has_an_answer() {
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let read = |name: &str| std::fs::read_to_string(cases.join(name)).unwrap();
    let (first, second) = (read("generators.tern"), read("control.tern"));
    let mut outcomes = [0, 0];
    for at in (0..first.len()).step_by(7) {
        let Some(start) = first.get(..at) else { continue };
        let other = at * 7919 % second.len();
        let rest = second.get(other..).unwrap_or("");
        for text in [start.to_owned(), format!("{start}{rest}")] {
            outcomes[usize::from(compile("cut", &text, Mode::File).is_ok())] += 1;
        }
    }
    assert!(outcomes[0] > 50 && outcomes[1] > 10, "{outcomes:?}");
}
