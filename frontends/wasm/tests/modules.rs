//! Whole modules: parts, names, positions, and errors.

mod common;

use common::{check, translate_any};
use minivm_isa::bytes::{CHANGED, FileBytes};
use minivm_isa::entities::{Data, Element, Func, Global, Memory, Reg, Table};
use minivm_isa::program::{Constant, ElementType, FunctionDef, Initial, InitialOp, Item, Origin, SegmentMode};
use minivm_isa::{Allowance, Instruction};
use minivm_isa::{Signature, Type};
use minivm_wasm::Features;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn parts_keep_their_numbers() {
    let program = check(
        br#"(module $all
              (import "env" "print" (func $print (param i32 externref)))
              (import "env" "base" (global $base i32))
              (import "env" "table" (table 2 10 externref))
              (import "env" "memory" (memory 1 4))
              (func $main (export "main") (param $count i32) (local $rest i64)
                (call $print (local.get $count) (ref.null extern)))
              (table 3 funcref)
              (memory (export "scratch") 2)
              (global $counter (export "counter") (mut i64) (i64.const -1))
              (global $next i32 (i32.add (global.get $base) (i32.const 8)))
              (global funcref (ref.func $main))
              (elem (table 1) (i32.const 1) func $main $print)
              (elem funcref (ref.null func) (ref.func $main))
              (elem declare func $main)
              (data (memory 1) (global.get $base) "abc")
              (data "passive")
              (func $begin) (start $begin))"#,
        "parts.wat",
    );
    assert_eq!(program.functions.len(), 3);
    let FunctionDef::Code(main) = &program.functions[Func::from_u32(1)] else { panic!("main has code") };
    assert_eq!(main.name, "main");
    let locals: Vec<_> = main.locals.iter().map(|local| (local.name.as_str(), local.register)).collect();
    assert_eq!(locals, [("count", Reg::from_u32(0)), ("rest", Reg::from_u32(1))]);
    assert_eq!(program.signatures[main.signature], Signature::typed(&[Type::I32], &[]));
    assert_eq!(program.signatures[program.functions[Func::from_u32(0)].signature()].params, [Type::I32, Type::Any]);
    assert_eq!(program.tables[Table::from_u32(0)].element, ElementType::Any);
    assert_eq!(program.tables[Table::from_u32(0)].maximum, Some(10));
    assert_eq!(program.tables[Table::from_u32(1)].origin, Origin::Own(Initial::Constant(Constant::Nil)));
    assert_eq!((program.memories[Memory::from_u32(0)].minimum, program.memories[Memory::from_u32(1)].minimum), (1, 2));
    let sum = Initial::Arithmetic(
        InitialOp::Add,
        Box::new(Initial::Global(Global::from_u32(0))),
        Box::new(Initial::Constant(Constant::I32(8))),
    );
    assert_eq!(program.globals[Global::from_u32(2)].origin, Origin::Own(sum));
    assert!(program.globals[Global::from_u32(1)].mutable);
    let first = &program.elements[Element::from_u32(0)];
    assert_eq!(first.mode, SegmentMode::Active(Table::from_u32(1), Initial::Constant(Constant::I32(1))));
    assert_eq!(program.elements[Element::from_u32(2)].mode, SegmentMode::Declared);
    let offset = Initial::Global(Global::from_u32(0));
    assert_eq!(program.data[Data::from_u32(0)].mode, SegmentMode::Active(Memory::from_u32(1), offset));
    assert_eq!(&*program.data[Data::from_u32(1)].bytes, b"passive");
    assert_eq!(program.start, Some(Func::from_u32(2)));
    let exports: Vec<_> = program.exports.iter().map(|export| (export.name.as_str(), export.item)).collect();
    let (scratch, counter) = (Memory::from_u32(1), Global::from_u32(1));
    let expected = [
        ("main", Item::Function(Func::from_u32(1))),
        ("scratch", Item::Memory(scratch)),
        ("counter", Item::Global(counter)),
    ];
    assert_eq!(exports, expected);
}

#[test]
fn positions_are_lines_where_these_are_known() {
    let bytes = wat("(module (func (result i32)\n i32.const 7\n i32.const 0\n i32.div_s))");
    let program = check(&bytes, "div.wasm");
    let FunctionDef::Code(function) = &program.functions[Func::from_u32(0)] else { panic!("it has code") };
    let span = function.span_at(0).expect("the division has a position");
    assert_eq!((program.sources[span.source].name.as_str(), span.line), ("test.wat", 4));
    assert_eq!(bytes[span.start as usize], 0x6d, "the opcode of i32.div_s");
    assert_eq!(span.end, span.start);
    assert!(program.custom.is_empty(), "line tables were read");
}

#[test]
fn functions_that_are_translated_later_fail_later() {
    // The second function is not valid: it gives an i64 in the place of an i32.
    let mut bytes =
        wat("(module (func (result i32) i32.const 7) (func (param i32) (result i32) i64.const 7 i32.wrap_i64))");
    let wrap = bytes.iter().rposition(|&byte| byte == 0xa7).expect("it is there");
    bytes[wrap] = 0x01;
    let error = minivm_wasm::translate(&bytes, "later.wasm").expect_err("it is not valid");
    let program = common::made_later(bytes).expect("only a function is not valid");
    let code = |number| match &program.functions[Func::from_u32(number)] {
        FunctionDef::Code(code) => code,
        FunctionDef::Import { .. } => panic!("it has code"),
    };
    assert_eq!(code(0).code.len(), 1);
    assert_eq!(code(1).signature(), code(1).signature);
    let message = Constant::String(error.to_string().into_bytes().into());
    assert_eq!(code(1).constants.values().collect::<Vec<_>>(), [&message]);
    assert!(matches!(code(1).code[..], [Instruction::Throw { .. }]));
}

/// A file that others can change.
#[derive(Clone, Debug)]
struct SharedFile {
    bytes: Vec<u8>,
    has_changed: Arc<AtomicBool>,
}

impl Deref for SharedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        assert!(!self.has_changed.load(Ordering::Relaxed), "nothing of it may be looked at any more");
        &self.bytes
    }
}

impl FileBytes for SharedFile {
    fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn has_changed(&self) -> bool {
        self.has_changed.load(Ordering::Relaxed)
    }
}

#[test]
fn functions_of_a_file_that_has_changed_fail() {
    let bytes = wat("(module (memory 1) (data \"not used\") (data \"a segment\") (func) (func nop))");
    let binary = minivm_isa::binary::encode(&check(&bytes, "changed.wasm"));
    for is_binary in [false, true] {
        let has_changed = Arc::new(AtomicBool::new(false));
        let bytes = if is_binary { binary.clone() } else { bytes.clone() };
        let file: Box<dyn FileBytes> = Box::new(SharedFile { bytes, has_changed: has_changed.clone() });
        let mut allowance = Allowance::default();
        let program = if is_binary {
            minivm_isa::binary::decode_later(file, &mut allowance).expect("it was encoded")
        } else {
            minivm_wasm::translate_later(file, "changed.wasm", Features::default(), &mut allowance)
                .expect("it is valid")
        };
        let program = minivm_isa::verify(program).expect("it is valid");
        let code = |number| match &program.functions[Func::from_u32(number)] {
            FunctionDef::Code(code) => code,
            FunctionDef::Import { .. } => panic!("it has code"),
        };
        assert!(matches!(code(0).code[..], [Instruction::ReturnValues { .. }]), "it was made before");
        has_changed.store(true, Ordering::Relaxed);
        assert!(matches!(code(0).code[..], [Instruction::ReturnValues { .. }]));
        let message = Constant::String(CHANGED.as_bytes().into());
        assert_eq!(code(1).constants.values().collect::<Vec<_>>(), [&message]);
        assert_eq!(&*program.data[Data::from_u32(1)].bytes, b"a segment", "there is a copy of it");
    }
}

#[test]
fn damaged_line_tables_do_no_harm() {
    let bytes = wat("(module (func (result i32)\n i32.const 7\n i32.const 0\n i32.div_s))");
    let name = b".debug_line";
    let table = bytes.windows(name.len()).rposition(|window| window == name).expect("it is there") + name.len();
    for at in table..bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            // The sections after the table may be wrong now.
            if let Ok(program) = minivm_wasm::translate(&damaged, "div.wasm") {
                assert!(program.sources.len() < 4);
            }
        }
    }
}

#[test]
fn positions_are_byte_offsets() {
    let module = wat("(module (func (result i32) (i32.div_s (i32.const 7) (i32.const 0))))");
    let line_table = module.windows(11).position(|window| window == b".debug_line").expect("it is there");
    // The section's kind, size and the length of its name come before.
    let bytes = module[..line_table - 3].to_vec();
    let program = check(&bytes, "div.wasm");
    let FunctionDef::Code(function) = &program.functions[Func::from_u32(0)] else { panic!("it has code") };
    let span = function.span_at(0).expect("the division has a position");
    assert_eq!(bytes[span.start as usize..span.end as usize], [0x6d], "the opcode of i32.div_s");
    assert_eq!(program.sources[span.source].name, "div.wasm");
}

fn wat(text: &str) -> Vec<u8> {
    minivm_wasm::parse_text(text.as_bytes(), "test.wat").expect("the text is right").into_owned()
}

#[track_caller]
fn expect_error(input: &[u8], expected: &str) {
    let error = translate_any(input, "wrong.wat").expect_err("it is wrong").to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn errors_say_what_and_where() {
    expect_error(b"(module (func (result i32) (i64.const 1)))", "type mismatch: expected i32, found i64 (at byte");
    expect_error(b"(module (func (local.get 3)))", "unknown local 3");
    expect_error(b"(module (func", "wrong.wat:1:");
    expect_error(b"\0asm\x01\0\0\0\x01", "unexpected end");
    expect_error(b"\0asm\x0d\0\x01\0", "not supported: components");
    expect_error(b"", "expected");
}

#[test]
fn what_is_missing_is_named() {
    expect_error(
        b"(module (type $f (func)) (type $c (cont $f)))",
        "not supported: the WebAssembly proposal 'stack-switching'",
    );
    // What is wrong whatever is switched on is wrong.
    expect_error(b"(module (memory 65537))", "memory size");
    expect_error(b"(module (memory 1 1 shared) (func (result v128) (i32.const 1)))", "type mismatch");
}

#[test]
fn what_is_switched_off_is_named() {
    let off = |text: &str, features: &str| {
        let features = features.parse().expect("they are known");
        let translated = minivm_wasm::translate_within(&wat(text), "off", features, &mut Allowance::default());
        translated.expect_err("it is switched off").to_string()
    };
    let calls = "(module (func $f (return_call $f)))";
    let expected = "not supported: the WebAssembly proposal 'tail-call', switched off";
    assert!(off(calls, "-tail-call").starts_with(expected), "{}", off(calls, "-tail-call"));
    assert!(off(calls, "none,multi-value").starts_with(expected));
    assert!(off("(module (func (result i32 i32) unreachable))", "none,tail-call").contains("'multi-value'"));
    for (text, features, expected) in [
        ("(module (memory 1) (memory 1))", "-multi-memory", "'multi-memory'"),
        ("(module (func (param v128)))", "-simd", "proposal 'simd', switched off"),
        ("(module (memory 1) (func (drop (i32x4.splat (i32.const 1)))))", "-simd", "proposal 'simd', switched off"),
        (
            "(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))",
            "-relaxed-simd",
            "'relaxed-simd'",
        ),
        ("(module (memory i64 1))", "-memory64", "'memory64'"),
        ("(module (memory i64 65537))", "-memory64", "'memory64'"),
        ("(module (table i64 1 funcref))", "-memory64", "'memory64'"),
        (
            "(module (memory i64 1) (func (param v128)))",
            "-simd,-memory64",
            "proposals 'simd', 'memory64', switched off (",
        ),
        ("(module (tag))", "-exception-handling", "'exception-handling'"),
        ("(module (type (struct)))", "-gc", "'gc'"),
        ("(module (type (sub (func))))", "-gc", "'gc'"),
        (
            "(module (type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0))))",
            "-function-references",
            "'function-references'",
        ),
        (
            "(module (func (result i64 i64) (i64.mul_wide_s (i64.const 1) (i64.const 2))))",
            "-wide-arithmetic",
            "'wide-arithmetic'",
        ),
    ] {
        let found = off(text, features);
        assert!(found.starts_with("not supported: ") && found.contains(expected), "{found}");
    }
}

#[test]
fn limits_are_errors() {
    let deep = format!(
        "(module (import \"m\" \"g\" (global i32)) (global i32 (global.get 0) {}))",
        "(i32.const 1) i32.add ".repeat(200)
    );
    expect_error(deep.as_bytes(), "not supported: a constant expression that is nested more than 100 deep");
}

/// Nesting, operand stack and branch tables as large as they may be, without recursion.
#[test]
fn large_functions() {
    let deep = |open: &[u8], count: usize, close: &[u8]| {
        let body: Vec<u8> = [&[0][..], &open.repeat(count), &close.repeat(count), &[0x0b]].concat();
        let code = [&[1][..], &leb(body.len()), &body].concat();
        let head = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a";
        [&head[..], &leb(code.len()), &code].concat()
    };
    check(&deep(b"\x02\x40", 100_000, b"\x0b"), "deep blocks");
    check(&deep(b"\x03\x40", 100_000, b"\x0b"), "deep loops");
    check(&deep(b"\x41\x01\x04\x40", 100_000, b"\x0b"), "deep ifs");
    check(&deep(b"\x02\x40\x41\x01\x0d\x00", 100_000, b"\x0b"), "branches out of deep blocks");
    check(&deep(b"\x41\x01", 60_000, b"\x1a"), "many constants on the stack");
    let error = translate_any(&deep(b"\x3f\x00", 1, b"\x1a"), "no memory").expect_err("there is no memory");
    assert!(error.message.contains("unknown memory"), "{error}");
}

fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        bytes.push(if value == 0 { byte } else { byte | 0x80 });
        if value == 0 {
            return bytes;
        }
    }
}

/// The programs that clang made for the benchmarks.
#[test]
fn programs_from_c() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/bench/c");
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            let bytes = std::fs::read(&path).expect("the file can be read");
            check(&bytes, &path.display().to_string());
        }
    }
}

#[test]
fn text_in_very_long_lines_has_no_positions() {
    let module = |end: &str| format!("(module (func {}))", format!("(drop (i32.const 1)){end}").repeat(20_000));
    let has_lines = |text: &str| {
        let binary = minivm_wasm::parse_text(text.as_bytes(), "long.wat").unwrap_or_else(|_| panic!("it is valid"));
        binary.windows(11).any(|bytes| bytes == b".debug_line")
    };
    assert!(has_lines(&module("\n")));
    // A column takes as long to find as the line is long: here that would be quadratic.
    assert!(!has_lines(&module(" ")));
}
