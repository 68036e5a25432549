//! What was accepted lately, so that a repetition can be told from a new message.

use crate::codec::{Codec, DecodeError, Reader};
use crate::limits::DEDUPLICATION_WINDOW;
use crate::planted::{self, Bug};
use crate::weight::in_tree;
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

    /// What was accepted under one key. Only FIFO queues and topics remember, so there is a sequence number.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Remembered {
        id: u128,
        sequence: u64,
        end: Timestamp,
    }
}

/// The window of one queue or topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Deduplication {
    remembered: BTreeMap<u128, Remembered>,
    ends: VecDeque<(Timestamp, u128)>,
}

impl Codec for Deduplication {
    fn encode(&self, out: &mut Vec<u8>) {
        let forgotten = Self::default();
        let Self { remembered, ends } =
            if planted::is(Bug::DeduplicationNotPersisted) { &forgotten } else { self };
        remembered.encode(out);
        ends.encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { remembered: Codec::decode(input)?, ends: Codec::decode(input)? })
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
    pub(crate) fn find(&self, key: u128, now: Timestamp) -> Option<Accepted> {
        let Remembered { id, sequence, .. } =
            *self.remembered.get(&key).filter(|remembered| remembered.end > now)?;
        Some(Accepted { id, sequence: Some(sequence) })
    }

    /// Remembers the message that was accepted under `key`, which must be new.
    pub(crate) fn remember(&mut self, key: u128, id: u128, sequence: u64, now: Timestamp) {
        let end = now.after(DEDUPLICATION_WINDOW);
        self.remembered.insert(key, Remembered { id, sequence, end });
        self.ends.push_back((end, key));
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
        // The key may have been accepted anew before its old end was come to.
        if self.remembered.get(&key).is_some_and(|remembered| remembered.end == end) {
            self.remembered.remove(&key);
        }
        true
    }

    /// About how much memory it takes.
    pub(crate) fn weigh(&self) -> u64 {
        // The list of ends has room to grow.
        const EACH: u64 =
            in_tree(size_of::<(u128, Remembered)>()) + size_of::<(Timestamp, u128)>() as u64 * 5 / 4;
        self.remembered.len() as u64 * EACH
    }

    /// Whether nothing is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.remembered.is_empty()
    }

    /// Gives up one key, whatever its time; the window is not to be used any more.
    pub(crate) fn dismantle(&mut self) {
        self.remembered.pop_first();
    }
}
