//! Copies of stopped machines with records and arrays, at every instruction.

mod common;

use common::{machine, main};
use minivm::raw::{CodeForm, Limits, Machine, RunState, Value};
use minivm_builder::ProgramBuilder;
use minivm_isa::entities::Layout;
use minivm_isa::program::{Constant, LayoutDef};
use minivm_isa::{Storage, Type};

fn layout(number: u32) -> Layout {
    Layout::from_u32(number)
}

/// A record with every kind of field, and arrays of numbers, of values and of that record.
fn layouts(p: &mut ProgramBuilder) {
    let fields = [Type::Any, Type::I64, Type::V128, Type::Cell, Type::Ref(layout(0)), Type::Ref(layout(2))];
    p.layout(LayoutDef::Record(fields.map(Storage::Whole).into()));
    for storage in [Storage::I8, Storage::Whole(Type::Any), Storage::Whole(Type::Ref(layout(0)))] {
        p.layout(LayoutDef::Array(storage));
    }
}

/// Makes objects that refer to each other, and returns what is found in them.
fn objects() -> (Machine, Value) {
    machine(Limits::default(), |p| {
        layouts(p);
        main(p, |f| {
            let cell = f.cell_new(70);
            let null = f.ref_null(layout(0));
            let values = f.array_new(layout(2), 5, Constant::String((*b"text").into()));
            let fields = [
                f.string(*b"field"),
                f.i64(-4),
                f.constant(Constant::V128(1 << 100)),
                cell.into(),
                null.into(),
                values.into(),
            ];
            let object = f.record_new(layout(0), &fields);
            let bytes = f.array_new(layout(1), 3, 7);
            let records = f.array_new(layout(3), 40_000, object);
            f.record_set(layout(0), object, 4, object);
            let any = f.any_from_ref(layout(0), object);
            f.array_set(layout(2), values, 1, any);
            let record = f.fresh(Type::Ref(layout(0))).array_get(layout(3), records, 39_999);
            let same = f.fresh(Type::Ref(layout(0))).record_get(layout(0), record, 4);
            let variable = f.fresh(Type::Cell).record_get(layout(0), same, 3);
            let array = f.fresh(Type::Ref(layout(2))).record_get(layout(0), same, 5);
            let text = f.fresh(Type::Any).array_get(layout(2), array, 4);
            let wide = f.fresh(Type::I64).record_get(layout(0), same, 1);
            let byte = f.fresh(Type::I32).array_get(layout(1), bytes, 2);
            let byte = f.i64_extend_i32_u(byte);
            let found = [
                f.fresh(Type::Any).record_get(layout(0), same, 0).into(),
                f.cell_get(variable).into(),
                text.into(),
                f.any_from_i64(wide).into(),
                f.any_from_i64(byte).into(),
            ];
            f.return_values(&found);
        });
    })
}

fn end(machine: &mut Machine) -> Vec<String> {
    machine.set_fuel(None);
    match machine.resume() {
        RunState::Finished(values) => values.into_iter().map(|value| machine.describe(value)).collect(),
        _ => panic!("it does not end well"),
    }
}

#[test]
fn objects_are_copied_at_every_instruction() {
    let (mut machine, function) = objects();
    machine.prepare(function, &[]);
    let mut places = 0;
    while let RunState::Stepped = machine.step(1) {
        let mut copy = common::raw_machine(Limits::default());
        machine.copy_into(&mut copy).expect("it can be copied");
        let bytes = machine.save(b"", CodeForm::Whole).expect("it can be saved");
        assert!(copy.save(b"", CodeForm::Whole).expect("it can be saved") == bytes);
        assert_eq!(end(&mut copy), ["field", "70", "text", "-4", "7"]);
        places += 1;
    }
    assert!(places > 20, "it stops everywhere");
}
