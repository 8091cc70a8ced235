//! Tests of the dataflow of live registers.

use super::*;
use crate::program::FunctionDef;
use crate::text;
use std::collections::BTreeSet;

fn function(body: &str) -> Function {
    let source = format!("sig0 = (any) dynamic\nfunc0 \"f\" sig0 {{\nregisters r1: any, r2: any, r3: any\n{body}\n}}");
    let program = text::parse(&source).unwrap();
    let Some(FunctionDef::Code(function)) = program.functions.values().next() else { unreachable!() };
    (**function).clone()
}

fn shown(set: &RegisterSet) -> String {
    set.iter().map(|register| register.to_string()).collect::<Vec<_>>().join(" ")
}

/// What is live before each instruction, where the first four registers are assigned at the start.
fn live(body: &str) -> Vec<String> {
    live_with(body, 4)
}

fn live_with(body: &str, parameters: usize) -> Vec<String> {
    let function = function(body);
    let live = LiveRegisters::compute(&function, parameters);
    (0..function.code.len()).map(|at| shown(&live.before(&function, at))).collect()
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

#[test]
fn variables_without_a_value_are_not_live() {
    let body = "local \"x\" r1 0..5\nlocal \"y\" r2 0..4\nblock0:\n r1 = copy 1\n branch_truthy r0, block1, block2\nblock1:\n \
                r2 = copy 1\n jump block2\nblock2:\n throw r0";
    assert_eq!(live_with(body, 1), ["r0", "r0 r1", "r0 r1", "r0 r1 r2", "r0 r1"]);
    assert_eq!(live_with(body, 4), ["r0 r1 r2", "r0 r1 r2", "r0 r1 r2", "r0 r1 r2", "r0 r1"]);
}

#[test]
fn arguments_of_a_call_are_the_callees() {
    let function = function("block0:\n r1 = call_any r0 (r2)\n throw r3");
    let live = LiveRegisters::compute(&function, 4);
    assert_eq!(shown(&live.before(&function, 0)), "r0 r2 r3");
    assert_eq!(shown(&live.during(&function, 0)), "r0 r3");
}

#[test]
fn long_blocks_are_as_short_ones() {
    let code = " r1 = copy r2\n r2 = copy r1\n r0 = copy r3\n".repeat(STRETCH);
    let body =
        format!("local \"x\" r3 400..1300\nlocal \"y\" r0 600..620\nblock0:\n{code} jump block1\nblock1:\n throw r1");
    let function = function(&body);
    assert_eq!(held(&function, 4), live(&body));
}

/// What is live and assigned before each instruction, found step by step until nothing changes.
fn held(function: &Function, parameters: usize) -> Vec<String> {
    let count = function.registers.len();
    let tree = RegionTree::new(function).unwrap();
    let all: BTreeSet<u32> = (0..count as u32).collect();
    let nodes = function.blocks.len() + function.regions.len();
    let (mut live, mut assigned) = (vec![BTreeSet::new(); nodes], vec![all; nodes]);
    assigned[0] = (0..parameters as u32).collect();
    let mut before = vec![String::new(); function.code.len()];
    loop {
        let known = (live.clone(), assigned.clone());
        for (node, region) in (function.blocks.len()..).zip(&function.regions) {
            let handler = region.handler.as_u32() as usize;
            let parent = tree.parent(node - function.blocks.len()).map(|parent| function.blocks.len() + parent);
            let mut wanted = live[handler].clone();
            wanted.remove(&region.error.as_u32());
            wanted.extend(region.message_handler.map(Reg::as_u32));
            wanted.extend(parent.map(|parent| live[parent].clone()).unwrap_or_default());
            live[node] = wanted;
            let mut caught = assigned[node].clone();
            parent.inspect(|&parent| assigned[parent] = &assigned[parent] & &caught);
            caught.insert(region.error.as_u32());
            assigned[handler] = &assigned[handler] & &caught;
        }
        for block in function.blocks.keys().rev() {
            let number = block.as_u32() as usize;
            let (range, region) = (function.block_range(block), tree.innermost(block));
            let throughout = region.map(|region| live[function.blocks.len() + region].clone()).unwrap_or_default();
            let mut after = BTreeSet::new();
            function.code[range.end - 1].for_each_target(|target| after.extend(live[target.as_u32() as usize].clone()));
            let mut values = vec![assigned[number].clone()];
            region.inspect(|region| {
                let node = function.blocks.len() + region;
                assigned[node] = &assigned[node] & &values[0];
            });
            for at in range.clone() {
                let mut next = values.last().unwrap().clone();
                function.code[at].for_each_def(|register| _ = next.insert(register.as_u32()));
                values.push(next);
            }
            function.code[range.end - 1].for_each_target(|target| {
                let target = target.as_u32() as usize;
                assigned[target] = &assigned[target] & values.last().unwrap();
            });
            for at in range.clone().rev() {
                function.code[at].for_each_def(|register| _ = after.remove(&register.as_u32()));
                function.code[at].for_each_use(|register| _ = after.insert(register.as_u32()));
                let here = at as u32;
                let named = function.locals.iter().filter(|local| local.start <= here && here < local.end);
                after.extend(named.map(|local| local.register.as_u32()));
                let held = &(&after | &throughout) & &values[at - range.start];
                before[at] = held.iter().map(|register| format!("r{register}")).collect::<Vec<_>>().join(" ");
            }
            live[number] = &after | &throughout;
        }
        if known == (live.clone(), assigned.clone()) {
            return before;
        }
    }
}

/// A function with random blocks, regions and variables.
fn random(seed: u64) -> Function {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |end: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % end
    };
    let blocks = 1 + below(9);
    let mut body = String::new();
    for _ in 0..below(4) {
        let (start, length) = (below(blocks), 1 + below(3));
        let (end, handler) = ((start + length).min(blocks), below(blocks));
        let message = if below(3) == 0 { format!(" message_handler r{}", below(4)) } else { String::new() };
        if !(start..end).contains(&handler) {
            body +=
                &format!("region catch block{start}..block{end} handler block{handler} error r{}{message}\n", below(4));
        }
    }
    for _ in 0..below(4) {
        let start = below(3 * blocks);
        body += &format!("local \"v\" r{} {start}..{}\n", below(4), start + below(10));
    }
    for block in 0..blocks {
        body += &format!("block{block}:\n");
        for _ in 0..below(4) {
            body += &format!(" r{} = copy r{}\n", below(4), below(4));
        }
        body += &match below(4) {
            0 => format!(" throw r{}\n", below(4)),
            1 => format!(" jump block{}\n", below(blocks)),
            _ => format!(" branch_truthy r{}, block{}, block{}\n", below(4), below(blocks), below(blocks)),
        };
    }
    function(&body)
}

#[test]
fn random_functions() {
    let mut compared = 0;
    for seed in 0..1000 {
        let function = random(seed);
        if RegionTree::new(&function).is_err() {
            continue;
        }
        let flow = Flow::new(&function);
        for parameters in 0..=4 {
            let mut search = Search::new(&flow);
            let is_verified = (parameters as u32..4).all(|register| {
                search.begin(register);
                search.follow_reads();
                !search.reaches_entry()
            });
            if is_verified {
                let expected = held(&function, parameters);
                let live = LiveRegisters::compute(&function, parameters);
                let found: Vec<_> = (0..function.code.len()).map(|at| shown(&live.before(&function, at))).collect();
                assert_eq!(found, expected, "seed {seed}, {parameters} parameters");
                compared += 1;
            }
        }
    }
    assert!(compared > 1000, "{compared}");
}
