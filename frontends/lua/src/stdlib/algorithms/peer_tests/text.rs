//! Numbers and `string.format` against the peer.

use super::super::error::LibraryResult;
use super::super::format::{Conversion, Directive, Piece, Pieces};
use super::super::number::{self, Number};
use super::super::quote;
use super::{Case, check, float_literal, floats, literal, noise, outcome, shown};

#[test]
fn numbers_to_strings() {
    let float = |value: f64| Case { expression: float_literal(value), ours: shown(Number::Float(value)) };
    check(floats().into_iter().map(float).collect());
}

#[test]
fn strings_to_numbers() {
    let mut texts: Vec<Vec<u8>> = [
        "0",
        "-0",
        "1e1",
        "0x",
        "0x1",
        "0xA.8p0",
        "0x.1",
        "0x1.",
        "0x.",
        "0x1p",
        "0x1p+",
        "0x1p-3",
        "  12  ",
        "1 2",
        "",
        " ",
        "inf",
        "nan",
        "1e400",
        "-1e400",
        "1e-400",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "0xffffffffffffffffff",
        ".5",
        "5.",
        ".",
        "5e",
        "5e+",
        "+5",
        "+-5",
        "- 5",
        "1\0",
        "0x1\0",
        "1_0",
        "1f",
        "0b1",
        "1.5e3",
        "0x1.8p1",
        "0x1.fffffffffffff8p1023",
        "0x0.8p-1074",
        "1e+5",
        "1e 5",
        "٣",
        "\u{a0}1",
        "\x0b1\x0c",
        "1..2",
        "0x1.1.1",
        "0x1e5",
        "0xep1",
        "0e12",
        "00012",
        "1e0005",
        "infinity",
        "0xinf",
        "1n",
        "0x12345678901234567.8p-4",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    let mut seed = 7;
    let alphabet = b"0123456789abefx.pP+- eEX";
    for _ in 0..3000 {
        let length = noise(&mut seed) % 9 + 1;
        let mut byte = |set: &[u8]| set[noise(&mut seed) as usize % set.len()];
        let mut text: Vec<u8> = (0..length).map(|_| byte(alphabet)).collect();
        if byte(b"01") == b'1' {
            text.splice(0..0, *b"0x");
        }
        texts.push(text);
    }
    check(
        texts
            .iter()
            .map(|text| Case {
                expression: format!("tonumber({})", literal(text)),
                ours: number::parse(text).map_or(b"nil".to_vec(), shown),
            })
            .collect(),
    );
    let in_base = |text: &str, base: u32| Case {
        expression: format!("tonumber({}, {base})", literal(text.as_bytes())),
        ours: number::parse_in_base(text.as_bytes(), base)
            .map_or(b"nil".to_vec(), |value| shown(Number::Integer(value))),
    };
    let texts = ["10", "-10", "zz", "ZZ", " 7 ", "8", "1.0", "", "-", "+1", "ffffffffffffffffffff", "1e1", "12\0"];
    check(texts.iter().flat_map(|text| [2, 8, 10, 16, 36].map(|base| in_base(text, base))).collect());
}

/// `string.format` with one argument.
fn format_one(format: &[u8], write: impl Fn(&Directive<'_>, &mut Vec<u8>) -> LibraryResult<()>) -> Vec<u8> {
    let run = || {
        let mut out = Vec::new();
        for piece in Pieces::new(format) {
            match piece {
                Piece::Literal(text) => out.extend_from_slice(text),
                Piece::Directive(directive) => write(&directive?, &mut out)?,
            }
        }
        Ok(vec![out])
    };
    outcome("format", run())
}

fn layouts(flags: &[&str]) -> Vec<String> {
    let mut layouts = Vec::new();
    for flag in flags {
        for width in ["", "1", "7", "30"] {
            for precision in ["", ".", ".0", ".3", ".20"] {
                layouts.push(format!("{flag}{width}{precision}"));
            }
        }
    }
    layouts
}

#[test]
fn formats_of_floats() {
    let mut cases = Vec::new();
    let floats = floats();
    let mut pick = 0;
    for layout in layouts(&["", "-", "+", " ", "#", "0", "-0", "+0", "#0", " 0", "+#0 -"]) {
        for letter in ["e", "E", "f", "g", "G", "a", "A"] {
            for _ in 0..6 {
                pick = (pick + 1) % floats.len();
                let (value, format) = (floats[pick], format!("%{layout}{letter}"));
                cases.push(Case {
                    expression: format!("string.format('{format}', {})", float_literal(value)),
                    ours: format_one(format.as_bytes(), |directive, out| {
                        directive.write_float(out, value);
                        Ok(())
                    }),
                });
            }
        }
    }
    for precision in [50, 99] {
        for &value in &floats {
            let format = format!("%.{precision}f %%");
            cases.push(Case {
                expression: format!("string.format('{format}', {})", float_literal(value)),
                ours: format_one(format.as_bytes(), |directive, out| {
                    directive.write_float(out, value);
                    Ok(())
                }),
            });
        }
    }
    check(cases);
}

#[test]
fn formats_of_integers_and_text() {
    let mut cases = Vec::new();
    for layout in layouts(&["", "-", "+", " ", "#", "0", "-0", "+0", "#0", "00"]) {
        for letter in ["d", "i", "u", "o", "x", "X", "c"] {
            for value in [0, 1, -1, 42, 255, i64::MAX, i64::MIN] {
                let format = format!("%{layout}{letter}");
                cases.push(Case {
                    expression: format!("string.format('{format}', {value} | 0)")
                        .replace(&i64::MIN.to_string(), "math.mininteger"),
                    ours: format_one(format.as_bytes(), |directive, out| {
                        directive.write_integer(out, value);
                        Ok(())
                    }),
                });
            }
        }
        for text in [&b""[..], b"abc", &[b'x'; 120], b"a\0b"] {
            // Which of two errors comes first is not worth keeping.
            if text.contains(&0) && !["", "7", "-7.3"].contains(&layout.as_str()) {
                continue;
            }
            let format = format!("<%{layout}s>");
            cases.push(Case {
                expression: format!("string.format('{format}', {})", literal(text)),
                ours: format_one(format.as_bytes(), |directive, out| directive.write_text(out, text, 2)),
            });
        }
    }
    check(cases);
}

#[test]
fn formats_that_are_wrong_and_quoting() {
    let formats = [
        "%",
        "%%",
        "%z",
        "%F",
        "%123d",
        "%1.123f",
        "%-+ #0-+ #0-+ #0-+ #0-+ #0d",
        "%5q",
        "%.3c",
        "%.3p",
        "%5 d",
        "%n",
        "%l",
        "%-",
        "%5",
        "%.",
        "%\0",
        "%10.",
        "%#u",
        "%+x",
        "% c",
        "%0s",
        "%12345678901234567890123d",
        "%ld",
        "%99d",
        "%100d",
        "%.99f",
        "%.100f",
        "a%bc",
    ];
    let mut cases: Vec<Case> = formats
        .iter()
        .map(|format| Case {
            expression: format!("string.format({}, 1)", literal(format.as_bytes())),
            ours: format_one(format.as_bytes(), |directive, out| match directive.conversion() {
                Conversion::Fixed => {
                    directive.write_float(out, 1.0);
                    Ok(())
                }
                Conversion::Text => directive.write_text(out, b"1", 2),
                _ => {
                    directive.write_integer(out, 1);
                    Ok(())
                }
            }),
        })
        .collect();
    let all: Vec<u8> = (0..=255).flat_map(|byte| [byte, b'1', byte]).collect();
    let mut quoted = Vec::new();
    quote::write_string(&mut quoted, &all);
    cases.push(Case { expression: format!("string.format('%q', {})", literal(&all)), ours: quoted });
    for number in floats().into_iter().map(Number::Float).chain([Number::Integer(i64::MIN), Number::Integer(-5)]) {
        let mut quoted = Vec::new();
        quote::write_number(&mut quoted, number);
        let expression = match number {
            Number::Float(value) => float_literal(value),
            Number::Integer(value) => format!("{value} | 0").replace(&i64::MIN.to_string(), "math.mininteger"),
        };
        cases.push(Case { expression: format!("string.format('%q', {expression})"), ours: quoted });
    }
    check(cases);
}
