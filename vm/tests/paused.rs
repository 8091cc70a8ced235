//! Frames of programs without a language: typed variables, source lines.

mod common;

use common::{machine, main};
use minivm::raw::{FrameKind, Limits, Machine, RunState, VariableValue};
use minivm_isa::program::{Constant, LayoutDef};
use minivm_isa::{Storage, Type};

/// A variable of the innermost frame.
fn variable(machine: &Machine, name: &str) -> Option<VariableValue> {
    let frame = machine.frames().next().expect("it runs");
    frame.locals.iter().find(|local| local.name == name).map(|local| local.value)
}

#[test]
fn every_type_of_register_has_its_values() {
    let (mut machine, function) = machine(Limits::default(), |p| {
        let layout = p.layout(LayoutDef::Record(vec![Storage::Whole(Type::I32)]));
        main(p, |f| {
            let (five, six) = (f.integer(5), f.integer(6));
            let seven = f.i32(7);
            let null = f.ref_null(layout);
            f.open_local("null", null);
            let record = f.record_new(layout, &[seven]);
            f.open_local("record", record);
            let captured = f.cell_new(five);
            f.open_local("captured", captured);
            let bits = f.constant(Constant::V128(0x1_0000_0000_0000_0002));
            let lanes = f.fresh(Type::V128).copy(bits);
            f.open_local("lanes", lanes);
            // Something to stop at, and to use them all.
            f.cell_set(captured, six);
        });
    });
    machine.prepare(function, &[]);
    assert!(variable(&machine, "null").is_none());
    assert_eq!(machine.frames().map(|frame| frame.kind).collect::<Vec<_>>(), [FrameKind::Guest]);
    while variable(&machine, "lanes").is_none() {
        assert!(matches!(machine.step(1), RunState::Stepped));
    }
    assert!(matches!(variable(&machine, "null"), Some(VariableValue::Reference(value)) if value.is_nil()));
    let record = variable(&machine, "record").expect("it is visible");
    assert!(matches!(record, VariableValue::Reference(value) if value.tag() == minivm::raw::Tag::RECORD));
    assert!(matches!(variable(&machine, "captured"), Some(VariableValue::Any(value)) if value.as_int() == Some(5)));
    let lanes = variable(&machine, "lanes").expect("it is visible");
    assert!(matches!(lanes, VariableValue::V128(0x1_0000_0000_0000_0002)));
    assert_eq!(machine.show(&lanes), "0x00000000000000010000000000000002");
}
