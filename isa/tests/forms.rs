//! Properties of the text form, the binary form and the verifier over random programs.

mod common;

use common::{Random, any_program, good_program};
use minivm_isa::binary::{SKIPPABLE, Section};
use minivm_isa::program::FunctionDef;
use minivm_isa::{Allowance, Program, binary, text, verify};

/// Seeds of a test: so many, or `MINIVM_FUZZ` times as many for a long run with other programs each.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let times = std::env::var("MINIVM_FUZZ").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    0..usual * times
}

fn round_trips(program: &Program) {
    let bytes = binary::encode(program);
    assert_eq!(binary::decode(&bytes).as_ref(), Ok(program), "binary round trip");
    let later = binary::decode_later(bytes.clone(), &mut Allowance::default());
    assert_eq!(later.as_ref(), Ok(program), "functions that are read later are the same");
    assert_eq!(binary::encode(program), bytes, "the same program gives the same bytes");
    let printed = program.to_string();
    match text::parse(&printed) {
        Ok(parsed) => {
            assert_eq!(parsed.to_string(), printed, "text prints the same again");
            assert!(parsed == *program, "text round trip:\n{printed}\n{program:?}");
        }
        Err(errors) => panic!("{}\n{printed}", errors[0]),
    }
}

#[test]
fn any_program_round_trips() {
    for seed in seeds(1500) {
        let program = any_program(&mut Random(seed));
        round_trips(&program);
        verify::check(&program);
    }
}

#[test]
fn good_programs_are_accepted() {
    for seed in seeds(300) {
        let program = good_program(&mut Random(seed));
        let rejections = verify::check(&program);
        assert!(rejections.is_empty(), "{}\n{program}", rejections[0]);
        round_trips(&program);
        let later = binary::decode_later(binary::encode(&program), &mut Allowance::default()).expect("it was written");
        let later = verify(later).unwrap_or_else(|rejections| panic!("{}", rejections[0]));
        assert_eq!(*later, program, "functions that are verified later are the same");
    }
}

#[test]
fn damaged_bytes_are_errors_or_programs() {
    for seed in seeds(400) {
        let mut random = Random(seed);
        let program = if random.flip() { any_program(&mut random) } else { good_program(&mut random) };
        let bytes = binary::encode(&program);
        for _ in 0..20 {
            let mut bytes = bytes.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len());
                match random.below(4) {
                    0 => bytes.truncate(at.max(1)),
                    1 => bytes.insert(at, random.bits() as u8),
                    2 => bytes[at] ^= 1 << random.below(8),
                    _ => bytes[at] = random.bits() as u8,
                }
            }
            if let Ok(later) = binary::decode_later(bytes.clone(), &mut Allowance::default())
                && let Ok(later) = verify(later)
            {
                let rejections = verify::check(&later);
                assert!(rejections.is_empty(), "what fails later is valid: {}", rejections[0]);
            }
            match binary::decode(&bytes) {
                Ok(program) => {
                    if binary::version_of(&bytes) == Some(binary::VERSION) {
                        let known = without_unknown_sections(&bytes);
                        assert_eq!(binary::encode(&program), known, "what decodes has only one form");
                    }
                    verify::check(&program);
                    let _ = program.to_string();
                }
                Err(error) => assert!(error.offset <= bytes.len(), "{error}"),
            }
        }
    }
}

#[test]
fn damaged_text_is_errors_or_a_program() {
    for seed in seeds(200) {
        let mut random = Random(seed);
        let program = if random.flip() { any_program(&mut random) } else { good_program(&mut random) };
        let mut characters: Vec<char> = program.to_string().chars().collect();
        for _ in 0..8 {
            if characters.is_empty() {
                break;
            }
            let at = random.below(characters.len());
            match random.below(4) {
                0 => characters.truncate(at.max(1)),
                1 => characters.insert(at, random.pick(&['\n', '{', '}', '"', '\\', 'r', '9', '語', '(', ',', '-'])),
                2 => drop(characters.remove(at)),
                _ => characters[at] = random.pick(&['0', ' ', ';', 'x', '.', ':', '=', '+']),
            }
            let text: String = characters.iter().collect();
            match text::parse(&text) {
                Ok(program) => drop(verify::check(&program)),
                Err(errors) => {
                    let lines = text.lines().count() as u32 + 1;
                    assert!(errors.iter().all(|error| (1..=lines).contains(&error.line) && error.column > 0));
                }
            }
        }
    }
}

#[test]
fn every_prefix_of_a_file_is_an_error() {
    let bytes = binary::encode(&good_program(&mut Random(7)));
    for length in 0..bytes.len() {
        // A cut between sections leaves a file that is whole in itself, though not with the same features.
        if let Ok(program) = binary::decode(&bytes[..length]) {
            verify::check(&program);
        }
    }
}

/// The file without sections that may be skipped and are not known.
fn without_unknown_sections(bytes: &[u8]) -> Vec<u8> {
    const HEADER_BYTES: usize = 16;
    let (header, mut rest) = bytes.split_at(HEADER_BYTES);
    let mut known = header.to_vec();
    while let Some((&number, contents)) = rest.split_first() {
        let length_bytes = 1 + contents.iter().take_while(|&&byte| byte & 0x80 != 0).count();
        let length =
            contents[..length_bytes].iter().rev().fold(0, |length, &byte| length << 7 | usize::from(byte & 0x7f));
        let (section, next) = rest.split_at(1 + length_bytes + length);
        if number < SKIPPABLE || Section::from_number(number).is_some() {
            known.extend_from_slice(section);
        }
        rest = next;
    }
    known
}

#[test]
fn unknown_sections_are_skipped_where_they_may_be() {
    let program = good_program(&mut Random(3));
    let plain = binary::encode(&program);
    let with = |section: &[u8]| [&plain[..], section].concat();
    assert_eq!(binary::decode(&with(&[0xf0, 3, 1, 2, 3])), Ok(program.clone()));
    assert_eq!(without_unknown_sections(&with(&[0xf0, 3, 1, 2, 3])), plain);
    assert_eq!(binary::decode(&with(&[0xf0, 0, 0xf1, 1, 7])), Ok(program));
    let refused = |section: &[u8], expected: &str| {
        let error = binary::decode(&with(section)).unwrap_err();
        assert!(error.offset >= plain.len() && error.message.contains(expected), "{error}");
    };
    refused(&[0xf0, 3, 1, 2], "3 entries are announced, but only 2 bytes are left");
    refused(&[0xf1, 0, 0xf0, 0], "section 0xf0 must come before section 0xf1, and only once");
    refused(&[0xf0, 0, 0xf0, 0], "only once");
    refused(&[0x81, 2, 0, 0], "only once");
    let empty = binary::encode(&Program::default());
    let error = binary::decode(&[&empty[..], &[0x7f, 0]].concat()).unwrap_err();
    assert_eq!(error.to_string(), "at byte 0x10: 0x7f stands for no section of version 1");
}

/// What a program says for people can be left out of its file, and everything else is as it was.
#[test]
fn sections_that_may_be_skipped_carry_no_meaning() {
    let mut skipped = 0;
    for seed in seeds(200) {
        let program = any_program(&mut Random(seed));
        let bytes = binary::encode(&program);
        let mut plain = program.clone();
        plain.sources.clear();
        plain.globals.values_mut().for_each(|global| global.name.clear());
        for function in plain.functions.values_mut() {
            let FunctionDef::Code(code) = function else { continue };
            code.name.clear();
            code.capture_names.clear();
            code.locals.clear();
            code.spans.clear();
        }
        let expected = binary::encode(&plain);
        let rest = bytes.strip_prefix(&expected[..]).expect("they are the last ones");
        assert!(rest.first().is_none_or(|&number| number >= SKIPPABLE), "{rest:?}");
        skipped += usize::from(!rest.is_empty());
        assert_eq!(binary::decode(&expected), Ok(plain));
    }
    assert!(skipped > 100, "{skipped} programs had something to skip");
}

#[test]
fn other_versions_and_features_are_refused() {
    let check = |change: &dyn Fn(&mut Vec<u8>), expected: &str| {
        let mut bytes = binary::encode(&Program::default());
        change(&mut bytes);
        assert_eq!(binary::decode(&bytes).unwrap_err().to_string(), expected);
    };
    check(
        &|bytes| bytes[4] = 2,
        "at byte 0x4: this is format version 2, but this build reads versions 0 to 1: a newer release of MiniVM reads it",
    );
    check(
        &|bytes| bytes[15] = 1,
        "at byte 0x8: the program needs unknown features: 56; this build knows 0 (address64), 1 (shared_memory), 2 (v128), \
         3 (page_sizes), 4 (exact_types): a newer release of MiniVM reads it",
    );
    check(
        &|bytes| bytes[8] = 5,
        "at byte 0x8: the features are said to be 0 (address64), 2 (v128), but the program needs none",
    );
    check(&|bytes| bytes[1] = b'M', "at byte 0x0: this is no MiniVM program: it does not begin with \\0mvm");
    check(&|bytes| bytes.truncate(10), "at byte 0x8: the file ends too early: 8 bytes are needed, 2 are left");
    check(&|bytes| bytes.push(99), "at byte 0x10: 0x63 stands for no section of version 1");
    check(
        &|bytes| bytes.extend([13, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        "at byte 0x12: 4398046511103 entries are announced, but only 0 bytes are left",
    );
}

#[test]
fn the_text_form_of_another_version_is_refused() {
    for known in ["minivm 0\n", "minivm 1\n"] {
        assert_eq!(text::parse(known).unwrap().to_string(), "minivm 1\n");
    }
    let errors = text::parse("minivm 2\n").unwrap_err();
    let expected = "1:8: this is text form 2, but this build reads versions 0 to 1: a newer release of MiniVM reads it";
    assert_eq!(errors[0].to_string(), expected);
}

#[test]
fn the_version_of_a_file_is_known_before_it_is_read() {
    assert_eq!(binary::version_of(&binary::encode(&Program::default())), Some(1));
    assert_eq!(binary::version_of(b"\0mvm\x09\0\0\0"), Some(9));
    assert_eq!(binary::version_of(b"\0mvm\x09\0\0"), None);
    assert_eq!(binary::version_of(b"\0asm\x01\0\0\0"), None);
}
