//! A topic: a name to publish to, and who subscribed to it.

pub(crate) mod archive;
pub(crate) mod subscription;

use crate::deduplication::Deduplication;
use crate::{DeduplicationScope, Name, SubscriptionId, Tags, Timestamp, TopicId, encoded};
use archive::Archive;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

encoded! {
    /// The attributes of a topic.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TopicAttributes {
        /// Whether it is a FIFO topic; fixed at creation.
        pub fifo: bool,
        /// Whether a message without a deduplication id has the hash of its body as such.
        pub content_based_deduplication: bool,
        /// Among which messages a deduplication id is compared.
        pub deduplication_scope: DeduplicationScope,
        /// How long what is published is kept to be replayed; not at all if it is not said.
        pub archive: Option<Duration>,
        /// What the machine only keeps, by name.
        pub texts: BTreeMap<Box<str>, Box<str>>,
    }

    /// One topic.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Topic {
        /// Its identity.
        pub id: TopicId,
        /// Its name.
        pub name: Name,
        /// Its attributes.
        pub attributes: TopicAttributes,
        /// Its tags.
        pub tags: Tags,
        /// Rises with every change of attributes or tags.
        pub version: u64,
        /// Its subscriptions.
        pub subscriptions: BTreeSet<SubscriptionId>,
        /// Rises with every change of the set of subscriptions or of one of them.
        pub subscriptions_version: u64,
        /// How many subscriptions were ended.
        pub subscriptions_deleted: u64,
        pub(crate) last_sequence: u64,
        pub(crate) deduplication: Deduplication,
        pub(crate) archive: Archive,
        /// When the machine will look at this topic again.
        pub(crate) registered: Option<Timestamp>,
        /// The weight of its name, attributes and tags.
        pub(crate) settings: u64,
        /// Its weight as far as the machine knows.
        pub(crate) weighed: u64,
    }
}

impl Topic {
    /// The greatest sequence number that it has given; 0 if it has given none, as in a standard topic.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// When its archive was begun; none if it has none.
    #[must_use]
    pub fn archived_since(&self) -> Option<Timestamp> {
        self.archive.since
    }

    /// When something will be due next: a deduplication id or an archived message is to be forgotten.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let kept = self.attributes.archive.unwrap_or_default();
        let archived = self.archive.oldest().map(|at| at.after(kept));
        [self.deduplication.next_due(), archived].into_iter().flatten().min()
    }
}
