//! Properties of the text form, the binary form and the verifier over random programs.

mod common;

use common::{Random, any_program, good_program};
use minivm_isa::{Program, binary, text, verify};

/// Seeds of a test: so many, or `MINIVM_FUZZ` times as many for a long run with other programs each.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let times = std::env::var("MINIVM_FUZZ").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    0..usual * times
}

fn round_trips(program: &Program) {
    let bytes = binary::encode(program);
    assert_eq!(binary::decode(&bytes).as_ref(), Ok(program), "binary round trip");
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
            match binary::decode(&bytes) {
                Ok(program) => {
                    assert_eq!(binary::encode(&program), bytes, "what decodes has only one form");
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

#[test]
fn other_versions_and_features_are_refused() {
    let check = |change: &dyn Fn(&mut Vec<u8>), expected: &str| {
        let mut bytes = binary::encode(&Program::default());
        change(&mut bytes);
        assert_eq!(binary::decode(&bytes).unwrap_err().to_string(), expected);
    };
    check(&|bytes| bytes[4] = 1, "at byte 0x4: this is format version 1, only version 0 can be read");
    check(&|bytes| bytes[15] = 1, "at byte 0x8: unknown features 0x100000000000000, known are 0xf of version 0");
    check(&|bytes| bytes[8] = 1, "at byte 0x8: the feature bits are 0x1, but the program has 0x0");
    check(&|bytes| bytes[1] = b'M', "at byte 0x0: this is no MiniVM program: it does not begin with \\0mvm");
    check(&|bytes| bytes.truncate(10), "at byte 0x8: the file ends too early: 8 bytes are needed, 2 are left");
    check(&|bytes| bytes.push(99), "at byte 0x10: 99 stands for no section");
    check(
        &|bytes| bytes.extend([13, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        "at byte 0x12: 4398046511103 entries are announced, but only 0 bytes are left",
    );
}
