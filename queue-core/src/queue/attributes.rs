//! What can be set about a queue.

use super::priority::Priority;
use crate::{Name, encoded};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

encoded! {
    /// Where messages that nobody manages to process go.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RedrivePolicy {
        /// The dead-letter queue; it need not exist any more.
        pub target: Name,
        /// How often a message is received before the next receive moves it, 1 to 1,000.
        pub maximum_receives: u32,
    }

    /// Among which messages a deduplication id is compared.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum DeduplicationScope {
        /// Among all of the queue or topic.
        0 => Everything,
        /// Among those of the same group.
        1 => Group,
    }

    /// The attributes of a queue. Ranges are the hub's to check.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct QueueAttributes {
        /// Whether it is a FIFO queue; fixed at creation.
        pub fifo: bool,
        /// How long a message stays hidden after it was sent.
        pub delay: Duration,
        /// How long a message is kept.
        pub retention: Duration,
        /// How long a received message stays hidden if its receiver does not say.
        pub visibility_timeout: Duration,
        /// How long a receive waits if it does not say.
        pub receive_wait: Duration,
        /// The largest message, attributes included.
        pub maximum_message_bytes: u32,
        /// Where dead messages go.
        pub redrive: Option<RedrivePolicy>,
        /// Whether a message without a deduplication id has the hash of its body as such.
        pub content_based_deduplication: bool,
        /// The scope of deduplication as shown; the one in force is that of the queue's creation.
        pub deduplication_scope: DeduplicationScope,
        /// What makes it a priority queue, which holds nothing itself; fixed at creation whether it is one.
        pub priority: Option<Arc<Priority>>,
        /// What the machine only keeps, by name.
        pub texts: BTreeMap<Box<str>, Box<str>>,
    }
}

impl Default for QueueAttributes {
    /// The attributes of a standard queue of which nothing was said.
    fn default() -> Self {
        Self {
            fifo: false,
            delay: Duration::ZERO,
            retention: Duration::from_secs(345_600),
            visibility_timeout: Duration::from_secs(30),
            receive_wait: Duration::ZERO,
            maximum_message_bytes: 1_048_576,
            redrive: None,
            content_based_deduplication: false,
            deduplication_scope: DeduplicationScope::Everything,
            priority: None,
            texts: BTreeMap::new(),
        }
    }
}
