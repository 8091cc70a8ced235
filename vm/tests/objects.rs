//! Records, arrays, and what passes between `any` and typed registers.

mod common;

use common::{fails, machine, main, message, returns};
use minivm::raw::{Limits, Value};
use minivm_builder::{FunctionBuilder, ProgramBuilder};
use minivm_isa::entities::Layout;
use minivm_isa::program::{Constant, LayoutDef};
use minivm_isa::{Signature, Storage, Type};

/// Layout by number: 0 is the record of `layouts`, 1 the array.
fn layout(number: u32) -> Layout {
    Layout::from_u32(number)
}

/// A record with a field of each storage, and an array of that record.
fn layouts(p: &mut ProgramBuilder) {
    let whole = [Type::Any, Type::I32, Type::I64, Type::F32, Type::F64, Type::V128, Type::Cell, Type::Ref(layout(0))];
    let fields = [Storage::I8, Storage::I16].into_iter().chain(whole.map(Storage::Whole)).collect();
    p.layout(LayoutDef::Record(fields));
    p.layout(LayoutDef::Array(Storage::Whole(Type::Ref(layout(0)))));
}

/// A record with these numbers.
fn record(f: &mut FunctionBuilder) -> minivm_isa::entities::Reg {
    let cell = f.cell_new(70);
    let null = f.ref_null(layout(0));
    let fields = [
        f.i32(-1),
        f.i32(-2),
        f.string(*b"text"),
        f.i32(-3),
        f.i64(-4),
        f.f32(1.5),
        f.f64(2.5),
        f.constant(Constant::V128(1 << 100)),
        cell.into(),
        null.into(),
    ];
    f.record_new(layout(0), &fields)
}

#[test]
fn fields_hold_what_was_stored() {
    let results = returns(layouts, |f| {
        let object = record(f);
        let byte = f.fresh(Type::I32).record_get(layout(0), object, 0);
        let short = f.fresh(Type::I32).record_get(layout(0), object, 1);
        let text = f.fresh(Type::Any).record_get(layout(0), object, 2);
        let int = f.fresh(Type::I32).record_get(layout(0), object, 3);
        let wide = f.fresh(Type::I64).record_get(layout(0), object, 4);
        let double = f.fresh(Type::F64).record_get(layout(0), object, 6);
        let cell = f.fresh(Type::Cell).record_get(layout(0), object, 8);
        let null = f.fresh(Type::Ref(layout(0))).record_get(layout(0), object, 9);
        let wides = [byte, short, int].map(|reg| f.i64_extend_i32_s(reg));
        let mut values: Vec<_> = wides.iter().map(|&wide| f.any_from_i64(wide)).collect();
        values.push(f.any_from_i64(wide));
        values.push(f.any_from_f64(double));
        values.push(f.cell_get(cell));
        values.push(f.any_from_ref(layout(0), null));
        values.push(text);
        f.return_values(&values);
    });
    assert_eq!(results, ["255", "65534", "-3", "-4", "2.5", "70", "nil", "text"]);
}

#[test]
fn fields_can_be_set() {
    let results = returns(layouts, |f| {
        let object = record(f);
        f.record_set(layout(0), object, 0, 0x1234i32);
        f.record_set(layout(0), object, 2, Constant::Integer(8));
        f.record_set(layout(0), object, 9, object);
        let same = f.fresh(Type::Ref(layout(0))).record_get(layout(0), object, 9);
        let byte = f.fresh(Type::I32).record_get(layout(0), same, 0);
        let any = f.fresh(Type::Any).record_get(layout(0), same, 2);
        let byte = f.i64_extend_i32_u(byte);
        let values = [f.any_from_i64(byte).into(), any.into()];
        f.return_values(&values);
    });
    assert_eq!(results, ["52", "8"]);
}

#[test]
fn arrays_of_every_storage() {
    let storages = [
        (Storage::I8, "255"),
        (Storage::I16, "65535"),
        (Storage::Whole(Type::I32), "4294967295"),
        (Storage::Whole(Type::I64), "-1"),
    ];
    for (storage, expected) in storages {
        let results = returns(
            |p| {
                p.layout(LayoutDef::Array(storage));
            },
            |f| {
                let ty = storage.register_type();
                let value = if ty == Type::I32 { f.i32(-1) } else { f.i64(-1) };
                let array = f.array_new(layout(0), 3, value);
                f.array_set(layout(0), array, 1, if ty == Type::I32 { Constant::I32(0) } else { Constant::I64(0) });
                let mut values = Vec::new();
                for index in 0..3 {
                    let element = f.fresh(ty).array_get(layout(0), array, index);
                    let element = if ty == Type::I32 { f.i64_extend_i32_u(element) } else { element };
                    values.push(f.any_from_i64(element));
                }
                let length = f.array_length(layout(0), array);
                let length = f.i64_extend_i32_u(length);
                values.push(f.any_from_i64(length));
                f.return_values(&values);
            },
        );
        assert_eq!(results, [expected, "0", expected, "3"]);
    }
}

#[test]
fn arrays_of_values_and_vectors() {
    let results = returns(
        |p| {
            p.layout(LayoutDef::Array(Storage::Whole(Type::Any)));
            p.layout(LayoutDef::Array(Storage::Whole(Type::V128)));
        },
        |f| {
            let values = f.array_new(layout(0), 2, Constant::String((*b"x").into()));
            f.array_set(layout(0), values, 1, Constant::True);
            let first = f.fresh(Type::Any).array_get(layout(0), values, 0);
            let second = f.fresh(Type::Any).array_get(layout(0), values, 1);
            let vectors = f.array_new(layout(1), 2, Constant::V128(u128::MAX));
            let vector = f.fresh(Type::V128).array_get(layout(1), vectors, 1);
            f.array_set(layout(1), vectors, 0, vector);
            f.return_values(&[first.into(), second.into()]);
        },
    );
    assert_eq!(results, ["x", "true"]);
}

#[test]
fn accesses_outside_of_arrays_trap() {
    for index in [3, -1] {
        let failure = fails(layouts, |f| {
            let null = f.ref_null(layout(0));
            let array = f.array_new(layout(1), 3, null);
            f.fresh(Type::Ref(layout(0))).array_get(layout(1), array, index);
        });
        assert_eq!(failure, "out of bounds array access");
    }
}

#[test]
fn an_array_too_large_is_an_error() {
    let limits = Limits { memory_bytes_max: 1 << 20, ..Limits::default() };
    let (mut machine, function) = machine(limits, |p| {
        layouts(p);
        main(p, |f| {
            let null = f.ref_null(layout(0));
            f.array_new(layout(1), -1, null);
        });
    });
    let failure = machine.call(function, &[]).expect_err("there is no room");
    assert_eq!(message(&mut machine, failure), "not enough memory");
}

/// The part that is made first has room after each collection, the other then never has.
#[test]
fn a_table_with_one_part_too_large_is_an_error() {
    for (array, hash) in [(20_000, 32_000), (50_000, 16_000)] {
        let limits = Limits { memory_bytes_max: 1 << 20, ..Limits::default() };
        let (mut machine, function) = machine(limits, |p| {
            main(p, |f| {
                f.table_new(array, hash);
            });
        });
        let failure = machine.call(function, &[]).expect_err("there is no room");
        assert_eq!(message(&mut machine, failure), "not enough memory");
    }
}

#[test]
fn casts_look_at_kind_and_layout() {
    let cast = |make: &dyn Fn(&mut FunctionBuilder) -> minivm_isa::Operand| {
        fails(layouts, |f| {
            let value = make(f);
            f.ref_from_any(layout(0), value);
        })
    };
    assert_eq!(cast(&|f| f.integer(1)), "value of the wrong kind");
    let other = cast(&|f| {
        let null = f.ref_null(layout(0));
        let array = f.array_new(layout(1), 0, null);
        f.any_from_ref(layout(1), array).into()
    });
    assert_eq!(other, "cast failure");
    let results = returns(layouts, |f| {
        let object = record(f);
        let value = f.any_from_ref(layout(0), object);
        let again = f.ref_from_any(layout(0), value);
        let wide = f.fresh(Type::I64).record_get(layout(0), again, 4);
        let kind = f.kind_of(value);
        let kind = f.i64_extend_i32_u(kind);
        let values = [f.any_from_i64(wide).into(), f.any_from_i64(kind).into()];
        f.return_values(&values);
    });
    assert_eq!(results, ["-4", "10"]);
}

#[test]
fn unboxing_checks_the_kind() {
    assert_eq!(fails(|_| {}, |f| _ = f.i64_from_any(1.0)), "value of the wrong kind");
    assert_eq!(fails(|_| {}, |f| _ = f.f64_from_any(1)), "value of the wrong kind");
}

#[test]
fn sameness_is_by_value_and_calls_nothing() {
    let results = returns(
        |_| {},
        |f| {
            let table = f.table_new(0, 0);
            let other = f.table_new(0, 0);
            let (one, single) = (f.integer(1), f.float(1.0));
            let (text, long) = (f.string(*b"a"), f.string([b'b'; 100]));
            let pairs = [(one, single), (text, text), (table.into(), other.into()), (long, long), (one, text)];
            let same = pairs.map(|(lhs, rhs)| f.same(lhs, rhs));
            let values = same.map(|same| f.any_from_bool(same).into());
            f.return_values(&values);
        },
    );
    assert_eq!(results, ["true", "true", "false", "true", "false"]);
}

/// Equal layouts of two programs are one, others are not: a record cannot be taken for one of another layout.
#[test]
fn layouts_of_two_programs() {
    let make = |other: Type| {
        let mut p = ProgramBuilder::new();
        // Numbers differ between the programs; only the form counts.
        if other == Type::Any {
            p.layout(LayoutDef::Array(Storage::I8));
        }
        let layout = p.layout(LayoutDef::Record(vec![Storage::Whole(other)]));
        (p, layout)
    };
    for (ty, expected) in [(Type::I64, "7"), (Type::Any, "incompatible import")] {
        let (mut p, layout) = make(Type::I64);
        let mut f = p.function("make", Signature::typed(&[], &[Type::Ref(layout)]));
        let fields = [f.i64(7)];
        let object = f.record_new(layout, &fields);
        f.return_values(&[object.into()]);
        let function = p.add(f).expect("it is well-formed");
        p.export_function("main", function);
        let mut machine = common::raw_machine(Limits::default());
        let first = machine.instantiate(p.finish().expect("it verifies")).expect("it links");
        machine.define_instance("first", first);
        let (mut p, layout) = make(ty);
        let import = p.import_function("first", "main", Signature::typed(&[], &[Type::Ref(layout)]));
        let mut f = p.function("main", Signature::dynamic(0, false));
        let object = f.register(Type::Ref(layout));
        f.call(&[object], import, &[]);
        let field = f.fresh(ty).record_get(layout, object, 0);
        let value = if ty == Type::I64 { f.any_from_i64(field) } else { field };
        f.return_values(&[value.into()]);
        let function = p.add(f).expect("it is well-formed");
        p.export_function("main", function);
        let found = match machine.instantiate(p.finish().expect("it verifies")) {
            Ok(instance) => match machine.invoke(instance, "main", &[]) {
                Ok(values) => machine.describe(values[0]),
                Err(failure) => message(&mut machine, failure),
            },
            Err(error) => error.to_string(),
        };
        assert!(found.starts_with(expected), "{found}");
    }
}

/// Typed functions called from outside take and give objects.
#[test]
fn objects_pass_into_and_out_of_typed_functions() {
    let (mut machine, main) = machine(Limits::default(), |p| {
        layouts(p);
        let mut f = p.function("main", Signature::typed(&[Type::Ref(layout(0))], &[Type::Ref(layout(0))]));
        let (null, given) = (f.block(), f.block());
        let is_null = f.ref_is_null(layout(0), f.param(0));
        f.branch_if(is_null, null, given);
        f.switch_to(null);
        let made = record(&mut f);
        f.return_values(&[made.into()]);
        f.switch_to(given);
        let same = f.param(0);
        f.return_values(&[same.into()]);
        let function = p.add(f).expect("it is well-formed");
        p.export_function("main", function);
    });
    let made = machine.call(main, &[Value::NIL]).expect("it runs")[0];
    assert!(made.tag() == minivm::raw::Tag::RECORD);
    let again = machine.call(main, &[made]).expect("it runs")[0];
    assert!(again.raw_equals(made));
    let failure = machine.call(main, &[Value::int(1)]).expect_err("an integer is no record");
    assert_eq!(message(&mut machine, failure), "bad argument #1 to 'main' (record or array expected, got number)");
}
