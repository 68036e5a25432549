//! Who gets what is published.

use crate::{Name, QueueId, SubscriptionId, Timestamp, TopicId, encoded};
use std::collections::BTreeMap;
use std::sync::Arc;

encoded! {
    /// Where the deliveries of a subscription go.
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Endpoint {
        /// A queue of some user, which need not exist (any more).
        0 => Queue(Name),
        /// Somewhere outside. The subscription has a queue of its own, whose consumer hands messages on.
        1 => Outside(Outside),
    }

    /// An endpoint outside, of which the machine only knows that it is not another one.
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Outside {
        /// The protocol, as users call it.
        pub protocol: Box<str>,
        /// The address, as that protocol has it.
        pub address: Box<str>,
    }

    /// Whether whoever is behind an endpoint has agreed.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Consent {
        /// Asked, until this moment; nothing is delivered before the answer.
        0 => Pending(Timestamp),
        /// Given; whether by somebody who was known.
        1 => Given(bool),
        /// Taken back, which can be undone until this moment.
        2 => Withdrawn(Timestamp),
    }

    /// What of a topic's archive a subscription is to be given again.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct ReplayPolicy {
        /// From the first message that was published at this moment or later.
        pub from: Timestamp,
        /// To the last that was published at this moment or earlier; without it, to the last, and on with new ones.
        pub to: Option<Timestamp>,
    }

    /// How far a replay has come.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Replay {
        /// The number in the archive of the last message that was considered; 0 before the first.
        pub reached: u64,
        /// Whether there is nothing left to consider.
        pub completed: bool,
    }

    /// What a filter policy is compared with.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum FilterScope {
        /// The message's attributes.
        0 => Attributes,
        /// The message's body, which must be a JSON object.
        1 => Body,
    }

    /// The attributes of a subscription.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct SubscriptionAttributes {
        /// Whether messages are delivered without an envelope.
        pub raw: bool,
        /// The filter policy as checked text, which the machine never evaluates; everything passes if absent.
        pub filter: Option<Box<str>>,
        /// What the filter looks at, if that was said; it can be said before there is a filter.
        pub filter_scope: Option<FilterScope>,
        /// Where failed deliveries go; the queue need not exist (any more).
        pub dead_letters: Option<Name>,
        /// What it is to be given again.
        pub replay: Option<ReplayPolicy>,
        /// What the machine only keeps, by name.
        pub texts: BTreeMap<Box<str>, Box<str>>,
    }

    /// One subscription.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Subscription {
        /// Its identity.
        pub id: SubscriptionId,
        /// The topic, which may be gone.
        pub topic: TopicId,
        /// The topic's name.
        pub topic_name: Name,
        /// The account that subscribed.
        pub owner: Arc<str>,
        /// Where deliveries go.
        pub endpoint: Endpoint,
        /// The queue of its own, if it delivers to the outside.
        pub queue: Option<QueueId>,
        /// Whether the endpoint agreed.
        pub consent: Consent,
        /// Its attributes.
        pub attributes: SubscriptionAttributes,
        /// How far the replay that its attributes ask for has come.
        pub replay: Option<Replay>,
        /// Rises with every change of its attributes.
        pub version: u64,
        /// How many deliveries failed and had no dead-letter queue to go to.
        pub dropped: u64,
    }
}

impl Subscription {
    /// Whether what is published now is delivered: the endpoint agreed, and no replay comes first, or instead.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let agreed = match self.consent {
            Consent::Given(_) => true,
            Consent::Pending(_) | Consent::Withdrawn(_) => false,
        };
        let ends = self.attributes.replay.is_some_and(|policy| policy.to.is_some());
        agreed && self.replay.is_none_or(|replay| replay.completed && !ends)
    }

    /// Whether messages of the archive are still to be considered.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.replay.is_some_and(|replay| !replay.completed)
    }

    /// Until when it stays as it is, if it is to be forgotten then.
    pub(crate) fn forgotten_at(&self) -> Option<Timestamp> {
        match self.consent {
            Consent::Pending(until) | Consent::Withdrawn(until) => Some(until),
            Consent::Given(_) => None,
        }
    }
}
