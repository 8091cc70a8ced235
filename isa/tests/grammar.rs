//! `mvt.tmLanguage.json`, the TextMate grammar of the text form, names all mnemonics, kinds, traps and words of the form.
//!
//! `MINIVM_BLESS=1 cargo test -p minivm-isa` renews it.

use minivm_isa::instruction::InstructionInfo;
use minivm_isa::{INSTRUCTIONS, Kind, TrapCode};
use std::path::Path;

/// A rule of the grammar: the scope and the pattern of what it colours.
struct Rule(&'static str, String);

/// Words with boundaries around them; names may have dots, which are no boundary.
fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = words.into_iter().collect();
    words.sort_unstable();
    words.dedup();
    format!("(?<![\\w.])(?:{})(?![\\w.])", words.join("|"))
}

fn rules() -> Vec<Rule> {
    let named = |is_it: fn(&InstructionInfo) -> bool| {
        words(INSTRUCTIONS.iter().filter(|info| is_it(info)).map(|info| info.name))
    };
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let traps: Vec<String> = TrapCode::ALL.iter().map(|code| code.name()).collect();
    vec![
        Rule("comment.line.semicolon.mvt", ";.*$".to_owned()),
        Rule("entity.name.label.mvt", r"^\s*block\d+(?=\s*:)".to_owned()),
        Rule("keyword.control.mvt", named(|info| info.effects.end)),
        Rule("keyword.other.call.mvt", named(|info| !info.effects.end && info.effects.call)),
        Rule("support.function.mvt", named(|info| !info.effects.end && !info.effects.call)),
        Rule(
            "storage.type.mvt",
            format!(
                "{}|{}",
                words(["any", "i8", "i16", "i32", "i64", "f32", "f64", "v128", "cell", "tag"]),
                r"\bref\.layout\d+\b"
            ),
        ),
        Rule(
            "keyword.declaration.mvt",
            words([
                "minivm",
                "target",
                "export",
                "import",
                "start",
                "custom",
                "mutable",
                "record",
                "array",
                "exception",
                "captures",
                "capture_names",
                "registers",
                "region",
                "catch",
                "cleanup",
                "handler",
                "error",
                "message_handler",
                "local",
                "at",
                "line",
                "bytes",
                "dynamic",
                "variadic",
                "active",
                "passive",
                "function",
                "maximum",
                "shared",
                "none",
            ]),
        ),
        Rule("constant.language.mvt", words(["nil", "true", "false", "nan", "inf", "null"].into_iter().chain(kinds))),
        Rule("support.constant.mvt", words(traps.iter().map(String::as_str))),
        Rule("variable.parameter.mvt", r"\br\d+\b".to_owned()),
        Rule(
            "variable.other.mvt",
            r"\b(?:func|sig|layout|type|global|memory|table|data|elem|const|source|block)\d+\b".to_owned(),
        ),
        Rule(
            "constant.numeric.mvt",
            r"(?<![\w.])[-+]?(?:0x[0-9a-fA-F]+|\d+(?:\.(?!\.)\d*)?(?:[eE][-+]?\d+)?)(?![\w])".to_owned(),
        ),
    ]
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn grammar() -> String {
    let mut text = String::from(
        "{\n  \"name\": \"MiniVM text\",\n  \"scopeName\": \"source.mvt\",\n  \"fileTypes\": [\"mvt\"],\n",
    );
    text += "  \"patterns\": [\n";
    text += "    {\n      \"name\": \"string.quoted.double.mvt\",\n      \"begin\": \"\\\"\",\n      \"end\": \"\\\"|$\",\n";
    let escape = "\\\\(?:x[0-9a-fA-F]{2}|[nrt\"\\\\])";
    text += "      \"patterns\": [{ \"name\": \"constant.character.escape.mvt\", \"match\": ";
    text += &format!("{} }}]\n    }}", quoted(escape));
    for Rule(scope, pattern) in rules() {
        text += &format!(",\n    {{ \"name\": {}, \"match\": {} }}", quoted(scope), quoted(&pattern));
    }
    text + "\n  ]\n}\n"
}

#[test]
fn the_grammar_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("mvt.tmLanguage.json");
    let expected = grammar();
    if std::env::var_os("MINIVM_BLESS").is_some() {
        std::fs::write(&path, &expected).expect("the folder is ours");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "run `MINIVM_BLESS=1 cargo test -p minivm-isa` to renew {}", path.display());
}

#[test]
fn every_mnemonic_has_one_rule() {
    let rules = rules();
    for info in INSTRUCTIONS {
        let has_word = |pattern: &str| pattern.split(['|', ':', ')', '(']).any(|word| word == info.name);
        let with = rules.iter().filter(|Rule(_, pattern)| has_word(pattern));
        let scopes: Vec<&str> = with.map(|Rule(scope, _)| *scope).collect();
        // `trap` and words of the form that are mnemonics are coloured by the first rule that has them.
        assert!(!scopes.is_empty() && scopes[0] != "storage.type.mvt", "{}: {scopes:?}", info.name);
    }
}

/// What the parser reads as a word of an item, but no rule names, would go uncoloured: all words of the cases are known.
#[test]
fn all_words_of_the_cases_are_coloured() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/cases");
    let mut folders = vec![cases];
    let rules = rules();
    let known: Vec<&str> = rules.iter().flat_map(|Rule(_, pattern)| pattern.split(['|', ':', ')', '('])).collect();
    let (mut files, mut unknown) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the cases are there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "mvt") {
                files += 1;
                let text = std::fs::read_to_string(&path).expect("it is text");
                check_words(&text, &known, &mut unknown);
                check_layout(&path, &text);
            }
        }
    }
    assert!(files >= 10, "there are cases");
    assert!(unknown.is_empty(), "no rule colours {unknown:?}");
}

fn check_words(text: &str, known: &[&str], unknown: &mut Vec<String>) {
    for line in text.lines() {
        // Strings and comments have rules of their own.
        let mut is_string = false;
        let code: String = line
            .chars()
            .map(|character| {
                is_string ^= character == '"';
                if is_string || character == '"' { ' ' } else { character }
            })
            .take_while(|&character| character != ';')
            .collect();
        for word in code.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_')) {
            let is_numbered = word.ends_with(|last: char| last.is_ascii_digit());
            let begins = word.starts_with(|first: char| first.is_ascii_lowercase());
            if begins && !is_numbered && !["ref", "inf"].contains(&word) && !known.contains(&word) {
                unknown.push(word.to_owned());
            }
        }
    }
}

/// The formatter keeps what the cases say, and changes nothing when it is used again; what prints is laid out already.
fn check_layout(path: &Path, text: &str) {
    let name = path.display();
    let formatted = minivm_isa::text::format(text).unwrap_or_else(|errors| panic!("{name}: {}", errors[0]));
    assert_eq!(minivm_isa::text::format(&formatted).as_ref(), Ok(&formatted), "{name}");
    let program = minivm_isa::text::parse(text).expect("it is one");
    assert_eq!(minivm_isa::text::parse(&formatted).as_ref(), Ok(&program), "{name}");
    let comments = |text: &str| text.lines().filter(|line| line.trim_start().starts_with(';')).count();
    assert_eq!(comments(text), comments(&formatted), "{name}");
    let printed = program.to_string();
    assert_eq!(minivm_isa::text::format(&printed), Ok(printed), "{name}");
}
