//! The fields of a snapshot, as loading it tells them, and putting changed ones together: lengths of what is around them follow.

use minivm::raw::snapshot_trace::{self, Field, FieldKind};
use std::collections::BTreeMap;
use std::ops::Range;

/// Numbers of eight bytes before the parts: cells, strings, and the lengths of the parts.
const HEAD_NUMBERS: usize = 11;
/// Their bytes.
pub const HEAD_BYTES: usize = 8 * HEAD_NUMBERS;
/// The first of them that is a length.
const FIRST_LENGTH: usize = 2;
/// The part with the shapes of cells.
const SHAPES: usize = 5;
/// Bytes of those before.
pub const COUNTS_BYTES: usize = 8 * FIRST_LENGTH;

/// A snapshot and its fields.
pub struct Fields {
    /// The bytes of it.
    pub payload: Vec<u8>,
    /// The fields, in the order in which they lie; the numbers before the parts among them, but for the lengths.
    pub fields: Vec<Field>,
    /// For each field the one that is the length of the block around it.
    parents: Vec<Option<usize>>,
    /// Where the parts lie.
    parts: Vec<Range<usize>>,
    /// The numbers of the fields with each label.
    pub by_label: BTreeMap<&'static str, Vec<usize>>,
}

/// Other bytes in place of some.
pub struct Edit {
    /// What they replace, within one block or part.
    pub range: Range<usize>,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The field whose block is around them, none for that of a part.
    pub parent: Option<usize>,
}

/// A number in LEB128.
pub fn leb128(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

impl Fields {
    /// The fields of a snapshot that `load` can load.
    pub fn new(payload: Vec<u8>, load: impl FnOnce(&[u8])) -> Self {
        let mut fields = snapshot_trace::fields(|| load(&payload));
        let word =
            |index: usize| u64::from_le_bytes(payload[8 * index..8 * index + 8].try_into().expect("eight bytes"));
        let mut at = HEAD_BYTES;
        let mut parts = Vec::new();
        for index in FIRST_LENGTH..HEAD_NUMBERS {
            parts.push(at..at + word(index) as usize);
            at += word(index) as usize;
        }
        let counts =
            (0..FIRST_LENGTH).map(|index| Field { at: 8 * index, bytes: 8, kind: FieldKind::Word, label: "head" });
        fields.splice(0..0, counts);
        let parents = parents(&fields);
        let mut by_label: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
        for (index, field) in fields.iter().enumerate() {
            by_label.entry(field.label).or_default().push(index);
        }
        Fields { payload, fields, parents, parts, by_label }
    }

    /// The bytes of a field.
    pub fn bytes(&self, field: usize) -> &[u8] {
        let Field { at, bytes, .. } = self.fields[field];
        &self.payload[at..at + bytes]
    }

    /// The block that a field is in.
    pub fn parent(&self, field: usize) -> Option<usize> {
        self.parents[field]
    }

    /// Whether a field belongs to the shape of a cell.
    pub fn is_cell(&self, field: usize) -> bool {
        self.parts[SHAPES].contains(&self.fields[field].at)
    }

    /// Where the bytes of fields lie; a block goes with its length.
    pub fn range(&self, fields: Range<usize>) -> Range<usize> {
        let end = fields.clone().map(|field| self.end(field)).max().unwrap_or(0);
        self.fields[fields.start].at..end
    }

    fn end(&self, field: usize) -> usize {
        let Field { at, bytes, kind, .. } = self.fields[field];
        let body = if let FieldKind::Length(length) = kind { length as usize } else { 0 };
        at + bytes + body
    }

    /// The payload with other bytes in these places, none of which overlap; all lengths around them follow.
    pub fn apply(&self, mut edits: Vec<Edit>) -> Vec<u8> {
        // By how much each block and each part grows.
        let mut growth: BTreeMap<usize, i64> = BTreeMap::new();
        let mut part_growth = vec![0i64; self.parts.len()];
        let mut grow = |mut parent: Option<usize>, at: usize, by: i64, growth: &mut BTreeMap<usize, i64>| {
            while let Some(field) = parent {
                *growth.entry(field).or_default() += by;
                parent = self.parents[field];
            }
            // An empty part has no place of its own.
            let inside = self.parts.iter().position(|part| part.contains(&at));
            let behind = self.parts.iter().position(|part| part.end == at && !part.is_empty());
            if let Some(part) = inside.or(behind) {
                part_growth[part] += by;
            }
        };
        for edit in &edits {
            let by = edit.bytes.len() as i64 - edit.range.len() as i64;
            grow(edit.parent, edit.range.start, by, &mut growth);
        }
        // From the innermost block outwards: a length that takes more bytes makes the blocks around it grow.
        while let Some((field, by)) = growth.pop_last() {
            let Field { at, bytes, kind, .. } = self.fields[field];
            let FieldKind::Length(length) = kind else { continue };
            if edits.iter().any(|edit| edit.range.contains(&at)) {
                continue;
            }
            let number = leb128((length as i64 + by).max(0) as u64);
            grow(self.parents[field], at, number.len() as i64 - bytes as i64, &mut growth);
            edits.push(Edit { range: at..at + bytes, bytes: number, parent: self.parents[field] });
        }
        for (part, by) in part_growth.into_iter().enumerate() {
            let at = 8 * (FIRST_LENGTH + part);
            let length = (self.parts[part].len() as i64 + by).max(0) as u64;
            edits.push(Edit { range: at..at + 8, bytes: length.to_le_bytes().to_vec(), parent: None });
        }
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let mut out = Vec::with_capacity(self.payload.len() + 64);
        let mut at = 0;
        for edit in edits.iter().filter(|edit| edit.range.start <= self.payload.len()) {
            if edit.range.start < at {
                continue;
            }
            out.extend_from_slice(&self.payload[at..edit.range.start]);
            out.extend_from_slice(&edit.bytes);
            at = edit.range.end;
        }
        out.extend_from_slice(&self.payload[at..]);
        out
    }
}

/// For each field the length of the block that it lies in.
fn parents(fields: &[Field]) -> Vec<Option<usize>> {
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut parents = Vec::with_capacity(fields.len());
    for (index, field) in fields.iter().enumerate() {
        while open.last().is_some_and(|(_, end)| field.at >= *end) {
            open.pop();
        }
        parents.push(open.last().map(|(parent, _)| *parent));
        if let FieldKind::Length(length) = field.kind {
            open.push((index, field.at + field.bytes + length as usize));
        }
    }
    parents
}
