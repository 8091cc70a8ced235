//! Rules for values that are known before the program runs.

use super::program::{captures_nothing, exists};
use super::{Rejections, Rule};
use crate::entities::{Global, Layout};
use crate::limits::INITIAL_DEPTH_MAX;
use crate::program::{Constant, ElementType, GlobalDef, Initial, LayoutDef, Origin, Program, SegmentMode};
use crate::steps;
use crate::types::{Storage, Type};
use cranelift_entity::EntityRef;
use std::fmt::Display;

/// Where an initial value stands and what it may be.
struct Position<'a> {
    program: &'a Program,
    item: &'a dyn Display,
    part: &'static str,
    /// Globals with a smaller number have their value already.
    globals: usize,
}

pub(super) fn check(program: &Program, all: &mut Rejections) {
    let known = program.globals.len();
    for (number, global) in &program.globals {
        if let Origin::Own(initial) = &global.origin {
            let position = Position { program, item: &number, part: "initial", globals: number.index() };
            match global.holds.is_function() {
                false => position.check(initial, global.ty, all),
                true => position.element(initial, global.holds, all),
            }
        }
        if (global.holds.is_function() || global.holds.declared().is_some() && !global.holds.is_tag())
            && global.ty != Type::Any
        {
            all.item(Rule::ElementKind, &number, "type", "any, to hold functions or values of a type", global.ty);
        }
        if global.holds.is_tag() {
            tag(program, &number, global, all);
        }
    }
    for (number, table) in &program.tables {
        if table.element.is_tag() {
            all.item(Rule::ElementKind, &number, "elements", "any or function", "tag");
        }
        if let Origin::Own(initial) = &table.origin {
            Position { program, item: &number, part: "initial", globals: known }.element(initial, table.element, all);
        }
    }
    for (number, data) in &program.data {
        if let SegmentMode::Active(memory, offset) = &data.mode {
            let is_64 = program.memories.get(*memory).is_some_and(|memory| memory.is_64);
            let position = Position { program, item: &number, part: "offset", globals: known };
            position.check(offset, address_type(is_64), all);
        }
    }
    for (number, element) in &program.elements {
        if element.element.is_tag() {
            all.item(Rule::ElementKind, &number, "elements", "any or function", "tag");
        }
        if let SegmentMode::Active(table, offset) = &element.mode {
            let is_64 = program.tables.get(*table).is_some_and(|table| table.is_64);
            let position = Position { program, item: &number, part: "offset", globals: known };
            position.check(offset, address_type(is_64), all);
        }
        for value in &element.values {
            Position { program, item: &number, part: "value", globals: known }.element(value, element.element, all);
        }
    }
}

/// Whether an exception is told from others by what a global holds: it is of an exception layout, whose first field refers to
/// such a record, and never changes.
fn tag(program: &Program, number: &dyn Display, global: &GlobalDef, all: &mut Rejections) {
    let Type::Ref(layout) = global.ty else {
        return all.item(Rule::ElementKind, number, "type", "ref of an exception layout, to hold a tag", global.ty);
    };
    let is_tag = match program.layouts.get(layout) {
        Some(LayoutDef::Exception(fields)) => fields.first() == Some(&Storage::Whole(global.ty)),
        Some(LayoutDef::Record(_) | LayoutDef::Array(_)) => false,
        None => return,
    };
    if !is_tag {
        let expected = format!("an exception whose first field is {}, to hold a tag", global.ty);
        all.item(Rule::ElementKind, number, "type", expected, layout);
    }
    if global.mutable {
        all.item(Rule::ElementKind, number, "mutable", "an immutable global, to hold a tag", "a mutable one");
    }
}

/// The type of addresses and indices.
pub(super) fn address_type(is_64: bool) -> Type {
    if is_64 { Type::I64 } else { Type::I32 }
}

impl Position<'_> {
    fn check(&self, initial: &Initial, expected: Type, all: &mut Rejections) {
        self.check_nested(initial, expected, INITIAL_DEPTH_MAX, all);
    }

    /// Recursion ends at the limit, and what decodes programs keeps to the limit too.
    fn check_nested(&self, initial: &Initial, expected: Type, depth_left: usize, all: &mut Rejections) {
        steps::count(1);
        match initial {
            Initial::Constant(constant) => self.type_is(expected, constant.ty(), all),
            Initial::Null => {
                if !matches!(expected, Type::Ref(_)) {
                    all.item(Rule::InitialType, self.item, self.part, expected, "null");
                }
            }
            Initial::Function(function) => {
                self.type_is(expected, Type::Any, all);
                if exists(&self.program.functions, *function, self.item, self.part, all) {
                    captures_nothing(self.program, *function, self.item, self.part, all);
                }
            }
            Initial::Global(global) => {
                if !exists(&self.program.globals, *global, self.item, self.part, all) {
                    return;
                }
                let definition = &self.program.globals[*global];
                self.type_is(expected, definition.ty, all);
                if definition.mutable || global.index() >= self.globals {
                    let expected = "an immutable global that stands before it";
                    all.item(Rule::InitialGlobal, self.item, self.part, expected, global);
                }
            }
            Initial::Arithmetic(_, lhs, rhs) => {
                if !matches!(expected, Type::I32 | Type::I64) {
                    all.item(Rule::InitialType, self.item, self.part, expected, "integer arithmetic");
                } else if depth_left == 0 {
                    self.too_deep(all);
                } else {
                    self.check_nested(lhs, expected, depth_left - 1, all);
                    self.check_nested(rhs, expected, depth_left - 1, all);
                }
            }
            Initial::Record(..)
            | Initial::Array(..)
            | Initial::ArrayOf(..)
            | Initial::Integer31(_)
            | Initial::NotNull(_) => {
                self.check_object(initial, expected, depth_left, all);
            }
        }
    }

    /// A value that is made when the program is linked.
    fn check_object(&self, initial: &Initial, expected: Type, depth_left: usize, all: &mut Rejections) {
        match initial {
            Initial::Record(layout, fields) => {
                if let Some((LayoutDef::Record(storages) | LayoutDef::Exception(storages), depth_left)) =
                    self.object(*layout, "a record", expected, depth_left, all)
                {
                    if storages.len() != fields.len() {
                        let expected = format!("{} fields, as {layout} has", storages.len());
                        return all.item(Rule::Field, self.item, self.part, expected, fields.len());
                    }
                    for (storage, field) in storages.iter().zip(fields) {
                        self.check_nested(field, storage.register_type(), depth_left, all);
                    }
                }
            }
            Initial::Array(layout, elements) => {
                if let Some((LayoutDef::Array(storage), depth_left)) =
                    self.object(*layout, "an array", expected, depth_left, all)
                {
                    for element in elements {
                        self.check_nested(element, storage.register_type(), depth_left, all);
                    }
                }
            }
            Initial::ArrayOf(layout, parts) => {
                if let Some((LayoutDef::Array(storage), depth_left)) =
                    self.object(*layout, "an array", expected, depth_left, all)
                {
                    self.check_nested(&parts[0], storage.register_type(), depth_left, all);
                    self.check_nested(&parts[1], Type::I32, depth_left, all);
                }
            }
            Initial::Integer31(value) | Initial::NotNull(value) => {
                self.type_is(expected, Type::Any, all);
                let ty = if matches!(initial, Initial::NotNull(_)) { Type::Any } else { Type::I32 };
                match depth_left.checked_sub(1) {
                    Some(depth_left) => self.check_nested(value, ty, depth_left, all),
                    None => self.too_deep(all),
                }
            }
            Initial::Constant(_) | Initial::Null | Initial::Function(_) => {}
            Initial::Global(_) | Initial::Arithmetic(..) => {}
        }
    }

    /// The layout of a new object, if it exists and is of the kind that is wanted, and how deep values in it may nest.
    fn object(
        &self,
        layout: Layout,
        kind: &'static str,
        expected: Type,
        depth_left: usize,
        all: &mut Rejections,
    ) -> Option<(&LayoutDef, usize)> {
        if expected != Type::Any {
            self.type_is(expected, Type::Ref(layout), all);
        }
        let Some(depth_left) = depth_left.checked_sub(1) else {
            self.too_deep(all);
            return None;
        };
        if !exists(&self.program.layouts, layout, self.item, self.part, all) {
            return None;
        }
        let found = &self.program.layouts[layout];
        if matches!(found, LayoutDef::Array(_)) != (kind == "an array") {
            all.item(Rule::Field, self.item, self.part, kind, layout);
            return None;
        }
        Some((found, depth_left))
    }

    fn too_deep(&self, all: &mut Rejections) {
        let most = format!("nested at most {INITIAL_DEPTH_MAX} deep");
        all.item(Rule::InitialDepth, self.item, self.part, most, "deeper");
    }

    fn type_is(&self, expected: Type, found: Type, all: &mut Rejections) {
        if expected != found {
            all.item(Rule::InitialType, self.item, self.part, expected, found);
        }
    }

    fn element(&self, initial: &Initial, element: ElementType, all: &mut Rejections) {
        self.check(initial, Type::Any, all);
        if !element.is_function() {
            return;
        }
        let holds_functions =
            |global: Global| self.program.globals.get(global).is_none_or(|global| global.holds.is_function());
        let is_function = match initial {
            Initial::Function(_) | Initial::Constant(Constant::Nil) => true,
            Initial::Global(global) => holds_functions(*global),
            Initial::Constant(_) | Initial::Null | Initial::Arithmetic(..) | Initial::Integer31(_) => false,
            Initial::Record(..) | Initial::Array(..) | Initial::ArrayOf(..) | Initial::NotNull(_) => false,
        };
        if !is_function {
            let expected = "a function, nil or a global that holds functions";
            all.item(Rule::ElementKind, self.item, self.part, expected, "another value");
        }
    }
}
