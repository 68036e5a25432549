//! Who gets what is published.

use crate::{Name, SubscriptionId, TopicId, encoded};
use std::collections::BTreeMap;
use std::sync::Arc;

encoded! {
    /// Where the deliveries of a subscription go. A push endpoint will be one more kind, with a queue of its own.
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Endpoint {
        /// A queue of some user, which need not exist (any more).
        0 => Queue(Name),
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
        /// Its attributes.
        pub attributes: SubscriptionAttributes,
        /// Rises with every change of its attributes.
        pub version: u64,
        /// How many deliveries failed and had no dead-letter queue to go to.
        pub dropped: u64,
    }
}
