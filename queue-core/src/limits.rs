//! Every limit of the machine, named.

use std::time::Duration;

/// How much that fell due (timers, expiry, sweeps) one entry does at most; the rest stays due.
pub const DUE_PER_ENTRY: usize = 1_000;
/// How many messages of purged and deleted queues, with all that was known about them, one entry reclaims at most.
pub const RECLAIMED_PER_ENTRY: usize = 1_000;
/// How many messages one entry lets all move tasks together move at most.
pub const MOVED_PER_ENTRY: usize = 500;
/// How many move tasks of a source are remembered.
pub const MOVE_TASKS_KEPT: usize = 10;
/// At how many groups that are held in another member a receive from a list of FIFO queues looks, in each member.
pub const HELD_GROUPS_PER_RECEIVE: usize = 1_000;
/// How many exhausted messages one receive moves to the dead-letter queue at most.
pub const MOVES_PER_RECEIVE: usize = 1_000;
/// The longest that a message can stay in flight, counted from its receive.
pub const VISIBILITY_TOTAL: Duration = Duration::from_secs(43_200);
/// Messages in flight in one queue.
pub const IN_FLIGHT_PER_QUEUE: usize = 120_000;
/// How many messages of one tenant of a standard queue are in flight, at least, for it to count as noisy: what AWS
/// documents of fair queues.
pub const NOISY_IN_FLIGHT: u32 = 30;
/// More than how much of what is in flight in a standard queue one tenant has to hold to count as noisy; from the
/// same place.
pub const NOISY_PERCENT: u64 = 10;
/// How long an accepted deduplication id is remembered, from the first send.
pub const DEDUPLICATION_WINDOW: Duration = Duration::from_secs(300);
/// How long a ReceiveRequestAttemptId is remembered.
pub const ATTEMPT_WINDOW: Duration = Duration::from_secs(300);
/// How long an exhausted message waits, visible, for a receive to move it before the sweep does.
pub const SWEEP_AFTER: Duration = Duration::from_secs(60);
/// How long after a deletion a queue's name can be refused.
pub const DELETED_NAME_HELD: Duration = Duration::from_secs(60);
/// How long the subscriptions of a deleted topic can still be read.
pub const ORPHANED_SUBSCRIPTION_KEPT: Duration = Duration::from_secs(3_600);
/// Attributes that a raw delivery to a queue can carry.
pub const RAW_ATTRIBUTES: u32 = 10;
