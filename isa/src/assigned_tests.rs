//! Tests of the dataflow of assigned registers.

use super::*;
use crate::program::FunctionDef;
use crate::text;

fn compute(body: &str) -> (Function, AssignedRegisters) {
    let source = format!("sig0 = (any) dynamic\nfunc0 \"f\" sig0 {{\nregisters r1: any, r2: any, r3: any\n{body}\n}}");
    let program = text::parse(&source).unwrap();
    let Some(FunctionDef::Code(function)) = program.functions.values().next() else { unreachable!() };
    let assigned = AssignedRegisters::compute(function, 1);
    ((**function).clone(), assigned)
}

fn shown(set: &RegisterSet) -> String {
    set.iter().map(|register| register.to_string()).collect::<Vec<_>>().join(" ")
}

fn starts(body: &str) -> Vec<String> {
    let (function, assigned) = compute(body);
    function.blocks.keys().map(|block| shown(&assigned.at_start(block))).collect()
}

#[test]
fn paths_meet_in_what_both_assign() {
    let body = "block0:\n r1 = copy 1\n branch_truthy r0, block1, block2\nblock1:\n r2 = copy 1\n r3 = copy 1\n jump block3\n\
                block2:\n r2 = copy 1\n jump block3\nblock3:\n jump block0";
    assert_eq!(starts(body), ["r0", "r0 r1", "r0 r1", "r0 r1 r2"]);
}

#[test]
fn loops_keep_what_came_in() {
    let body = "block0:\n r1 = copy 1\n jump block1\nblock1:\n r2 = copy 1\n branch_truthy r0, block1, block2\n\
                block2:\n throw r2";
    assert_eq!(starts(body), ["r0", "r0 r1", "r0 r1 r2"]);
}

#[test]
fn loops_against_the_order_of_blocks() {
    let body = "block0:\n jump block3\nblock1:\n branch_truthy r0, block2, block3\nblock2:\n throw r0\n\
                block3:\n r1 = copy 1\n jump block1";
    assert_eq!(starts(body), ["r0", "r0 r1", "r0 r1", "r0"]);
}

#[test]
fn handlers_start_as_the_region_did() {
    let body = "region catch block1..block3 handler block3 error r3\nblock0:\n r1 = copy 1\n jump block1\n\
                block1:\n r2 = copy 1\n jump block2\nblock2:\n jump block4\nblock3:\n throw r3\nblock4:\n throw r2";
    let (function, assigned) = compute(body);
    assert_eq!(shown(&assigned.at_start(Block::from_u32(3))), "r0 r1 r3");
    assert_eq!(shown(&assigned.at_start(Block::from_u32(4))), "r0 r1 r2");
    assert_eq!(shown(&assigned.in_region(0)), "r0 r1");
    assert_eq!(shown(&assigned.at(&function, 3)), "r0 r1 r2");
    assert_eq!(shown(&assigned.at(&function, 2)), "r0 r1");
}

#[test]
fn what_nothing_reaches_has_everything() {
    let (_, assigned) = compute("block0:\n throw r0\nblock1:\n throw r2");
    assert!(!assigned.is_reached(Block::from_u32(1)));
    assert_eq!(shown(&assigned.at_start(Block::from_u32(1))), "r0 r1 r2 r3");
}

#[test]
fn results_count_on_every_edge() {
    let body = "block0:\n r1 = for_each r0, r0, r0, block1, block2\nblock1:\n throw r1\nblock2:\n throw r1";
    assert_eq!(starts(body), ["r0", "r0 r1", "r0 r1"]);
}
