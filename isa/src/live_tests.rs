//! Tests of the dataflow of live registers.

use super::*;
use crate::program::FunctionDef;
use crate::text;

/// What is live before each instruction.
fn live(body: &str) -> Vec<String> {
    let source = format!("sig0 = (any) dynamic\nfunc0 \"f\" sig0 {{\nregisters r1: any, r2: any, r3: any\n{body}\n}}");
    let program = text::parse(&source).unwrap();
    let Some(FunctionDef::Code(function)) = program.functions.values().next() else { unreachable!() };
    let live = LiveRegisters::compute(function);
    let mut lines = Vec::new();
    for block in function.blocks.keys().rev() {
        let mut set = live.at_end(block);
        for at in function.block_range(block).rev() {
            step_back(&function.code[at], &mut set);
            add_named(function, at, &mut set);
            live.throughout(block).inspect(|wanted| set.unite(wanted));
            lines.push(set.iter().map(|register| register.to_string()).collect::<Vec<_>>().join(" "));
        }
    }
    lines.reverse();
    lines
}

#[test]
fn what_is_read_later_is_live() {
    assert_eq!(live("block0:\n r1 = copy 1\n r2 = copy r0\n r1 = copy 2\n throw r1"), ["r0", "r0", "", "r1"]);
}

#[test]
fn either_way_out_counts() {
    let body = "block0:\n branch_truthy r0, block1, block2\nblock1:\n throw r1\nblock2:\n throw r2";
    assert_eq!(live(body), ["r0 r1 r2", "r1", "r2"]);
}

#[test]
fn loops_carry_values_around() {
    let body = "block0:\n r1 = copy 1\n jump block1\nblock1:\n r2 = copy r1\n r1 = copy r2\n \
                branch_truthy r0, block1, block2\nblock2:\n throw 0";
    assert_eq!(live(body), ["r0", "r0 r1", "r0 r1", "r0 r2", "r0 r1", ""]);
}

#[test]
fn variables_live_through_their_scopes() {
    let body = "local \"x\" r1 1..3\nblock0:\n r1 = copy 1\n r2 = copy 2\n r1 = copy 3\n throw 0";
    assert_eq!(live(body), ["", "r1", "r1", ""]);
}

#[test]
fn handlers_want_what_they_read_everywhere_in_their_region() {
    let body = "region catch block1..block3 handler block3 error r3\nblock0:\n r1 = copy 1\n jump block1\n\
                block1:\n r1 = copy 1\n jump block2\nblock2:\n throw r2\nblock3:\n r3 = add r3, r1\n throw r3";
    assert_eq!(live(body), ["r2", "r1 r2", "r1 r2", "r1 r2", "r1 r2", "r1 r3", "r3"]);
}

#[test]
fn message_handlers_are_wanted_in_their_region() {
    let body = "region catch block1..block2 handler block2 error r3 message_handler r1\nblock0:\n r1 = copy r0\n \
                jump block1\nblock1:\n throw r2\nblock2:\n throw r3";
    assert_eq!(live(body), ["r0 r2", "r1 r2", "r1 r2", "r3"]);
}
