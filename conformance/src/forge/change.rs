//! Changing fields: to what they never are, to what others of their kind are, to what is nearly right.

use super::fields::{Edit, Fields, leb128};
use crate::random::Random;
use minivm::raw::snapshot_trace::FieldKind;

/// A payload with one to three changed fields, or with fields that were swapped, doubled or left out.
pub fn forge(fields: &Fields, random: &mut Random) -> Vec<u8> {
    let mut edits = Vec::new();
    for _ in 0..[1, 1, 1, 2, 2, 3][random.below(6)] {
        let field = pick(fields, random);
        match random.below(10) {
            0 => swap(fields, field, random, &mut edits),
            1 => double(fields, field, random, &mut edits),
            2 => leave_out(fields, field, random, &mut edits),
            _ => edits.push(replace(fields, field, random)),
        }
    }
    drop_overlapping(&mut edits);
    fields.apply(edits)
}

/// Flips a byte anywhere in what was forged already.
pub fn forge_again(fields: &Fields, forged: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = forged.to_vec();
    // Fields that lie before the first change are where they were.
    let field = pick(fields, random);
    let at = fields.fields[field].at.min(bytes.len().saturating_sub(1));
    if let Some(byte) = bytes.get_mut(at) {
        *byte = byte.wrapping_add([1, 255, 128][random.below(3)]);
    }
    bytes
}

/// A field: those that are rare are as likely as those that are many.
fn pick(fields: &Fields, random: &mut Random) -> usize {
    if random.below(4) == 0 {
        return random.below(fields.fields.len());
    }
    let label = random.below(fields.by_label.len());
    let all = fields.by_label.values().nth(label).expect("the number is below theirs");
    all[random.below(all.len())]
}

/// Another value for a field.
fn replace(fields: &Fields, field: usize, random: &mut Random) -> Edit {
    let old = fields.bytes(field);
    let bytes = match fields.fields[field].kind {
        FieldKind::Flag => vec![old[0] ^ 1],
        FieldKind::Byte => vec![byte(fields, field, random)],
        FieldKind::Number | FieldKind::Count => leb128(number(fields, field, random)),
        FieldKind::Signed => leb128(number(fields, field, random)),
        FieldKind::Length(length) => leb128(length.wrapping_add([1, u64::MAX, 1 << 40][random.below(3)])),
        FieldKind::Word | FieldKind::Half | FieldKind::Raw => raw(fields, field, random),
    };
    let range = fields.range(field..field + 1);
    // A block keeps what is in it.
    let range = range.start..range.start + old.len();
    Edit { range, bytes, parent: fields.parent(field) }
}

/// The bytes of another field of the same kind and label.
fn other<'f>(fields: &'f Fields, field: usize, random: &mut Random) -> &'f [u8] {
    let wanted = fields.fields[field];
    let alike = &fields.by_label[wanted.label];
    for _ in 0..8 {
        let found = alike[random.below(alike.len())];
        if std::mem::discriminant(&fields.fields[found].kind) == std::mem::discriminant(&wanted.kind) {
            return fields.bytes(found);
        }
    }
    fields.bytes(field)
}

fn byte(fields: &Fields, field: usize, random: &mut Random) -> u8 {
    let old = fields.bytes(field)[0];
    match random.below(5) {
        0 => old.wrapping_add(1),
        1 => old.wrapping_sub(1),
        2 => random.below(16) as u8,
        3 => old ^ 1 << random.below(8),
        _ => other(fields, field, random)[0],
    }
}

fn value_of(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 7 | u64::from(byte & 0x7f))
}

fn number(fields: &Fields, field: usize, random: &mut Random) -> u64 {
    const ODD: [u64; 12] =
        [0, 1, 2, 255, (1 << 16) - 1, 1 << 28, 1 << 31, u32::MAX as u64, 1 << 48, 1 << 60, i64::MAX as u64, u64::MAX];
    let old = value_of(fields.bytes(field));
    match random.below(8) {
        0 => old.wrapping_add(1),
        1 => old.wrapping_sub(1),
        2 => old.wrapping_add(random.below(64) as u64).wrapping_sub(32),
        3 => random.size(12),
        4 => ODD[random.below(ODD.len())],
        _ => value_of(other(fields, field, random)),
    }
}

fn raw(fields: &Fields, field: usize, random: &mut Random) -> Vec<u8> {
    let mut bytes = fields.bytes(field).to_vec();
    if random.below(3) == 0 {
        let other = other(fields, field, random);
        if other.len() == bytes.len() {
            return other.to_vec();
        }
    }
    let at = random.below(bytes.len());
    match random.below(4) {
        0 => bytes.fill(0),
        1 => bytes.fill(0xff),
        2 => bytes[at] ^= 1 << random.below(8),
        _ => bytes[at] = bytes[at].wrapping_add(1),
    }
    bytes
}

/// As many fields from `field` on as an item of a list may have, all in one block.
fn item(fields: &Fields, field: usize, random: &mut Random) -> std::ops::Range<usize> {
    let parent = fields.parent(field);
    let mut end = field + 1;
    for _ in 0..random.below(6) {
        // What is in a block goes with it.
        if end < fields.fields.len() && fields.parent(end) == parent {
            end += 1;
        }
    }
    field..end
}

fn swap(fields: &Fields, field: usize, random: &mut Random, edits: &mut Vec<Edit>) {
    let alike = &fields.by_label[fields.fields[field].label];
    let with = alike[random.below(alike.len())];
    let (one, other) = (fields.range(field..field + 1), fields.range(with..with + 1));
    if one.start < other.end && other.start < one.end {
        return;
    }
    for (range, bytes, field) in [(one.clone(), other.clone(), field), (other, one, with)] {
        edits.push(Edit { range, bytes: fields.payload[bytes].to_vec(), parent: fields.parent(field) });
    }
}

/// The count before a field says another number of items, mostly.
fn recount(fields: &Fields, field: usize, by: i64, random: &mut Random, edits: &mut Vec<Edit>) {
    if random.below(8) > 0 {
        edits.extend(recount_at(fields, field, by));
    }
}

/// The count before a field says another number of items. The number of cells is in the head.
pub(super) fn recount_at(fields: &Fields, field: usize, by: i64) -> Option<Edit> {
    let parent = fields.parent(field);
    if fields.is_cell(field) {
        let cells = u64::from_le_bytes(fields.bytes(0).try_into().ok()?).wrapping_add_signed(by);
        return Some(Edit { range: fields.range(0..1), bytes: cells.to_le_bytes().to_vec(), parent: None });
    }
    let is_count = |&index: &usize| fields.fields[index].kind == FieldKind::Count && fields.parent(index) == parent;
    let count = (0..field).rev().take(2000).find(is_count)?;
    let number = value_of(fields.bytes(count)).wrapping_add_signed(by);
    Some(Edit { range: fields.range(count..count + 1), bytes: leb128(number), parent })
}

fn double(fields: &Fields, field: usize, random: &mut Random, edits: &mut Vec<Edit>) {
    let range = fields.range(item(fields, field, random));
    let bytes = fields.payload[range.clone()].to_vec();
    edits.push(Edit { range: range.start..range.start, bytes, parent: fields.parent(field) });
    recount(fields, field, 1, random, edits);
}

fn leave_out(fields: &Fields, field: usize, random: &mut Random, edits: &mut Vec<Edit>) {
    let range = fields.range(item(fields, field, random));
    edits.push(Edit { range, bytes: Vec::new(), parent: fields.parent(field) });
    recount(fields, field, -1, random, edits);
}

fn drop_overlapping(edits: &mut Vec<Edit>) {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut end = 0;
    edits.retain(|edit| {
        let is_behind = edit.range.start >= end;
        end = if is_behind { edit.range.end } else { end };
        is_behind
    });
}
