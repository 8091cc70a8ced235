//! Damage to bytes and to text.

use minivm_conformance::random::Random;

/// Numbers at which programs tend to go wrong.
const EDGES: [&str; 14] = [
    "0",
    "1",
    "-1",
    "2",
    "7",
    "63",
    "64",
    "255",
    "256",
    "65535",
    "65536",
    "2147483648",
    "4294967295",
    "9223372036854775807",
];

/// Damages bytes in a few places.
pub(crate) fn bytes(input: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        if input.is_empty() {
            input.push(random.next() as u8);
            continue;
        }
        let place = random.below(input.len());
        match random.below(8) {
            0 => input[place] = random.next() as u8,
            1 => input[place] = input[place].wrapping_add(1),
            2 => input[place] ^= 1 << random.below(8),
            3 => input[place] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)],
            4 => input.truncate(place),
            5 => input.insert(place, random.next() as u8),
            6 => copy_within(input, place, random),
            _ => drop(input.drain(place..(place + 1 + random.below(8)).min(input.len()))),
        }
    }
}

fn copy_within(input: &mut Vec<u8>, place: usize, random: &mut Random) {
    let from = random.below(input.len());
    let piece = input[from..(from + 1 + random.below(16)).min(input.len())].to_vec();
    input.splice(place..place, piece);
}

/// Damages text in a few places: words change, move, double or vanish, numbers become edges, pieces come in.
pub(crate) fn text(input: &[u8], random: &mut Random, pieces: &[&str]) -> Vec<u8> {
    let mut words = split(input);
    for _ in 0..=random.below(4) {
        if words.is_empty() {
            break;
        }
        let place = random.below(words.len());
        let other = words[random.below(words.len())].clone();
        match random.below(8) {
            0 => drop(words.remove(place)),
            1 => words.insert(place, other),
            2 => words[place] = other,
            3 if !pieces.is_empty() => words.insert(place, pieces[random.below(pieces.len())].into()),
            4 => replace_number(&mut words, place, random),
            5 => words.truncate(place.max(1)),
            6 => bytes(&mut words[place], random),
            _ => {
                let second = random.below(words.len());
                words.swap(place, second);
            }
        }
    }
    words.concat()
}

/// Makes the next number from `place` on an edge.
fn replace_number(words: &mut [Vec<u8>], place: usize, random: &mut Random) {
    let number = words[place..].iter_mut().find(|word| word.first().is_some_and(u8::is_ascii_digit));
    if let Some(word) = number {
        *word = EDGES[random.below(EDGES.len())].into();
    }
}

/// Words, numbers, runs of white space, and single other bytes; together they are the input.
fn split(input: &[u8]) -> Vec<Vec<u8>> {
    let kind = |byte: u8| match byte {
        b'0'..=b'9' => 1,
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => 2,
        b' ' | b'\n' | b'\t' => 3,
        _ => 0,
    };
    input.chunk_by(|&left, &right| kind(left) != 0 && kind(left) == kind(right)).map(<[u8]>::to_vec).collect()
}
