//! What was accepted lately, so that a repetition can be told from a new message.

use crate::limits::DEDUPLICATION_WINDOW;
use crate::{Accepted, DeduplicationScope, Timestamp, encoded};
use std::collections::{BTreeMap, VecDeque};

encoded! {
    /// Keyed 128-bit hashes of a message's deduplication id, one for each scope it may be compared in.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct DeduplicationKeys {
        /// Of the id alone.
        pub overall: u128,
        /// Of the group and the id.
        pub in_group: u128,
    }

    /// The window of one queue or topic.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub(crate) struct Deduplication {
        accepted: BTreeMap<u128, Accepted>,
        ends: VecDeque<(Timestamp, u128)>,
    }
}

impl DeduplicationKeys {
    /// The key that counts in `scope`.
    pub(crate) fn within(self, scope: DeduplicationScope) -> u128 {
        match scope {
            DeduplicationScope::Everything => self.overall,
            DeduplicationScope::Group => self.in_group,
        }
    }
}

impl Deduplication {
    /// What was accepted under `key` within the window. Holds also when expiry lags behind.
    pub(crate) fn find(&self, key: u128) -> Option<Accepted> {
        self.accepted.get(&key).copied()
    }

    /// Remembers what was accepted under `key`, which must be new.
    pub(crate) fn remember(&mut self, key: u128, accepted: Accepted, now: Timestamp) {
        self.accepted.insert(key, accepted);
        self.ends.push_back((now.after(DEDUPLICATION_WINDOW), key));
    }

    /// When the oldest key is to be forgotten.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.ends.front().map(|(end, _)| *end)
    }

    /// Forgets the oldest key if its time has come.
    pub(crate) fn forget_one(&mut self, now: Timestamp) -> bool {
        let Some(&(end, key)) = self.ends.front() else {
            return false;
        };
        if end > now {
            return false;
        }
        self.ends.pop_front();
        self.accepted.remove(&key);
        true
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
