//! The loops of a function: blocks that a way leads back to.

use crate::entities::Block;
use crate::program::Function;
use crate::steps;

/// The blocks that a branch leads back to on the way of a depth-first walk from the first block, in the order of their numbers.
pub fn loop_heads(function: &Function) -> Vec<Block> {
    edges_back(function)
        .into_iter()
        .map(|(head, _)| head)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// The head of the smallest loop that a block is part of.
pub fn innermost_loop(function: &Function, block: Block) -> Option<Block> {
    let sources = sources(function);
    let mut found: Option<(usize, Block)> = None;
    for (head, last) in edges_back(function) {
        // What leads to the branch back without passing the head.
        let mut inside = vec![false; function.blocks.len()];
        inside[head.as_u32() as usize] = true;
        let (mut work, mut size) = (vec![last], 1);
        while let Some(block) = work.pop() {
            steps::count(1);
            if !std::mem::replace(&mut inside[block.as_u32() as usize], true) {
                size += 1;
                work.extend(&sources[block.as_u32() as usize]);
            }
        }
        if inside[block.as_u32() as usize] && found.is_none_or(|(least, _)| size < least) {
            found = Some((size, head));
        }
    }
    found.map(|(_, head)| head)
}

/// The blocks that a block may go on with.
pub fn targets(function: &Function, block: Block) -> Vec<Block> {
    let mut targets = Vec::new();
    function.code[function.block_range(block).end - 1].for_each_target(|target| targets.push(target));
    targets
}

fn sources(function: &Function) -> Vec<Vec<Block>> {
    let mut sources = vec![Vec::new(); function.blocks.len()];
    for block in function.blocks.keys() {
        for target in targets(function, block) {
            sources[target.as_u32() as usize].push(block);
        }
    }
    sources
}

/// The branches back, as the block they lead to and the block that they end.
fn edges_back(function: &Function) -> Vec<(Block, Block)> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; function.blocks.len()];
    let mut edges = Vec::new();
    let first = Block::from_u32(0);
    let mut work = vec![(first, targets(function, first))];
    state[0] = State::Open;
    while let Some((block, rest)) = work.last_mut() {
        let block = *block;
        let Some(target) = rest.pop() else {
            state[block.as_u32() as usize] = State::Done;
            work.pop();
            continue;
        };
        steps::count(1);
        match state[target.as_u32() as usize] {
            State::New => {
                state[target.as_u32() as usize] = State::Open;
                work.push((target, targets(function, target)));
            }
            State::Open => edges.push((target, block)),
            State::Done => {}
        }
    }
    edges
}
