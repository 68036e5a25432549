//! What a command that was not refused is answered. No part of the log: it follows from it.

use crate::{QueueId, Received, SubscriptionId, TopicId, encoded};

/// What became of a command that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is done.
    Done,
    /// The queue has this identity.
    QueueCreated(QueueId),
    /// The topic has this identity.
    TopicCreated(TopicId),
    /// The subscription has this identity.
    Subscribed(SubscriptionId),
    /// Each message was accepted, or was a duplicate of one accepted before.
    Sent(Vec<Accepted>),
    /// The messages taken; none is not an error.
    Received(Vec<Received>),
    /// What became of each entry.
    Each(Vec<Result<(), crate::Error>>),
    /// Each message was accepted, or was a duplicate of one accepted before.
    Published(Vec<Accepted>),
    /// So many messages of an archive are in a queue again; the others have left the archive, or no queue took them.
    Redelivered(u64),
    /// The move task has this identity.
    MoveStarted(u128),
    /// The move task had moved so many messages.
    MoveCancelled(u64),
}

encoded! {
    /// An accepted message.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Accepted {
        /// Its identity, to be shown as a UUID.
        pub id: u128,
        /// Its number in a FIFO queue or topic, from 1.
        pub sequence: Option<u64>,
    }
}
