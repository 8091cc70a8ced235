//! How the protected regions of a function nest.

use crate::entities::Block;
use crate::program::Function;
use crate::steps;

/// The nesting of the regions of a function: for each block the innermost region, for each region the one around it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegionTree {
    innermost: Vec<Option<usize>>,
    parents: Vec<Option<usize>>,
}

/// Two regions that do not nest, or stand in the wrong order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NestingError {
    /// The region that should be the inner one, by its place in [`Function::regions`].
    pub inner: usize,
    /// The region that should be the outer one.
    pub outer: usize,
}

impl RegionTree {
    /// Finds the nesting. Empty regions and parts past the last block are ignored.
    ///
    /// # Errors
    /// When two regions overlap in part, or an outer one stands before an inner one.
    pub fn new(function: &Function) -> Result<RegionTree, NestingError> {
        let regions = &function.regions;
        let mut order: Vec<usize> =
            (0..regions.len()).filter(|&index| regions[index].start < regions[index].end).collect();
        // Outer before inner: by start, then the longer one, then the one that stands later in the list.
        order.sort_by_key(|&index| {
            (regions[index].start, std::cmp::Reverse(regions[index].end), std::cmp::Reverse(index))
        });
        let mut tree = RegionTree { innermost: vec![None; function.blocks.len()], parents: vec![None; regions.len()] };
        let mut open: Vec<usize> = Vec::new();
        let mut pending = order.into_iter().peekable();
        for (number, innermost) in tree.innermost.iter_mut().enumerate() {
            let block = Block::from_u32(u32::try_from(number).expect("blocks are counted in u32"));
            steps::count(1);
            while open.last().is_some_and(|&index| regions[index].end <= block) {
                open.pop();
            }
            while let Some(index) = pending.next_if(|&index| regions[index].start == block) {
                steps::count(1);
                if let Some(&outer) = open.last() {
                    if regions[outer].end < regions[index].end || outer < index {
                        return Err(NestingError { inner: index, outer });
                    }
                    tree.parents[index] = Some(outer);
                }
                open.push(index);
            }
            *innermost = open.last().copied();
        }
        Ok(tree)
    }

    /// The innermost region of a block, by its place in [`Function::regions`].
    pub fn innermost(&self, block: Block) -> Option<usize> {
        self.innermost.get(block.as_u32() as usize).copied().flatten()
    }

    /// The region directly around a region.
    pub fn parent(&self, region: usize) -> Option<usize> {
        self.parents.get(region).copied().flatten()
    }
}
