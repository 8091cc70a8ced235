//! For every rule of the verifier programs that break it, and programs close by that do not.

use minivm_isa::program::{Constant, Initial, InitialOp, Origin};
use minivm_isa::verify::{Rule, check};
use minivm_isa::{Program, text};
use std::collections::BTreeSet;

fn parse(source: &str) -> Program {
    text::parse(source).unwrap_or_else(|errors| panic!("{}\n{source}", errors[0]))
}

/// A function of a signature in a program with one of everything.
fn function(header: &str, lines: &str) -> String {
    format!(
        "sig0 = (i32) -> (i64)\nsig1 = (any) dynamic\nsig2 = () variadic\nsig3 = (i32, any) -> (i32)\n\
         layout0 = record (i8, any)\nlayout1 = array (f64)\n\
         global0 = mutable i32 1\nglobal1 = any nil\nmemory0 = i32 1\nmemory1 = i64 1\n\
         table0 = i32 function 1 nil\ntable1 = i64 any 1 nil\n\
         data0 = passive {{}}\nelem0 = any passive ()\nelem1 = function passive ()\n\
         func0 import \"m\" \"typed\" sig0\nfunc1 import \"m\" \"dynamic\" sig1\n\
         func2 \"captures\" sig1 {{\n  captures any, cell\nblock0:\n  return_values ()\n}}\n\
         func3 \"f\" {header} {{\n{lines}\n}}\n"
    )
}

/// A dynamic function with parameter `r0: any` and one register of every type: r1 i32, r2 i64, r3 f32, r4 f64, r5 v128,
/// r6 cell, r7 ref.layout0, r8 ref.layout1, r9 any. Only r0 is assigned.
fn dynamic(lines: &str) -> String {
    let registers =
        "registers r1: i32, r2: i64, r3: f32, r4: f64, r5: v128, r6: cell, r7: ref.layout0, r8: ref.layout1";
    function("sig1", &format!("{registers}, r9: any\nblock0:\n{lines}"))
}

fn typed(lines: &str) -> String {
    function("sig0", &format!("registers r1: i64, r2: any\nblock0:\n{lines}"))
}

fn variadic(lines: &str) -> String {
    function("sig2", &format!("registers r0: any\nblock0:\n{lines}"))
}

/// Types each above the next one.
fn chain_of_types(count: usize) -> String {
    (1..count).fold("type0 = form ()".into(), |text, number| {
        format!("{text}\ntype{number} = form () under (type{})", number - 1)
    })
}

/// Programs that are fine.
fn accepted() -> Vec<String> {
    vec![
        dynamic("return_values ()") + "export \"f\" func2",
        dynamic("r1 = i32_load memory0, 0, +4294967295\n return_values ()"),
        dynamic("r2 = i64_load memory1, i64:0, +18446744073709551615\n return_values ()"),
        dynamic("r9 = call_any r0 (r0, 1)\n return_values (r9, r9, r9)"),
        dynamic("call_any_to_open r0 ()\n return_open (1)"),
        dynamic("r9 = fiber_resume_to_open r0 ()\n return_open (r9)"),
        dynamic("fiber_yield_to_open ()\n r9 = call_any_open r0 ()\n return_values ()"),
        dynamic("tail_call_any r0 ()"),
        dynamic("r9 = ref_func func1\n r6 = cell_new 1\n r9 = closure func2 (r9, r6)\n throw r9"),
        dynamic("r7 = record_new layout0 (i32:1, nil)\n r9 = record_get layout0, r7, 1\n r1 = record_get layout0, r7, 0\n trap 0"),
        dynamic("r8 = array_new layout1, 3, f64:0.5\n r4 = array_get layout1, r8, 2\n r1 = array_length layout1, r8\n trap 0"),
        dynamic("memory_copy memory0, memory1, i32:0, i64:0, i32:1\n memory_copy memory1, memory1, i64:0, i64:0, i64:1\n trap 0"),
        dynamic("table_copy table1, table0, i64:0, i32:0, i32:1\n table_init table1, elem1, i64:0, 0, 0\n table_init table1, elem0, i64:0, 0, 0\n trap 0"),
        dynamic("r8 = array_new layout1, 3, f64:0.5\n array_fill layout1, r8, 0, f64:1.0, 2\n array_copy layout1, layout1, r8, 1, r8, 0, 2\n array_init_data layout1, r8, 0, data0, 0, 0\n trap 0"),
        dynamic("r7 = branch_ref layout0, r0, block1, block1\nblock1:\n r1 = ref_same layout0, r7, r7\n trap 0"),
        dynamic("branch_signature r0, sig0, block1, block1\nblock1:\n r1 = array_size r0\n trap 0"),
        dynamic("data_check data0, 0, 0, 8\n element_check elem0, 0, 0\n trap 0"),
        dynamic("call_any_to_open r0 ()\n r1, r9 = take_open\n r0, r9 = table_next r9, nil\n metatable_set r0, nil\n trap 0"),
        dynamic("r1 = string_byte r0, 0\n r9 = string_slice r0, 0, 1\n r9 = string_new (r1, 65)\n r9 = metatable_get r9\n trap 0"),
        function("sig1", "registers r1: any\nregion exception block0..block1 handler block1 error r1\nblock0:\n trap 0\nblock1:\n throw r1"),
        "layout0 = exception (ref.layout0, i32)\nglobal0 = tag ref.layout0 record layout0 (null, i32:0)".into(),
        "layout0 = record (i32, any)\nlayout1 = array (i8)\nglobal0 = any record layout0 (i32:1, array layout1 (i32:2))\n\
         global1 = any array_of layout1 (i32:1, i32:9)\nglobal2 = any integer31 (7)"
            .into(),
        "sig0 = (any)\nsig1 = (any)\nlayout0 = record (i8)\nlayout1 = record (i8, any)\n\
         type0 = form (1, type1) describes sig0\ntype1 = joined form (type0) under (type0) describes sig1\n\
         type2 = form () describes layout0\ntype3 = form () under (type2) describes layout1\n\
         table0 = i32 function:type1 1 nil\nglobal0 = mutable any:type3 any nil"
            .into(),
        chain_of_types(65),
        // Both edges of an instruction with results see them.
        dynamic("r9 = for_each r0, r0, r0, block1, block1\nblock1:\n return_values (r9)"),
        // A block that nothing reaches may read anything.
        dynamic("return_values ()\nblock1:\n return_values (r9)"),
        // A loop assigns before it reads.
        dynamic("jump block1\nblock1:\n r9 = copy r0\n branch_truthy r9, block1, block2\nblock2:\n return_values (r9)"),
        // The handler sees the error, and what was assigned before the region.
        function(
            "sig1",
            "registers r1: any, r2: any\n region catch block1..block2 handler block2 error r1\nblock0:\n r2 = copy 1\n jump block1\n\
             block1:\n call_any r0 ()\n return_values ()\nblock2:\n return_values (r1, r2)",
        ),
        // Regions with the same blocks nest, and the message handler is assigned.
        function(
            "sig1",
            "registers r1: any, r2: any\n region cleanup block1..block2 handler block2 error r1\n \
             region catch block1..block3 handler block3 error r1 message_handler r2\nblock0:\n r2 = copy r0\n jump block1\n\
             block1:\n throw r0\nblock2:\n throw r1\nblock3:\n return_values (r1)",
        ),
        typed("r1 = call func0 (r0)\n return_values (r1)"),
        typed("tail_call func0 (r0)"),
        typed("r1 = call_indirect sig0, table1, i64:0 (r0)\n return_values (i64:1)"),
        variadic("r0 = varargs\n return_values (r0)"),
        variadic("varargs_to_open\n tail_call_any_open nil ()"),
        "global0 = any import \"m\" \"g\"\nglobal1 = any global0\nglobal2 = i64 add (1, mul (2, 3))\n".into(),
        "layout0 = array (ref.layout0)\nglobal0 = ref.layout0 null\n".into(),
        "memory0 = i32 1 maximum 65536\nmemory1 = i32 bytes 65537 maximum 4294967295\nmemory2 = i64 shared 65537 maximum 281474976710656\ntable0 = i64 any 18446744073709551615 nil\n".into(),
        "table0 = i64 function 1 nil\nelem0 = function active table0 3 (nil)\nelem1 = any declared (5, \"s\")\n".into(),
        "func0 import \"m\" \"f\" () variadic\nstart func0\nexport \"a\" func0\nexport \"b\" func0\n".into(),
    ]
}

/// Programs that break a rule. Some break others as well.
fn rejected() -> Vec<(Rule, String)> {
    let mut cases = items();
    cases.extend(shapes());
    cases.extend(instructions());
    cases.extend(flows());
    cases
}

fn items() -> Vec<(Rule, String)> {
    let case = |rule, source: &str| (rule, source.to_string());
    vec![
        case(Rule::SignatureShape, "sig0 = (i32) dynamic"),
        case(Rule::SignatureShape, "sig0 = () variadic -> (any)"),
        (Rule::SignatureShape, format!("sig0 = () -> ({})", vec!["any"; 40_000].join(","))),
        case(Rule::Index, "sig0 = (ref.layout0)"),
        case(Rule::Index, "layout0 = record (ref.layout1)"),
        (Rule::LayoutShape, format!("layout0 = record ({})", vec!["i8"; 70_000].join(","))),
        case(Rule::GlobalType, "global0 = cell import \"m\" \"g\""),
        case(Rule::InitialType, "global0 = i32 i64:1"),
        case(Rule::InitialType, "global0 = any null"),
        case(Rule::InitialType, "global0 = f64 add (1, 2)"),
        case(Rule::InitialType, "memory0 = i64 1\ndata0 = active memory0 i32:0 {}"),
        case(Rule::ElementKind, "global0 = function i32 1"),
        case(Rule::ElementKind, "global0 = function any 1"),
        case(Rule::ElementKind, "global0 = tag any nil"),
        case(Rule::ElementKind, "layout0 = record (ref.layout0)\nglobal0 = tag ref.layout0 record layout0 (null)"),
        case(Rule::ElementKind, "layout0 = exception (i32)\nglobal0 = tag ref.layout0 record layout0 (i32:1)"),
        case(
            Rule::ElementKind,
            "layout0 = exception (ref.layout0)\nglobal0 = mutable tag ref.layout0 record layout0 (null)",
        ),
        case(Rule::ElementKind, "table0 = i32 tag 1 nil"),
        case(Rule::ElementKind, "elem0 = tag passive ()"),
        case(Rule::ElementKind, "type0 = form ()\ntable0 = i32 function:type0 1 5"),
        case(Rule::ElementKind, "type0 = form ()\nglobal0 = any:type0 i32 1"),
        case(Rule::Index, "table0 = i32 any:type0 1 nil"),
        case(Rule::Index, "global0 = any:type3 any nil"),
        case(
            Rule::TableElement,
            "type0 = form ()\ntable0 = i32 function:type0 1 nil\nelem0 = any:type0 active table0 0 ()",
        ),
        case(Rule::Field, "layout0 = record (i32)\nglobal0 = any record layout0 ()"),
        case(Rule::Field, "layout0 = array (i32)\nglobal0 = any record layout0 ()"),
        case(Rule::Field, "layout0 = record (i32)\nglobal0 = any array layout0 ()"),
        case(Rule::InitialType, "layout0 = record (i32)\nglobal0 = any record layout0 (i64:1)"),
        case(Rule::InitialType, "layout0 = record (i32)\nglobal0 = i32 record layout0 (i32:1)"),
        case(Rule::InitialType, "layout0 = array (i32)\nglobal0 = any array layout0 (i32:1, f32:1.0)"),
        case(Rule::InitialType, "layout0 = array (i32)\nglobal0 = any array_of layout0 (i32:1, i64:3)"),
        case(Rule::InitialType, "global0 = any integer31 (i64:1)"),
        case(Rule::InitialType, "global0 = i32 integer31 (1)"),
        case(Rule::Index, "global0 = any record layout0 ()"),
        case(Rule::DeclaredType, "type0 = form (type0, type1)\ntype1 = form ()"),
        case(Rule::DeclaredType, "type0 = form (1) under (type0)"),
        case(Rule::DeclaredType, "sig0 = (i32)\ntype0 = form (1) describes sig0\ntype1 = form (2) describes sig0"),
        case(
            Rule::DeclaredType,
            "layout0 = record ()\ntype0 = form () describes layout0\ntype1 = form () describes layout0",
        ),
        case(
            Rule::DeclaredType,
            "layout0 = record (ref.layout1)\nlayout1 = record ()\ntype0 = form () describes layout1",
        ),
        (Rule::DeclaredType, chain_of_types(66)),
        case(Rule::Index, "type0 = form () describes sig0"),
        case(Rule::Index, "type0 = form () describes layout0"),
        case(
            Rule::Subtype,
            "layout0 = record (i32)\nlayout1 = record (i64, i32)\ntype0 = form () describes layout0\n\
             type1 = form () under (type0) describes layout1",
        ),
        case(
            Rule::Subtype,
            "layout0 = record (i32)\nlayout1 = record ()\ntype0 = form () describes layout0\n\
             type1 = form () under (type0) describes layout1",
        ),
        case(
            Rule::Subtype,
            "layout0 = array (i32)\nlayout1 = record (i32)\ntype0 = form () describes layout0\n\
             type1 = form () under (type0) describes layout1",
        ),
        case(Rule::Subtype, "layout0 = record ()\ntype0 = form ()\ntype1 = form () under (type0) describes layout0"),
        case(
            Rule::Subtype,
            "sig0 = (i32)\nsig1 = (i64)\ntype0 = form () describes sig0\ntype1 = form () under (type0) describes sig1",
        ),
        case(
            Rule::Subtype,
            "sig0 = (any) dynamic\nsig1 = (any) dynamic\ntype0 = form () describes sig0\n\
             type1 = form () under (type0) describes sig1",
        ),
        case(Rule::InitialGlobal, "global0 = any global0"),
        case(Rule::InitialGlobal, "global0 = mutable any nil\nglobal1 = any global0"),
        case(Rule::InitialGlobal, "global0 = any global1\nglobal1 = any nil"),
        case(Rule::Index, "global0 = any global7"),
        case(Rule::Index, "global0 = any func0"),
        case(Rule::Limits, "memory0 = i32 2 maximum 1"),
        case(Rule::Limits, "memory0 = i32 65537"),
        case(Rule::Limits, "memory0 = i32 0 maximum 65537"),
        case(Rule::Limits, "memory0 = i32 bytes 4294967296"),
        case(Rule::Limits, "table0 = i32 any 4294967296 nil"),
        case(Rule::SharedMaximum, "memory0 = i32 shared 1"),
        case(Rule::SegmentMode, "data0 = declared {}"),
        case(Rule::Index, "data0 = active memory0 0 {}"),
        case(Rule::ElementKind, "table0 = i32 function 1 5"),
        case(Rule::ElementKind, "elem0 = function passive (true)"),
        case(Rule::TableElement, "table0 = i32 function 1 nil\nelem0 = any active table0 0 ()"),
        case(Rule::Index, "elem0 = any active table0 0 ()"),
        case(Rule::ExportName, "memory0 = i32 1\nexport \"a\" memory0\nexport \"a\" memory0"),
        case(Rule::Index, "export \"a\" table0"),
        case(Rule::Index, "start func0"),
        case(Rule::StartSignature, "func0 import \"m\" \"f\" (any) dynamic\nstart func0"),
        case(Rule::Index, "func0 import \"m\" \"f\" sig0"),
        (Rule::NoCaptures, dynamic("trap 0") + "global2 = any func2"),
        (Rule::NoCaptures, dynamic("trap 0") + "start func2"),
    ]
}

fn shapes() -> Vec<(Rule, String)> {
    let region = |text: &str| {
        let header = format!("registers r1: any, r2: i32\n{text}");
        function(
            "sig1",
            &format!("{header}\nblock0:\n jump block1\nblock1:\n jump block2\nblock2:\n trap 0\nblock3:\n trap 0"),
        )
    };
    let many: Vec<String> = (0..40_000).map(|number| format!("r{number}: any")).collect();
    vec![
        (Rule::Index, function("sig9", "block0:\n trap 0")),
        (Rule::Parameters, function("sig0", "registers r0: any\nblock0:\n trap 0")),
        (Rule::Parameters, function("sig0", "registers none\nblock0:\n trap 0")),
        (Rule::Index, function("sig0", "registers r1: ref.layout7\nblock0:\n trap 0")),
        (Rule::Captures, function("sig0", "captures i32\nblock0:\n trap 0")),
        (Rule::Captures, function("sig0", "capture_names \"a\"\nblock0:\n trap 0")),
        (Rule::FrameSize, function("sig1", &format!("registers {}\nblock0:\n trap 0", many.join(",")))),
        (Rule::Blocks, function("sig1", "")),
        (Rule::Blocks, function("sig1", "trap 0\nblock0:\n trap 0")),
        (Rule::Blocks, function("sig1", "block0:\nblock1:\n trap 0")),
        (Rule::Blocks, function("sig1", "block0:\n trap 0\nblock1:\n")),
        (Rule::BlockEnd, dynamic("r9 = copy 1")),
        (Rule::BlockEnd, dynamic("trap 0\n trap 0")),
        (Rule::RegionRange, region("region catch block1..block1 handler block3 error r1")),
        (Rule::RegionRange, region("region catch block2..block1 handler block3 error r1")),
        (Rule::RegionRange, region("region catch block2..block5 handler block1 error r1")),
        (Rule::RegionRange, region("region catch block1..block3 handler block2 error r1")),
        (Rule::Index, region("region catch block1..block2 handler block9 error r1")),
        (Rule::Index, region("region catch block1..block2 handler block3 error r9")),
        (
            Rule::RegionNesting,
            region(
                "region catch block0..block2 handler block3 error r1\nregion catch block1..block3 handler block3 error r1",
            ),
        ),
        (
            Rule::RegionNesting,
            region(
                "region catch block0..block3 handler block3 error r1\nregion catch block1..block2 handler block3 error r1",
            ),
        ),
        (
            Rule::RegionNesting,
            region(
                "region catch block1..block3 handler block3 error r1\nregion catch block1..block2 handler block3 error r1",
            ),
        ),
        (Rule::RegionRegister, region("region catch block1..block2 handler block3 error r2")),
        (Rule::RegionRegister, region("region catch block1..block2 handler block3 error r1 message_handler r2")),
        (Rule::RegionMessageHandler, region("region catch block1..block2 handler block3 error r1 message_handler r1")),
        (Rule::Index, dynamic("at source0 line 1 bytes 0..1\n trap 0")),
        (Rule::Span, dynamic("at source0 line 1 bytes 2..1\n trap 0") + "source0 = \"f\""),
        (
            Rule::Span,
            dynamic("at source0 line 1 bytes 0..1\nat source0 line 1 bytes 0..1\n trap 0") + "source0 = \"f\"",
        ),
        (Rule::Local, function("sig1", "local \"x\" r0 0..2\nblock0:\n trap 0")),
        (Rule::Index, function("sig1", "local \"x\" r1 0..1\nblock0:\n trap 0")),
    ]
}

fn instructions() -> Vec<(Rule, String)> {
    let long = vec!["nil"; 70_000].join(",");
    vec![
        (Rule::OperandType, dynamic("r1 = i32_add 1, i64:1\n trap 0")),
        (Rule::OperandType, dynamic("r2 = i32_add 1, 1\n trap 0")),
        (Rule::OperandType, dynamic("r9 = copy i32:1\n trap 0")),
        (Rule::OperandType, dynamic("r1 = select 1, i32:1, i64:1\n trap 0")),
        (Rule::OperandType, dynamic("r1 = i32_load memory1, i32:1, +0\n trap 0")),
        (Rule::OperandType, dynamic("r2 = table_size table0\n trap 0")),
        (Rule::OperandType, dynamic("r1 = global_get global1\n trap 0")),
        (Rule::OperandType, dynamic("r7 = ref_null layout1\n trap 0")),
        (Rule::OperandType, dynamic("memory_copy memory0, memory1, i64:0, i64:0, i32:1\n trap 0")),
        (Rule::OperandType, dynamic("memory_copy memory0, memory1, i32:0, i64:0, i64:1\n trap 0")),
        (Rule::OperandType, dynamic("return_values (i32:1)")),
        (Rule::OperandType, dynamic("r1 = for_prepare r0, r0, r0, block0, block0")),
        (Rule::OperandType, typed("return_values (1)")),
        (Rule::OperandType, typed("r1 = call func0 (i64:1)\n return_values (i64:1)")),
        (Rule::OperandType, typed("r2 = call func0 (i32:1)\n return_values (i64:1)")),
        (Rule::OperandType, dynamic("r9 = closure func2 (1, 2)\n trap 0")),
        (
            Rule::OperandType,
            function("sig1", "captures any\n registers r1: cell\nblock0:\n r1 = capture_get 0\n trap 0"),
        ),
        (Rule::OperandType, function("sig1", "captures any\nblock0:\n capture_cell_set 0, 1\n trap 0")),
        (Rule::OperandType, dynamic("r7 = record_new layout0 (1, 1)\n trap 0")),
        (Rule::OperandType, dynamic("r7 = ref_null layout0\n record_set layout0, r7, 0, 1\n trap 0")),
        (Rule::OperandType, dynamic("r8 = array_new layout1, 3, 0.5\n trap 0")),
        (Rule::OperandCount, typed("return_values ()")),
        (Rule::OperandCount, typed("call func0 (r0)\n return_values (i64:1)")),
        (Rule::OperandCount, typed("r1 = call func0 ()\n return_values (i64:1)")),
        (Rule::OperandCount, dynamic("r9 = closure func2 ()\n trap 0")),
        (Rule::OperandCount, dynamic("r9 = closure func1 (1)\n trap 0")),
        (Rule::OperandCount, dynamic("r7 = record_new layout0 ()\n trap 0")),
        (Rule::ListLength, dynamic("r9 = concat (r0)\n trap 0")),
        (Rule::ListLength, dynamic("for_each r0, r0, r0, block0, block0")),
        (Rule::ListLength, dynamic(&format!("return_values ({long})"))),
        (Rule::WrittenTwice, dynamic("r9, r9 = call_any r0 ()\n trap 0")),
        (Rule::WrittenTwice, dynamic("r9 = for_prepare r0, r0, r0, block0, block0")),
        (Rule::Immediate, dynamic("r1 = i32_load memory0, i32:1, +4294967296\n trap 0")),
        (Rule::Immediate, dynamic("r9 = table_new 4294967296, 0\n trap 0")),
        (Rule::Immediate, dynamic("branch_kind r0, 12, block0, block0")),
        (Rule::Immediate, dynamic("trap 99")),
        (Rule::Index, dynamic("r99 = copy 1\n trap 0")),
        (Rule::Index, dynamic("throw r99")),
        (Rule::Index, dynamic("throw const9")),
        (Rule::Index, dynamic("jump block1")),
        (Rule::Index, dynamic("branch_table i32:0 (block0, block9), block0")),
        (Rule::Index, typed("r1 = call func9 (r0)\n trap 0")),
        (Rule::Index, typed("r1 = call_ref sig9, r2 (r0)\n trap 0")),
        (Rule::Index, dynamic("data_drop data1\n trap 0")),
        (Rule::Index, dynamic("element_drop elem2\n trap 0")),
        (Rule::Index, dynamic("memory_fill memory2, 0, 0, 0\n trap 0")),
        (Rule::Index, dynamic("table_set table2, 0, 0\n trap 0")),
        (Rule::Index, dynamic("global_set global2, 0\n trap 0")),
        (Rule::Index, dynamic("r7 = ref_null layout2\n trap 0")),
        (Rule::Index, dynamic("r9 = capture_get 0\n trap 0")),
        (Rule::OpenList, dynamic("call_any_to_open r0 ()\n trap 0")),
        (Rule::OpenList, dynamic("return_open ()")),
        (Rule::OpenList, dynamic("r9 = copy 1\n return_open ()")),
        (Rule::OpenList, dynamic("call_any_to_open r0 ()\n jump block1\nblock1:\n return_open ()")),
        (Rule::OpenList, dynamic("r9 = fiber_resume_to_open r0 ()\n jump block0")),
        (Rule::TypedCall, typed("call func1 (r2)\n trap 0")),
        (Rule::TypedCall, typed("call_ref sig1, r2 (r2)\n trap 0")),
        (Rule::TypedCall, typed("tail_call_indirect sig2, table0, i32:0 ()")),
        (Rule::NoCaptures, dynamic("call func2 (r0)\n trap 0")),
        (Rule::NoCaptures, dynamic("r9 = ref_func func2\n trap 0")),
        (Rule::TailCallResults, typed("tail_call_ref sig3, nil (i32:1, nil)")),
        (Rule::TailCallResults, dynamic("tail_call func0 (i32:1)")),
        (
            Rule::TailCallRegion,
            function(
                "sig1",
                "region catch block0..block1 handler block1 error r0\nblock0:\n tail_call_any r0 ()\nblock1:\n trap 0",
            ),
        ),
        (
            Rule::TailCallRegion,
            function(
                "sig0",
                "registers r1: any\nregion catch block0..block1 handler block1 error r1\nblock0:\n tail_call func0 (r0)\n\
                 block1:\n trap 0",
            ),
        ),
        (Rule::DynamicOnly, typed("tail_call_any nil ()")),
        (Rule::DynamicOnly, typed("call_any_to_open nil ()\n return_open ()")),
        (Rule::VariadicOnly, dynamic("r9 = varargs\n trap 0")),
        (Rule::VariadicOnly, typed("varargs_to_open\n r2 = call_any_open nil ()\n trap 0")),
        (Rule::Mutable, dynamic("global_set global1, nil\n trap 0")),
        (Rule::Field, dynamic("r7 = ref_null layout0\n r9 = record_get layout0, r7, 2\n trap 0")),
        (Rule::Field, dynamic("r7 = record_new layout1 ()\n trap 0")),
        (Rule::Field, dynamic("r7 = ref_null layout0\n r1 = array_length layout0, r7\n trap 0")),
        (Rule::Field, dynamic("r7 = ref_null layout0\n array_fill layout0, r7, 0, 0, 0\n trap 0")),
        (Rule::Field, dynamic("r8 = ref_null layout1\n array_init_element layout1, r8, 0, elem0, 0, 0\n trap 0")),
        (
            Rule::Field,
            dynamic("trap 0")
                .replace("layout1 = array (f64)", "layout1 = array (any)")
                .replace("trap 0", "r8 = ref_null layout1\n array_init_data layout1, r8, 0, data0, 0, 0\n trap 0"),
        ),
        (Rule::Field, dynamic("r8 = ref_null layout1\n r9 = string_from_array layout1, r8, 0, 0\n trap 0")),
        (Rule::OperandType, dynamic("r9 = string_new (i64:1)\n trap 0")),
        (Rule::OperandType, dynamic("r8 = ref_null layout1\n array_fill layout1, r8, 0, 1, 0\n trap 0")),
        (
            Rule::OperandType,
            dynamic(
                "r8 = ref_null layout1\n r7 = ref_null layout0\n array_copy layout1, layout1, r8, 0, r7, 0, 0\n trap 0",
            ),
        ),
        (Rule::OperandType, dynamic("r7 = ref_null layout0\n r1 = ref_same layout1, r7, r7\n trap 0")),
        (Rule::OperandType, dynamic("r7 = branch_ref layout1, r0, block0, block0")),
        (Rule::OperandType, dynamic("r1 = array_size i32:1\n trap 0")),
        (Rule::OperandType, dynamic("data_check data0, 0, i64:0, 1\n trap 0")),
        (Rule::Index, dynamic("data_check data7, 0, 0, 1\n trap 0")),
        (Rule::Index, dynamic("element_check elem7, 0, 0\n trap 0")),
        (Rule::TypedCall, dynamic("branch_signature r0, sig1, block0, block0")),
        (Rule::TableElement, dynamic("table_init table0, elem0, i32:0, 0, 0\n trap 0")),
        (Rule::TableElement, dynamic("table_copy table0, table1, i32:0, i64:0, i32:0\n trap 0")),
        (Rule::More, dynamic(&"r1 = copy 1\n".repeat(200))),
    ]
}

fn flows() -> Vec<(Rule, String)> {
    vec![
        (Rule::Assigned, dynamic("throw r9")),
        (Rule::Assigned, dynamic("r9 = call_any r0 (r9)\n trap 0")),
        (
            Rule::Assigned,
            dynamic("branch_truthy r0, block1, block2\nblock1:\n r9 = copy 1\n jump block2\nblock2:\n throw r9"),
        ),
        // The first time round the loop has not assigned it.
        (Rule::Assigned, dynamic("jump block1\nblock1:\n r1 = is_truthy r9\n r9 = copy 1\n jump block1")),
        // The call may fail before it assigns.
        (
            Rule::Assigned,
            function(
                "sig1",
                "registers r1: any, r2: any\n region catch block0..block1 handler block1 error r1\nblock0:\n \
                 r2 = call_any r0 ()\n return_values ()\nblock1:\n throw r2",
            ),
        ),
        // An inner handler knows more than the outer one.
        (
            Rule::Assigned,
            function(
                "sig1",
                "registers r1: any, r2: any, r3: any\n region cleanup block1..block2 handler block2 error r1\n \
                 region catch block0..block3 handler block3 error r3\nblock0:\n r2 = copy 1\n jump block1\nblock1:\n throw r0\n\
                 block2:\n r2 = copy r2\n throw r1\nblock3:\n throw r2",
            ),
        ),
        // The error register is assigned only where the handler is reached by an error.
        (
            Rule::Assigned,
            function(
                "sig1",
                "registers r1: any\n region catch block1..block2 handler block2 error r1\nblock0:\n \
                 branch_truthy r0, block1, block2\nblock1:\n throw r0\nblock2:\n throw r1",
            ),
        ),
    ]
}

#[test]
fn good_programs_are_accepted() {
    for source in accepted() {
        let rejections = check(&parse(&source));
        assert!(rejections.is_empty(), "{}\n{source}", rejections[0]);
    }
}

#[test]
fn bad_programs_are_rejected() {
    for (rule, source) in rejected() {
        let rejections = check(&parse(&source));
        let found: Vec<String> = rejections.iter().map(ToString::to_string).collect();
        let shown: String = source.chars().take(2000).collect();
        assert!(rejections.iter().any(|rejection| rejection.rule == rule), "{rule:?} {found:?}\n{shown}");
        assert!(found.iter().all(|line| !line.contains('\n')));
    }
}

#[test]
fn most_mistakes_are_one_rejection() {
    let count = |(_, source): &(Rule, String)| check(&parse(source)).len();
    let cases = instructions();
    let single = cases.iter().filter(|case| count(case) == 1).count();
    assert!(single * 10 >= cases.len() * 8, "{single} of {}", cases.len());
}

#[test]
fn deep_initial_values() {
    let mut initial = Initial::Constant(Constant::I32(1));
    for _ in 0..=100 {
        initial = Initial::Arithmetic(InitialOp::Add, Box::new(initial), Box::new(Initial::Constant(Constant::I32(1))));
    }
    let mut program = parse("global0 = i32 1");
    program.globals.values_mut().next().unwrap().origin = Origin::Own(initial);
    let rejections = check(&program);
    assert_eq!(rejections.len(), 1);
    assert_eq!(rejections[0].rule, Rule::InitialDepth);
}

/// A function in which so many registers are live at the start of as many blocks, each of which has two instructions.
fn crossing(registers: usize, blocks: usize) -> Program {
    let list: Vec<String> = (0..registers).map(|number| format!("r{number}: i32")).collect();
    let mut text = format!("func0 \"f\" () {{\nregisters {}\nblock0:\n", list.join(","));
    (0..registers).for_each(|number| text += &format!("r{number} = copy i32:1\n"));
    (0..blocks).for_each(|number| text += &format!("jump block{0}\nblock{0}:\nr0 = copy i32:1\n", number + 1));
    (0..registers).for_each(|number| text += &format!("r0 = copy r{number}\n"));
    parse(&(text + "trap 0\n}"))
}

#[test]
fn functions_with_too_many_live_registers() {
    assert_eq!(check(&crossing(1000, 300)), []);
    let rejections = check(&crossing(1000, 3000));
    assert_eq!(rejections.iter().map(|rejection| rejection.rule).collect::<Vec<_>>(), [Rule::FunctionSize]);
    assert!(rejections[0].to_string().contains("at most"), "{}", rejections[0]);
}

#[test]
fn windows_count_as_part_of_the_frame() {
    let caller = |registers: usize| {
        let own: Vec<String> = (0..registers).map(|number| format!("r{number}: i32")).collect();
        let text = format!("func0 \"f\" () {{\nregisters {}\nblock0:\n call func1 ()\n trap 0\n}}\n", own.join(","));
        let params: Vec<&str> = std::iter::repeat_n("i32", 20_000).collect();
        let (params, zeros) = (params.join(","), vec!["i32:0"; 20_000].join(","));
        let text = text.replace("call func1 ()", &format!("call func1 ({zeros})"));
        check(&parse(&format!("{text}func1 \"g\" ({params}) {{\nblock0:\n trap 0\n}}\n")))
    };
    assert_eq!(caller(20_000), []);
    let rejections = caller(40_000);
    assert_eq!(rejections.len(), 1, "{rejections:?}");
    assert_eq!(rejections[0].rule, Rule::FrameSize);
    assert!(rejections[0].to_string().contains("at most 60000 frame words"), "{}", rejections[0]);
}

#[test]
fn functions_with_many_registers_that_stay_in_their_block() {
    let list: Vec<String> = (0..60_000).map(|number| format!("r{number}: i32")).collect();
    let mut text = format!("func0 \"f\" () {{\nregisters {}\nblock0:\n", list.join(","));
    (1..20_000).for_each(|number| text += &format!("r{number} = copy i32:1\njump block{number}\nblock{number}:\n"));
    assert_eq!(check(&parse(&(text + "trap 0\n}"))), []);
}

#[test]
fn every_rule_has_a_case() {
    let mut covered: BTreeSet<Rule> = rejected().into_iter().map(|(rule, _)| rule).collect();
    covered.extend([Rule::InitialDepth, Rule::FunctionSize]);
    let missing: Vec<&Rule> = Rule::ALL.iter().filter(|rule| !covered.contains(rule)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_rejection_says_where_and_what() {
    let source = "source0 = \"app.lua\"\nfunc0 \"main\" (any) dynamic {\n registers r1: i64\nblock0:\n jump block1\nblock1:\n \
                  at source0 line 3 bytes 10..20\n r1 = i64_add r0, i32:7\n return_values (r0)\n}\n";
    let lines: Vec<String> = check(&parse(source)).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "app.lua:3: func0 'main', block1, instruction 1 i64_add, lhs: expected i64, found r0: any [operand-type]",
            "app.lua:3: func0 'main', block1, instruction 1 i64_add, rhs: expected i64, found const0: i32 [operand-type]",
        ]
    );
}

#[test]
fn too_many_functions_with_mistakes() {
    let source = "func0 \"f\" () {\n}\n".to_string()
        + &(1..150).map(|number| format!("func{number} \"f\" () {{\n}}\n")).collect::<String>();
    let rejections = check(&parse(&source));
    assert_eq!(rejections.len(), 101);
    assert_eq!(rejections[100].rule, Rule::More);
}
