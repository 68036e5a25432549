//! What can be read of the state.

use super::Machine;
use crate::topic::subscription::Subscription;
use crate::{Clock, Genesis, Name, Queue, QueueId, SubscriptionId, Timestamp, Topic, TopicId};

impl Machine {
    /// The greatest time that any entry had.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// How far log time was turned.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The store's identity, once the log has begun.
    #[must_use]
    pub fn genesis(&self) -> Option<&Genesis> {
        self.genesis.as_ref()
    }

    /// A queue.
    #[must_use]
    pub fn queue(&self, id: QueueId) -> Option<&Queue> {
        self.queues.get(&id)
    }

    /// All queues, by identity.
    pub fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.queues.values()
    }

    /// The queue of that name.
    #[must_use]
    pub fn queue_named(&self, name: &Name) -> Option<&Queue> {
        self.queues.get(self.queue_names.get(name)?)
    }

    /// A topic.
    #[must_use]
    pub fn topic(&self, id: TopicId) -> Option<&Topic> {
        self.topics.get(&id)
    }

    /// All topics, by identity.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topics.values()
    }

    /// The topic of that name.
    #[must_use]
    pub fn topic_named(&self, name: &Name) -> Option<&Topic> {
        self.topics.get(self.topic_names.get(name)?)
    }

    /// A subscription; also one of a deleted topic, for a while.
    #[must_use]
    pub fn subscription(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.subscriptions.get(&id)
    }

    /// All subscriptions, by identity.
    pub fn subscriptions(&self) -> impl Iterator<Item = &Subscription> {
        self.subscriptions.values()
    }
}
