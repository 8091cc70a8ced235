//! Which local variables are in scope at an instruction, found without looking at all of them.

use crate::program::Function;
use crate::steps;

/// An index of the local variables of a function.
#[derive(Clone, Debug)]
pub struct LocalIndex {
    /// Start and place in [`Function::locals`] of each variable, ascending.
    by_start: Vec<(u32, u32)>,
    /// A tree over these: at `i` the latest end of those below `2 * i` and `2 * i + 1`, the leaves last.
    latest_end: Vec<u32>,
}

impl LocalIndex {
    /// The index of a function.
    pub fn new(function: &Function) -> LocalIndex {
        let mut by_start: Vec<(u32, u32)> =
            (0u32..).zip(&function.locals).map(|(index, local)| (local.start, index)).collect();
        steps::count(by_start.len());
        by_start.sort_unstable();
        let leaves = by_start.len().next_power_of_two();
        let mut latest_end = vec![0; 2 * leaves];
        for (leaf, &(_, index)) in latest_end[leaves..].iter_mut().zip(&by_start) {
            *leaf = function.locals[index as usize].end;
        }
        for node in (1..leaves).rev() {
            latest_end[node] = latest_end[2 * node].max(latest_end[2 * node + 1]);
        }
        LocalIndex { by_start, latest_end }
    }

    /// The variables that are in scope at an instruction, as places in [`Function::locals`], ascending. Takes a time in their
    /// number.
    pub fn at(&self, instruction: usize) -> Vec<usize> {
        let leaves = self.latest_end.len() / 2;
        let begun = self.by_start.partition_point(|&(start, _)| start as usize <= instruction);
        let mut found = Vec::new();
        // Nodes of the tree, with their first leaf and how many they have.
        let mut open = vec![(1, 0, leaves)];
        while let Some((node, first, count)) = open.pop() {
            steps::count(1);
            if first >= begun || self.latest_end[node] as usize <= instruction {
                continue;
            }
            if node >= leaves {
                found.push(self.by_start[first].1 as usize);
                continue;
            }
            open.push((2 * node, first, count / 2));
            open.push((2 * node + 1, first + count / 2, count / 2));
        }
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::FunctionDef;

    #[test]
    fn variables_in_scope_are_found() {
        for count in [0, 1, 2, 5, 40] {
            let range = |number: u32| (number * 7 % 30, number * 7 % 30 + number * 5 % 11);
            let locals: String =
                (0..count).map(|number| format!("local \"v\" r0 {}..{}\n", range(number).0, range(number).1)).collect();
            let source = format!("func0 \"f\" () {{\nregisters r0: any\n{locals}block0:\n trap 0\n}}");
            let program = crate::text::parse(&source).unwrap();
            let Some(FunctionDef::Code(function)) = program.functions.values().next() else { unreachable!() };
            let index = LocalIndex::new(function);
            for at in 0..45 {
                let is_visible = |&number: &usize| (range(number as u32).0..range(number as u32).1).contains(&at);
                let expected: Vec<usize> = (0..count as usize).filter(is_visible).collect();
                assert_eq!(index.at(at as usize), expected, "{count} variables, at {at}");
            }
        }
    }
}
