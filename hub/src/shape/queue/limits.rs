//! Every limit of SQS, named. See
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-quotas.html>.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Entries of one batch.
pub(crate) const BATCH_ENTRIES: usize = 10;
/// Bytes of all messages of one batch, attributes included.
pub(crate) const BATCH_BYTES: usize = 1_048_576;
/// Characters of the id of a batch entry.
pub(crate) const BATCH_ENTRY_ID: RangeInclusive<usize> = 1..=80;

/// Characters of a queue's name, a suffix `.fifo` included.
pub(crate) const NAME: RangeInclusive<usize> = 1..=80;

/// Seconds of delay, of a queue and of a message.
pub(crate) const DELAY: RangeInclusive<u32> = 0..=900;
/// Bytes that a queue can allow a message.
pub(crate) const MESSAGE_BYTES: RangeInclusive<u32> = 1_024..=1_048_576;
/// Seconds that a queue can keep a message.
pub(crate) const RETENTION: RangeInclusive<u32> = 60..=1_209_600;
/// Seconds that a receive can wait.
pub(crate) const WAIT: RangeInclusive<u32> = 0..=20;
/// Seconds that a receive can hide a message.
pub(crate) const VISIBILITY: RangeInclusive<u32> = 0..=43_200;
/// Seconds that a data key can be used again.
pub(crate) const DATA_KEY_REUSE: RangeInclusive<u32> = 60..=86_400;

/// Messages that one receive can take.
pub(crate) const RECEIVED: RangeInclusive<u32> = 1..=10;
/// Characters of a group id, a deduplication id and a receive attempt's id.
pub(crate) const ID: RangeInclusive<usize> = 1..=128;

/// Attributes of one message.
pub(crate) const MESSAGE_ATTRIBUTES: usize = 10;
/// Bytes of the name of a message attribute.
pub(crate) const MESSAGE_ATTRIBUTE_NAME_BYTES: usize = 256;
/// Bytes of the data type of a message attribute.
pub(crate) const MESSAGE_ATTRIBUTE_TYPE_BYTES: usize = 256;

/// Receives before a message is dead.
pub(crate) const RECEIVE_COUNT: RangeInclusive<u32> = 1..=1_000;
/// Queues that a dead-letter queue can list as its sources.
pub(crate) const SOURCE_QUEUE_ARNS: usize = 10;
/// Bytes of a policy.
pub(crate) const POLICY_BYTES: usize = 8_192;
/// Statements of a policy.
pub(crate) const POLICY_STATEMENTS: usize = 20;
/// Principals of a policy, over all its statements.
pub(crate) const POLICY_PRINCIPALS: usize = 50;
/// Conditions of a policy, over all its statements.
pub(crate) const POLICY_CONDITIONS: usize = 10;

/// Characters of the label of a permission.
pub(crate) const LABEL: RangeInclusive<usize> = 1..=80;
/// Actions of a permission.
pub(crate) const PERMISSION_ACTIONS: usize = 7;

/// Tags of a queue.
pub(crate) const TAGS: usize = 50;
/// Characters of the key of a tag.
pub(crate) const TAG_KEY: RangeInclusive<usize> = 1..=128;
/// Characters of the value of a tag.
pub(crate) const TAG_VALUE: RangeInclusive<usize> = 0..=256;

/// Messages a second that a move task can be asked to move.
pub(crate) const MOVES_PER_SECOND: RangeInclusive<u32> = 1..=500;
/// Move tasks that a list can have.
pub(crate) const MOVE_TASKS: RangeInclusive<usize> = 1..=10;

/// Queues that one page of a list can have.
pub(crate) const PAGE: RangeInclusive<usize> = 1..=1_000;

/// How long a strict hub refuses to purge a queue again.
pub(crate) const BETWEEN_PURGES: Duration = Duration::from_secs(60);
