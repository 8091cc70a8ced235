//! Calls that a compiler has inlined, found again by DWARF: sound, and damaged in any way.

use minivm::InlinedCall;
use minivm_wasm::inlined_calls;

/// Built from `data/inlined.c`, which says how.
const MODULE: &[u8] = include_bytes!("data/inlined.wasm");

/// Where a section begins in the module.
fn place_of(name: &str) -> usize {
    let found = MODULE.windows(name.len()).position(|part| part == name.as_bytes());
    found.unwrap_or_else(|| panic!("there is a section {name}"))
}

/// Bytes of the module that have inlined calls around them, and these.
fn all() -> Vec<(u32, Vec<InlinedCall>)> {
    let of_bytes = (0..MODULE.len() as u32).map(|byte| (byte, inlined_calls(MODULE, byte)));
    of_bytes.filter(|(_, calls)| !calls.is_empty()).collect()
}

#[test]
fn calls_are_told_the_innermost_first() {
    let call = |function: &str, line| InlinedCall { function: function.into(), file: "inlined.c".into(), line };
    let (share, divide) = (call("share", 14), call("divide", 9));
    let found = all();
    assert!(found.iter().any(|(_, calls)| *calls == [divide.clone(), share.clone()]), "{found:?}");
    assert!(found.iter().any(|(_, calls)| *calls == [share.clone()]), "{found:?}");
    assert!(found.iter().all(|(byte, _)| (*byte as usize) < place_of(".debug_info")), "only code has calls: {found:?}");
}

#[test]
fn damaged_sections_are_as_good_as_missing() {
    let (divides, _) = all().into_iter().find(|(_, calls)| calls.len() == 2).expect("there is such a place");
    for at in place_of(".debug_info")..MODULE.len() {
        for change in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff] {
            let mut damaged = MODULE.to_vec();
            damaged[at] ^= change;
            inlined_calls(&damaged, divides);
        }
        inlined_calls(&MODULE[..at], divides);
    }
}

/// A module with sections that name themselves: as `clang` makes them, but their contents are given.
fn with_sections(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b".to_vec();
    for (name, bytes) in sections {
        let length = 1 + name.len() + bytes.len();
        module.push(0);
        module.extend((0..5).map(|part| (length >> (7 * part)) as u8 & 0x7f | if part < 4 { 0x80 } else { 0 }));
        module.push(name.len() as u8);
        module.extend(name.as_bytes());
        module.extend(*bytes);
    }
    module
}

/// Many units with one large table of abbreviations, many entries with very many attributes that take no bytes, and many with one
/// long list of ranges: each would take time that grows with the square of the size.
#[test]
fn time_is_bounded() {
    // One abbreviation: a unit with children; another: a function with 50,000 flags.
    let mut flags = vec![0x01, 0x11, 0x01, 0, 0, 0x02, 0x2e, 0x00];
    flags.extend([0x3f, 0x19].repeat(50_000));
    flags.extend([0, 0, 0]);
    let mut functions = vec![0x01];
    functions.extend(vec![0x02; 200_000]);
    let unit = |entries: &[u8]| {
        let length = (7 + entries.len()) as u32;
        [&length.to_le_bytes()[..], &[4, 0, 0, 0, 0, 0, 4], entries].concat()
    };
    let many = unit(&[0x01]).repeat(50_000);
    // Functions with ranges: a list of 100,000 that are elsewhere.
    let ranged = [0x01, 0x11, 0x01, 0, 0, 0x02, 0x2e, 0x00, 0x55, 0x17, 0, 0, 0];
    let mut list: Vec<u8> = [9, 0, 0, 0, 10, 0, 0, 0].repeat(100_000);
    list.extend([0; 8]);
    let mut entries = vec![0x01];
    entries.extend([0x02, 0, 0, 0, 0].repeat(100_000));
    for sections in [
        [(".debug_info", &unit(&functions)[..]), (".debug_abbrev", &flags[..]), (".debug_ranges", &[][..])],
        [(".debug_info", &many[..]), (".debug_abbrev", &flags[..]), (".debug_ranges", &[][..])],
        [(".debug_info", &unit(&entries)[..]), (".debug_abbrev", &ranged[..]), (".debug_ranges", &list[..])],
    ] {
        let module = with_sections(&sections);
        // The address is that of the only function's body.
        assert_eq!(inlined_calls(&module, 23), []);
    }
}
