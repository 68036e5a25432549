//! The greatest value in a range of a list.

#![expect(clippy::indexing_slicing, reason = "all places follow from the size that the tree was made with")]

/// A list of values that can be asked for the greatest of a range, and where it is.
pub(super) struct Tree {
    /// The smallest power of two that has room for the values.
    leaves: usize,
    /// For each node the place of its greatest value; the children of `n` are `2n` and `2n + 1`.
    nodes: Vec<usize>,
    values: Vec<u64>,
}

impl Tree {
    pub(super) fn new(mut values: Vec<u64>) -> Self {
        let leaves = values.len().next_power_of_two();
        values.resize(leaves, 0);
        let mut nodes = vec![0; leaves * 2];
        for place in 0..leaves {
            nodes[leaves + place] = place;
        }
        for node in (1..leaves).rev() {
            nodes[node] = greater(&values, nodes[node * 2], nodes[node * 2 + 1]);
        }
        Self { leaves, nodes, values }
    }

    /// The place and value of the greatest in `from..to`, if there is any.
    pub(super) fn greatest(&self, from: usize, to: usize) -> Option<(usize, u64)> {
        let (mut low, mut high) = (from + self.leaves, to.min(self.leaves) + self.leaves);
        let mut best: Option<usize> = None;
        let mut consider = |node: usize| {
            let place = self.nodes[node];
            best = Some(best.map_or(place, |best| greater(&self.values, best, place)));
        };
        while low < high {
            if low % 2 == 1 {
                consider(low);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                consider(high);
            }
            low /= 2;
            high /= 2;
        }
        best.map(|place| (place, self.values[place]))
    }
}

fn greater(values: &[u64], left: usize, right: usize) -> usize {
    if values[right] > values[left] { right } else { left }
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn the_greatest_of_every_range_is_found() {
        for size in 0..12_usize {
            let values = (0..size).map(|place| (place as u64 * 7 + 3) % 11).collect::<Vec<_>>();
            let tree = Tree::new(values.clone());
            for from in 0..size {
                for to in from..=size {
                    let expected = values[from..to].iter().max().copied();
                    assert_eq!(tree.greatest(from, to).map(|(_, value)| value), expected, "{from}..{to}");
                }
            }
        }
    }
}
