//! The algorithms against PUC Lua: tables of cases run through both. Without a `lua5.4` on the path the tests do nothing.

use super::error::LibraryResult;
use super::float_text;
use super::number::Number;
use super::quote;
use std::io::Write;
use std::process::{Command, Stdio};

mod data;
mod patterns;
mod text;

/// A Lua expression list, and what its values are by our account: shown one after the other, or an error message.
struct Case {
    expression: String,
    ours: Vec<u8>,
}

/// What the peer runs before the cases: shows values so that they compare byte by byte.
const PRELUDE: &str = r#"
local function escape(s) return (s:gsub("[^\32-\126]", function(c) return ("\\%03d"):format(c:byte()) end)) end
local function show(ok, ...)
  local t = table.pack(...)
  for i = 1, t.n do t[i] = escape(tostring(t[i])) end
  if not ok then t[1] = t[1]:gsub("^stdin:%d+: ", "") end
  print((ok and "" or "error: ") .. table.concat(t, "|"))
end
"#;

/// Runs every case through the peer and fails with all differences.
fn check(cases: Vec<Case>) {
    let Ok(mut peer) =
        Command::new("lua5.4").arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).env("TZ", "UTC").spawn()
    else {
        eprintln!("no lua5.4: nothing compared");
        return;
    };
    let mut script = PRELUDE.to_string();
    for Case { expression, .. } in &cases {
        script.push_str(&format!("show(pcall(function() return {expression} end))\n"));
    }
    let mut input = peer.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let output = peer.wait_with_output().expect("the peer runs");
    writer.join().expect("the writer does not panic").expect("the peer reads its script");
    let theirs = String::from_utf8(output.stdout).expect("escaped output");
    let theirs: Vec<&str> = theirs.lines().collect();
    assert_eq!(theirs.len(), cases.len(), "the peer stopped early");
    let differences: Vec<String> = std::iter::zip(&cases, &theirs)
        .filter(|(case, theirs)| escaped(&case.ours) != **theirs)
        .map(|(case, theirs)| format!("{}\n  lua5.4: {theirs}\n  ours:   {}", case.expression, escaped(&case.ours)))
        .collect();
    let shown = differences.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {} cases differ:\n{shown}", differences.len(), cases.len());
}

fn escaped(text: &[u8]) -> String {
    text.iter()
        .map(|&byte| if (32..127).contains(&byte) { char::from(byte).to_string() } else { format!("\\{byte:03}") })
        .collect()
}

/// A Lua literal.
fn literal(text: &[u8]) -> String {
    let inner: String = text.iter().map(|byte| format!("\\{byte:03}")).collect();
    format!("\"{inner}\"")
}

fn float_literal(value: f64) -> String {
    if value.is_nan() {
        return "(0/0)".into();
    }
    let mut out = Vec::new();
    quote::write_number(&mut out, Number::Float(value));
    format!("({})", String::from_utf8(out).expect("ASCII"))
}

/// The text of an error, or the values joined as the peer joins them.
fn outcome(function: &str, result: LibraryResult<Vec<Vec<u8>>>) -> Vec<u8> {
    match result {
        Ok(values) => values.join(&b'|'),
        Err(error) => [b"error: ".to_vec(), error.text(function)].concat(),
    }
}

fn shown(number: Number) -> Vec<u8> {
    let mut out = Vec::new();
    float_text::write_number(&mut out, number);
    out
}

fn noise(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

fn floats() -> Vec<f64> {
    let mut seed = 88_172_645_463_325_252;
    let mut all = vec![
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        1.5,
        2.5,
        0.1,
        1e14,
        1e15,
        1e16,
        1e-4,
        1e-5,
        123_456.789,
        9.999_999e5,
        999_999.5,
        99_999_999_999_999.9,
        5e-324,
        2.2e-308,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN.copysign(-1.0),
        2f64.powi(53),
        2f64.powi(63),
        0.000_123_456,
        1.0 / 3.0,
    ];
    all.extend((0..60).map(|_| f64::from_bits(noise(&mut seed))).filter(|value| !value.is_nan()));
    all.extend((0..60).map(|_| noise(&mut seed) as f64 / 1e15));
    all
}
