//! Patterns against the peer.

use super::super::error::{LibraryError, LibraryResult};
use super::super::pattern::{Pattern, find_plain, is_plain};
use super::super::pattern_match::{Capture, Match, Search, SearchStep};
use super::super::replacement::{Replacement, next_replacement};
use super::{Case, check, literal, noise, outcome};

fn capture_text(subject: &[u8], capture: Capture) -> Vec<u8> {
    match capture {
        Capture::Text(range) => subject[range].to_vec(),
        Capture::Position(position) => position.to_string().into_bytes(),
    }
}

fn captures(subject: &[u8], pattern: &Pattern, search: &Search, found: Match) -> LibraryResult<Vec<Vec<u8>>> {
    (0..search.capture_count(pattern))
        .map(|index| Ok(capture_text(subject, search.capture(pattern, found, index)?)))
        .collect()
}

/// Runs a search with budgets that make it pause, over and over; each time it is saved and loaded.
fn advance(search: &mut Search, pattern: &Pattern, subject: &[u8]) -> LibraryResult<Option<Match>> {
    loop {
        let mut steps = 3;
        match search.next(pattern, subject, &mut steps)? {
            SearchStep::Found(found) => return Ok(Some(found)),
            SearchStep::Exhausted => return Ok(None),
            SearchStep::Paused => {
                *search = Search::load(&search.save(), pattern, subject.len()).expect("it was saved");
            }
        }
    }
}

fn find(subject: &[u8], text: &[u8]) -> LibraryResult<Vec<Vec<u8>>> {
    let positions = |found: Match| vec![(found.start + 1).to_string().into_bytes(), found.end.to_string().into_bytes()];
    if is_plain(text) {
        let found = find_plain(subject, text, 0).map(|start| Match { start, end: start + text.len() });
        return Ok(found.map_or(vec![b"nil".to_vec()], positions));
    }
    let pattern = Pattern::new(text);
    let mut search = Search::new(0);
    let Some(found) = advance(&mut search, &pattern, subject)? else {
        return Ok(vec![b"nil".to_vec()]);
    };
    let mut values = positions(found);
    if pattern.captures() > 0 {
        values.extend(captures(subject, &pattern, &search, found)?);
    }
    Ok(values)
}

fn gsub(subject: &[u8], text: &[u8], with: &[u8], max: usize) -> LibraryResult<Vec<Vec<u8>>> {
    let pattern = Pattern::new(text);
    let mut search = Search::new(0);
    let (mut out, mut copied, mut count) = (Vec::new(), 0, 0);
    while count < max {
        let Some(found) = advance(&mut search, &pattern, subject)? else {
            break;
        };
        out.extend_from_slice(&subject[copied..found.start]);
        let mut rest = with;
        while let Some((step, length)) = next_replacement(rest, &pattern, &search, found)? {
            match step {
                Replacement::Literal(bytes) => out.extend_from_slice(bytes),
                Replacement::Capture(Capture::Text(range)) => out.extend_from_slice(&subject[range]),
                Replacement::Capture(Capture::Position(position)) => {
                    out.extend_from_slice(position.to_string().as_bytes())
                }
            }
            rest = &rest[length..];
        }
        copied = found.end;
        count += 1;
    }
    out.extend_from_slice(&subject[copied..]);
    Ok(vec![out, count.to_string().into_bytes()])
}

fn gmatch(subject: &[u8], text: &[u8]) -> LibraryResult<Vec<Vec<u8>>> {
    let pattern = Pattern::without_anchor(text);
    let mut search = Search::new(0);
    let mut all = Vec::new();
    while let Some(found) = advance(&mut search, &pattern, subject)? {
        all.extend(captures(subject, &pattern, &search, found)?);
        all.push(b";".to_vec());
    }
    Ok(vec![all.concat()])
}

fn pattern_cases(subject: &[u8], pattern: &[u8]) -> [Case; 3] {
    let (subject_text, pattern_text) = (literal(subject), literal(pattern));
    [
        Case {
            expression: format!("string.find({subject_text}, {pattern_text})"),
            ours: outcome("find", find(subject, pattern)),
        },
        Case {
            expression: format!("string.gsub({subject_text}, {pattern_text}, '<%0%1>', 4)"),
            ours: outcome("gsub", gsub(subject, pattern, b"<%0%1>", 4)),
        },
        Case {
            expression: format!(
                "(function() local t = {{}} for a, b, c in string.gmatch({subject_text}, {pattern_text}) do \
                 t[#t + 1] = a .. (b or '') .. (c or '') .. ';' end return table.concat(t) end)()"
            ),
            ours: outcome("gmatch", gmatch(subject, pattern)),
        },
    ]
}

#[test]
fn patterns_by_hand() {
    let subjects = [
        "",
        "a",
        "hello world",
        "key = value; k2=v2",
        "THE (quick) fox",
        "f(a(b)c)(d",
        "  trim me  ",
        "aaa",
        "a\0b\nc",
        "[x]%]-",
    ];
    let patterns = [
        "",
        "^",
        "$",
        "^$",
        "a",
        "a*",
        "a+",
        "a-",
        "a?",
        ".-",
        "^.-$",
        "(.-)%s",
        "%a+",
        "(%a+)",
        "()",
        "()a()",
        "(%w+)%s*=%s*(%w+)",
        "%b()",
        "%b",
        "%b(",
        "%f[%a]%a+",
        "%f[%z]",
        "%f",
        "%f[",
        "[",
        "[]",
        "[^]",
        "[]]",
        "[^]]",
        "[%]]",
        "[a-]",
        "[-a]",
        "[a-z]+",
        "[^a-z]+",
        "[%a_]+",
        "[z-a]",
        "%",
        "a%",
        "(a",
        "a)",
        "((a)",
        "(a))",
        "%1",
        "(a)%1",
        "(a*)%1",
        "()%1",
        "(%1)",
        "%0",
        "%2",
        "(.)(.)%2%1",
        "^%s*(.-)%s*$",
        "^(a)",
        "a^",
        "$a",
        "a$b",
        "a**",
        "a*?",
        "[a%]",
        "[%",
        "[a-%%]",
        "[%a-z]",
        "[a-c-e]",
        ".*l",
        ".-l",
        "(.*)(.*)",
        "(.-)(.-)$",
        "o.-o",
        "%S+",
        "[%s%p]+",
        "%w%w%w$",
        "\0",
        "[\0-\x1f]",
        "%z",
        "%q",
        "%%",
        "a.?.?.?b",
        "(((a)))",
        "(a)(b)?",
        ".-(e).-(o)",
        "[^%s]+$",
        "%x+",
        "%g*",
        "%c",
        "%u%l*",
        "%D%W%S",
    ];
    let mut cases = Vec::new();
    for subject in subjects {
        for pattern in patterns {
            cases.extend(pattern_cases(subject.as_bytes(), pattern.as_bytes()));
        }
    }
    for captures in [31, 32, 33] {
        cases.extend(pattern_cases(&[b'a'; 40], "(a)".repeat(captures).as_bytes()).into_iter().take(1));
    }
    check(cases);
}

#[test]
fn patterns_at_random() {
    let mut seed = 3;
    let parts = [
        "a", "b", ".", "%a", "%d", "[ab]", "[^a]", "[%d.]", "(", ")", "()", "*", "+", "-", "?", "$", "^", "%b()",
        "%f[%w]", "%1", "%2", "[", "]", "%", "a-", ".-", "b*", "%s", " ",
    ];
    let alphabet = b"aabb1. ()";
    let mut cases = Vec::new();
    for _ in 0..4000 {
        let mut draw = |limit: usize| noise(&mut seed) as usize % limit;
        let pattern: String = (0..draw(7) + 1).map(|_| parts[draw(parts.len())]).collect();
        let subject: Vec<u8> = (0..draw(12)).map(|_| alphabet[draw(alphabet.len())]).collect();
        cases.extend(pattern_cases(&subject, pattern.as_bytes()));
    }
    check(cases);
}

#[test]
fn pattern_complexity() {
    let too_complex = LibraryError::message("pattern too complex");
    let subject = vec![b'a'; 100_000];
    assert_eq!(find(&subject, ".?".repeat(100_000).as_bytes()), Err(too_complex));
    assert!(find(&subject[..80], ".?".repeat(80).as_bytes()).is_ok());
    // Giving back what cannot help would take time quadratic in the length.
    assert_eq!(find(&subject, b"a*$").map(|values| values.len()), Ok(2));
}
