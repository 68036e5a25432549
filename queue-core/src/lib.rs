//! Topics and queues as a function of their log.
//!
//! [`Machine::apply`] takes one [`Entry`] after the other and changes state; nothing else does. Time, randomness
//! and the order of things come in with the entry, so the same entries always lead to the same state, whether
//! they are applied live, replayed at a start or applied on another machine.
//!
//! Where things are: `command` is the closed list of changes (and so the format of the log), `reply` what they are answered, `entry` a batch of
//! them, `machine` the whole state with one file per kind of change, `queue` one queue with its orders of
//! delivery, `move_task` how a dead-letter queue is emptied into others, `topic` the topics, their archives,
//! their subscriptions and the fan-out, `record` what is only kept, `deduplication` the five-minute memory that
//! queues and topics share, `codec` how all of it becomes bytes, `weight` how much memory it takes, `tally` what
//! happened in a queue, for whoever counts. `planted` are mistakes that tests can switch on.
//!
//! What is deliberately absent: clocks, threads, locks, I/O, wire formats, error texts, and message bodies. A
//! message here is metadata with a [`BodyRef`] that says where in the log its body lies.

#![forbid(unsafe_code)]

pub mod codec;
mod command;
mod deduplication;
mod entry;
mod error;
pub mod limits;
mod machine;
mod message;
mod move_task;
mod name;
mod planted;
mod queue;
mod record;
mod reply;
mod tally;
#[cfg(test)]
mod tests;
mod time;
mod topic;
mod weight;

pub use command::*;
pub use deduplication::DeduplicationKeys;
pub use entry::{Entry, Header, Proposal, SEAL_BYTES};
pub use error::Error;
pub use machine::{Applied, ArchivedMessage, Change, Machine};
pub use message::{BodyRef, Position, Received, Topical};
pub use move_task::{MoveFailure, MoveStatus, MoveTask};
pub use name::{Name, QueueId, RecordId, SubscriptionId, TopicId};
pub use queue::attributes::{DeduplicationScope, QueueAttributes, RedrivePolicy};
pub use queue::priority::{Member, Priority, PriorityPolicy};
pub use queue::receipt::Receipt;
pub use queue::{Counts, Queue};
pub use record::{Record, RecordKey};
pub use reply::{Accepted, Reply};
pub use tally::Tally;
pub use time::{Clock, Timestamp};
pub use topic::subscription::{
    Consent, Endpoint, FilterScope, Outside, Replay, ReplayPolicy, Subscription, SubscriptionAttributes,
};
pub use topic::{Topic, TopicAttributes};
