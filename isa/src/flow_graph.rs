//! The control flow of a function as a graph, and the order in which a dataflow visits it.
//!
//! Nodes are the blocks, then the protected regions. A block leads to its targets and to its innermost region, a region to
//! the one around it and to its handler.

use crate::entities::Block;
use crate::program::Function;
use crate::regions::RegionTree;
use std::collections::BTreeSet;

/// The graph of one function.
pub(crate) struct FlowGraph<'a> {
    function: &'a Function,
    regions: Option<RegionTree>,
    /// Place of each node in a reverse postorder, and the node at each place.
    place: Vec<usize>,
    order: Vec<usize>,
    reached: Vec<bool>,
}

impl<'a> FlowGraph<'a> {
    /// The graph of a function. Targets that do not exist are ignored, and so are regions that do not nest.
    pub(crate) fn new(function: &'a Function) -> Self {
        let nodes = function.blocks.len() + function.regions.len();
        let regions = RegionTree::new(function).ok();
        let (place, order) = (vec![0; nodes], Vec::with_capacity(nodes));
        let mut graph = FlowGraph { function, regions, place, order, reached: vec![false; nodes] };
        graph.number_nodes();
        graph
    }

    /// The reached nodes in reverse postorder, in which most sets of a forward dataflow settle in one sweep.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    /// The place of a reached node in that order.
    pub(crate) fn place(&self, node: usize) -> usize {
        self.place[node]
    }

    /// Which nodes any path leads to.
    pub(crate) fn reached(&self) -> &[bool] {
        &self.reached
    }

    /// The innermost region of a block, by its place in [`Function::regions`].
    pub(crate) fn region(&self, block: Block) -> Option<usize> {
        self.regions.as_ref()?.innermost(block)
    }

    /// Visits the nodes that may follow a node.
    pub(crate) fn successors(&self, node: usize, mut visit: impl FnMut(usize)) {
        let blocks = self.function.blocks.len();
        let Some(regions) = &self.regions else {
            return self.targets(node, visit);
        };
        if node < blocks {
            let block = Block::from_u32(u32::try_from(node).expect("blocks are counted in u32"));
            if let Some(region) = regions.innermost(block) {
                visit(blocks + region);
            }
            self.targets(node, visit);
        } else {
            if let Some(parent) = regions.parent(node - blocks) {
                visit(blocks + parent);
            }
            let handler = self.function.regions[node - blocks].handler.as_u32() as usize;
            if handler < blocks {
                visit(handler);
            }
        }
    }

    /// Visits the targets at the end of a block.
    fn targets(&self, node: usize, mut visit: impl FnMut(usize)) {
        let blocks = self.function.blocks.len();
        if node >= blocks {
            return;
        }
        let block = Block::from_u32(u32::try_from(node).expect("blocks are counted in u32"));
        let Some(last) = self.function.code[self.function.block_range(block)].last() else { return };
        last.for_each_target(|target| {
            if (target.as_u32() as usize) < blocks {
                visit(target.as_u32() as usize);
            }
        });
    }

    fn number_nodes(&mut self) {
        let mut reached = vec![false; self.place.len()];
        // A node is left when all that was put on the stack after it has been dealt with.
        enum Step {
            Enter(usize),
            Leave(usize),
        }
        let mut steps = if reached.is_empty() { Vec::new() } else { vec![Step::Enter(0)] };
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(node) if !std::mem::replace(&mut reached[node], true) => {
                    steps.push(Step::Leave(node));
                    self.successors(node, |next| {
                        if !reached[next] {
                            steps.push(Step::Enter(next));
                        }
                    });
                }
                Step::Enter(_) => {}
                Step::Leave(node) => self.order.push(node),
            }
        }
        self.order.reverse();
        for (place, &node) in self.order.iter().enumerate() {
            self.place[node] = place;
        }
        self.reached = reached;
    }
}

/// Places that a dataflow has yet to visit, in sweeps of ascending order.
pub(crate) struct Worklist {
    /// To visit in this sweep and in the next one.
    now: BTreeSet<usize>,
    next: BTreeSet<usize>,
}

impl Worklist {
    /// All places below `count`.
    pub(crate) fn all(count: usize) -> Self {
        Worklist { now: (0..count).collect(), next: BTreeSet::new() }
    }

    /// The next place.
    pub(crate) fn pop(&mut self) -> Option<usize> {
        if self.now.is_empty() {
            std::mem::swap(&mut self.now, &mut self.next);
        }
        self.now.pop_first()
    }

    /// A place must be visited (again), as the one at `from` is being left.
    pub(crate) fn add(&mut self, place: usize, from: usize) {
        if place > from {
            self.now.insert(place)
        } else {
            self.next.insert(place)
        };
    }
}
