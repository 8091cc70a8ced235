//! What an exception says to people: the name of its tag, and what it carries.

use super::basic_type_name;
use crate::heap::Record;
use crate::runtime::context::Context;
use crate::runtime::instance::Instance;
use crate::runtime::layouts::{Shape, layout_of};
use crate::value::{Tag, Value};
use minivm_isa::program::{Item, Origin};
use minivm_isa::{Storage, Type};

/// Values of an exception that are shown.
const SHOWN_MAX: usize = 16;

impl Context {
    /// `exception 'name' (7, 2.5)`, for a value that is an exception.
    pub(crate) fn exception_text(&self, value: Value) -> Option<String> {
        // SAFETY: the value at hand is live.
        let number = unsafe { layout_of(value) }?;
        let layout = self.layouts.get(number).filter(|layout| layout.is_exception)?;
        let Shape::Record { fields, .. } = &layout.shape else { return None };
        // SAFETY: it is a record of this layout.
        let words = unsafe {
            let record = value.pointer().cast::<Record>();
            std::slice::from_raw_parts(Record::data(record), (*record).words as usize)
        };
        let tag = fields.first().and_then(|&(word, _)| words.get(word as usize)).copied().unwrap_or(0);
        let name = self.tag_name(tag).map_or(String::new(), |name| format!(" '{name}'"));
        let mut values: Vec<String> = fields
            .iter()
            .skip(1)
            .take(SHOWN_MAX)
            .map(|&(word, storage)| shown(&words[word as usize..], storage))
            .collect();
        if fields.len() > SHOWN_MAX + 1 {
            values.push("…".to_owned());
        }
        let carried = if values.is_empty() { String::new() } else { format!(" ({})", values.join(", ")) };
        Some(format!("exception{name}{carried}"))
    }

    /// The name that a tag is exported by, or else imported.
    fn tag_name(&self, tag: u64) -> Option<String> {
        let mut instances = self.instances.iter();
        instances.find_map(|instance| exported(instance, tag)).or_else(|| {
            self.instances.iter().find_map(|instance| {
                match &instance.program.globals.values().nth(find(instance, tag)?)?.origin {
                    Origin::Import(import) => Some(import.name.clone()),
                    Origin::Own(_) => None,
                }
            })
        })
    }
}

/// The place of the global that holds a tag.
fn find(instance: &Instance, tag: u64) -> Option<usize> {
    // SAFETY: nobody writes while the machine makes a message.
    let holds = |index: usize| unsafe { (*instance.globals[index].words.get())[0] } == tag;
    let mut globals = instance.program.globals.values().enumerate().take(instance.globals.len());
    globals.find(|&(index, global)| global.holds.is_tag() && holds(index)).map(|(index, _)| index)
}

fn exported(instance: &Instance, tag: u64) -> Option<String> {
    let index = find(instance, tag)?;
    let is_it = |item| matches!(item, Item::Global(global) if global.as_u32() as usize == index);
    instance.program.exports.iter().find(|export| is_it(export.item)).map(|export| export.name.clone())
}

/// A value that an exception carries; objects by their kind.
fn shown(words: &[u64], storage: Storage) -> String {
    match storage.register_type() {
        Type::I32 => (words[0] as u32 as i32).to_string(),
        Type::I64 => (words[0] as i64).to_string(),
        Type::F32 => crate::format::number(Value::float(f64::from(f32::from_bits(words[0] as u32)))),
        Type::F64 => crate::format::number(Value::float(f64::from_bits(words[0]))),
        Type::V128 => format!("{:#034x}", u128::from(words[0]) | u128::from(words[1]) << 64),
        Type::Any => {
            // SAFETY: the field holds a value that its object keeps alive.
            let value = unsafe { Value::from_parts(words[0], Tag(words[1] as u32)) };
            match value.tag() {
                Tag::INT | Tag::FLOAT => crate::format::number(value),
                _ => basic_type_name(value).to_owned(),
            }
        }
        Type::Cell | Type::Ref(_) => if words[0] == 0 { "null" } else { "reference" }.to_owned(),
    }
}
