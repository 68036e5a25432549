//! [`Conditions`] and [`Together`]: sets of the conditions of one alternative.

use crate::limits::KEYS_MAX;

// Every set of conditions has to have its bit in `Together`.
const _: () = assert!(1 << KEYS_MAX <= u32::BITS);

/// A set of conditions, by their position in the alternative: at most one per key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Conditions(u32);

impl Conditions {
    /// The set of the first so many.
    pub(crate) const fn first(count: usize) -> Self {
        let count = if count < KEYS_MAX { count } else { KEYS_MAX };
        Self((1 << count) - 1)
    }

    pub(crate) const fn insert(&mut self, position: usize) {
        self.0 |= Self::only(position).0;
    }

    pub(crate) const fn contains(self, position: usize) -> bool {
        self.0 & Self::only(position).0 != 0
    }

    /// Those of this set that are not in the other.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The set of one.
    pub(crate) const fn only(position: usize) -> Self {
        Self(if position < KEYS_MAX { 1 << position } else { 0 })
    }
}

/// The sets of conditions that a part of a message can satisfy together, one bit per set.
///
/// Fields below one list have to be those of one element. An element that satisfies A, beside one that satisfies B,
/// does not make a list that satisfies both; two fields of an object do. Carrying every set that some choice of
/// elements can reach, instead of trying the choices, makes the work linear in the message.
///
/// A set stands for its subsets as well: satisfying more never hurts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Together(u32);

impl Together {
    /// The empty set: what a part without any relevant value can satisfy.
    pub(crate) const NOTHING: Self = Self(1);

    pub(crate) const fn exactly(conditions: Conditions) -> Self {
        Self(1 << conditions.0)
    }

    /// One element or another of a list.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// One member and another of an object: every union of a set of each.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (both, Self::NOTHING) | (Self::NOTHING, both) => both,
            _ => Self(
                self.sets()
                    .flat_map(|one| other.sets().map(move |two| 1 << (one | two)))
                    .fold(0, |a, b| a | b),
            ),
        }
    }

    /// Whether some choice satisfies all of these.
    pub(crate) fn cover(self, conditions: Conditions) -> bool {
        self.sets().any(|set| conditions.0 & !set == 0)
    }

    fn sets(self) -> impl Iterator<Item = u32> + Clone {
        (0..u32::BITS).filter(move |set| self.0 & (1 << set) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Conditions, Together};

    fn only(position: usize) -> Together {
        Together::exactly(Conditions::only(position))
    }

    #[test]
    fn members_of_an_object_satisfy_together_what_elements_of_a_list_satisfy_apart() {
        assert!(only(0).and(only(4)).cover(Conditions::only(4)));
        assert!(only(0).and(only(1)).cover(Conditions::first(2)));
        assert!(!only(0).or(only(1)).cover(Conditions::first(2)));
        assert!(only(0).or(only(1)).cover(Conditions::only(1)));
    }

    #[test]
    fn a_list_beside_a_list_lends_one_element_of_each() {
        let list = only(0).or(only(1));
        assert!(list.and(only(0).or(only(2))).cover(Conditions::first(2)));
        assert!(!list.and(only(0).or(only(2))).cover(Conditions::first(3)));
    }

    #[test]
    fn nothing_covers_nothing() {
        assert!(Together::NOTHING.cover(Conditions::default()));
        assert!(!Together::NOTHING.cover(Conditions::only(0)));
        assert_eq!(Together::NOTHING.and(only(3)), only(3));
    }
}
