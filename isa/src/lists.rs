//! A list for each of many keys, in one piece of memory.

use crate::steps;

/// Lists of items by key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Lists<T> {
    /// Where the list of each key begins, and the number of all items at the end.
    starts: Vec<usize>,
    items: Vec<T>,
}

impl<T: Copy + Default> Lists<T> {
    /// The lists for the keys below `keys`; the items of a key stay in their order. Takes time in the number of keys and pairs.
    pub(crate) fn new(keys: usize, pairs: &[(u32, T)]) -> Self {
        steps::count(keys + 2 * pairs.len());
        let mut starts = vec![0; keys + 1];
        for &(key, _) in pairs {
            starts[key as usize] += 1;
        }
        let mut total = 0;
        for start in &mut starts {
            total += std::mem::replace(start, total);
        }
        let mut items = vec![T::default(); pairs.len()];
        for &(key, item) in pairs {
            let place = &mut starts[key as usize];
            items[*place] = item;
            *place += 1;
        }
        // Each start is where the next list begins by now.
        starts.rotate_right(1);
        starts[0] = 0;
        Lists { starts, items }
    }

    /// The items of a key.
    pub(crate) fn of(&self, key: usize) -> &[T] {
        &self.items[self.starts[key]..self.starts[key + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_by_their_key() {
        let lists = Lists::new(4, &[(2, 'a'), (0, 'b'), (2, 'c')]);
        assert_eq!((0..4).map(|key| lists.of(key).iter().collect::<String>()).collect::<Vec<_>>(), ["b", "", "ac", ""]);
        assert!(Lists::<char>::new(0, &[]).items.is_empty());
    }
}
