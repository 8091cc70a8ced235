//! Inflated snapshots: sound ones in which one item of a list, or what is in a block, is there over and over, so that a small file
//! claims much. The list says how many items it has then.

use super::change::recount_at;
use super::fields::{Edit, Fields};
use super::sources::Source;
use minivm::raw::snapshot_trace::FieldKind;
use std::collections::HashSet;

/// An item has no more fields than this.
pub const ITEM_FIELDS_MAX: usize = 6;

/// A way to inflate a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Inflation {
    /// What the fields belong to.
    pub label: &'static str,
    /// The first field that is repeated.
    field: usize,
    /// Which one of those with the label it is: the first, the middle or the last one.
    pub place: usize,
    /// How many fields are repeated together; none for the bytes in a block.
    pub fields: usize,
}

/// All ways to inflate a snapshot: for each label from the first, the middle and the last field with it.
fn inflations(fields: &Fields) -> Vec<Inflation> {
    let mut all = Vec::new();
    for (&label, with_label) in &fields.by_label {
        let mut begins = [with_label[0], with_label[with_label.len() / 2], with_label[with_label.len() - 1]].to_vec();
        begins.dedup();
        for (place, field) in begins.into_iter().enumerate() {
            let is_block = matches!(fields.fields[field].kind, FieldKind::Length(_));
            let first = if is_block { 0 } else { 1 };
            all.extend((first..=ITEM_FIELDS_MAX).map(|count| Inflation { label, field, place, fields: count }));
        }
    }
    all
}

/// All ways to inflate one of some snapshots, each label with one of them.
pub fn ways(sources: &[Source]) -> Vec<(&Source, Inflation)> {
    let mut known = HashSet::new();
    let all = sources.iter().flat_map(|source| inflations(&source.fields).into_iter().map(move |way| (source, way)));
    all.filter(|(_, way)| known.insert((way.label, way.place, way.fields))).collect()
}

/// The snapshot, inflated by about so many bytes.
pub fn inflate(fields: &Fields, how: &Inflation, by: usize) -> Vec<u8> {
    let parent = fields.parent(how.field);
    let mut edits = Vec::new();
    if how.fields == 0 {
        let range = fields.range(how.field..how.field + 1);
        let start = range.start + fields.bytes(how.field).len();
        edits.push(Edit { range: start..start, bytes: vec![b'x'; by], parent: Some(how.field) });
    } else {
        let last = (how.field + how.fields).min(fields.fields.len());
        let end = (how.field..last).find(|&field| fields.parent(field) != parent).unwrap_or(last);
        let range = fields.range(how.field..end);
        let item = &fields.payload[range.clone()];
        let times = by / item.len().max(1);
        edits.push(Edit { range: range.start..range.start, bytes: item.repeat(times), parent });
        edits.extend(recount_at(fields, how.field, times as i64));
    }
    fields.apply(edits)
}
