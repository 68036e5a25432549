//! What a command can be refused for. Texts and codes are the hub's business.

/// Why a command, or one entry of a batch, was refused. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The queue does not exist (any more).
    NoSuchQueue,
    /// The topic does not exist (any more).
    NoSuchTopic,
    /// The subscription does not exist (any more).
    NoSuchSubscription,
    /// A queue of that name exists.
    QueueExists,
    /// A topic of that name exists.
    TopicExists,
    /// The endpoint is already subscribed to the topic.
    SubscriptionExists,
    /// A queue of that name was deleted too short a while ago.
    QueueDeletedRecently,
    /// The queue was purged too short a while ago.
    PurgedRecently,
    /// What the command was computed from has changed since: compute it again.
    Stale,
    /// Too many messages of the queue are in flight.
    OverLimit,
    /// The visibility timeout of that receive has ended, on a queue where that matters.
    ReceiptExpired,
    /// The message is gone.
    NoSuchMessage,
    /// The message is gone, with all that the queue held when it was purged.
    Purged,
    /// The queue has no dead-letter queue.
    NoDeadLetterQueue,
    /// The members of a priority queue are not there, not of its kind, priority queues themselves, or named twice.
    UnfitMembers,
    /// The queue is a member of a priority queue.
    IsMember,
    /// The message would be in flight for longer than [`crate::limits::VISIBILITY_TOTAL`].
    BeyondVisibilityTotal,
    /// A message for a FIFO queue or topic came without a group or without deduplication keys.
    NoGroup,
    /// A task that moves messages of that queue is running.
    MoveRunning,
    /// The subscription asks for no replay.
    NoReplay,
    /// There is no such move task that runs.
    NoSuchMove,
    /// The log has begun already.
    GenesisTwice,
}
