//! The order of a standard queue: as sent, but fair. A message that becomes visible again has kept its place.
//!
//! A message group names a tenant. While something of others is visible, a receive takes nothing of a tenant that
//! holds a large share of what is in flight; what has no group is a tenant of its own and never noisy. Where nobody
//! but noisy tenants has something visible they are served too, first the one that holds least: so two of them share
//! what the quiet ones leave, however long one has waited, and none waits for ever, since who is served holds more.

use super::numbers::Numbers;
use super::tenants::Tenants;
use crate::encoded;
use crate::message::State;
use std::sync::Arc;

encoded! {
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub(super) struct Standard {
        /// What is visible and has no group.
        alone: Numbers,
        pub(super) tenants: Tenants,
    }
}

impl Standard {
    pub(super) fn deliverable(&self) -> usize {
        self.alone.len() + self.tenants.visible()
    }

    /// The first that is visible, whoever's it is.
    pub(super) fn first(&self) -> Option<u64> {
        self.alone.iter().next().into_iter().chain(self.tenants.first()).min()
    }

    /// What is visible, in the order in which receives are to take it while so much is in flight.
    pub(super) fn in_order(&self, in_flight: u64) -> impl Iterator<Item = u64> {
        let noisy = self.tenants.noisy(in_flight);
        let quiet = merged(self.alone.iter(), self.tenants.of_all_but(noisy.clone()));
        quiet.chain(noisy.into_iter().rev().flat_map(|name| self.tenants.of(name)))
    }

    /// A message is in this state from now on.
    pub(super) fn enter(&mut self, number: u64, group: Option<&Arc<str>>, state: State) {
        match group {
            Some(tenant) => self.tenants.enter(tenant, number, state),
            None if state.is_visible() => self.alone.insert(number),
            None => {}
        }
    }

    /// A message is not in this state any more.
    pub(super) fn leave(&mut self, number: u64, group: Option<&Arc<str>>, state: State) {
        match group {
            Some(tenant) => self.tenants.leave(tenant, number, state),
            None if state.is_visible() => self.alone.remove(number),
            None => {}
        }
    }

    pub(super) fn weigh(&self) -> u64 {
        self.alone.weigh() + self.tenants.weigh()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.alone.is_empty() && self.tenants.is_empty()
    }

    pub(super) fn dismantle(&mut self) {
        self.alone.pop_first();
        self.tenants.dismantle();
    }
}

/// Two ascending sequences as one.
fn merged(left: impl Iterator<Item = u64>, right: impl Iterator<Item = u64>) -> impl Iterator<Item = u64> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(first), Some(second)) if second < first => right.next(),
        (Some(_), _) => left.next(),
        (None, _) => right.next(),
    })
}
