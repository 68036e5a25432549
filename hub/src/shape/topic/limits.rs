//! Every limit of SNS, named, but for those of a delivery policy, which stand in its table. See
//! <https://docs.aws.amazon.com/general/latest/gr/sns.html>.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Characters of a topic's name, a suffix `.fifo` included.
pub(crate) const NAME_CHARACTERS_MAX: usize = 256;

/// Characters of a display name.
pub(crate) const DISPLAY_NAME_CHARACTERS_MAX: usize = 100;

/// Bytes of the value of an attribute that has no limit of its own.
pub(crate) const ATTRIBUTE_BYTES_MAX: usize = 2_048;

/// Bytes of a message, its attributes included, unless the topic says otherwise.
pub(crate) const MESSAGE_BYTES_DEFAULT: usize = 262_144;

/// What a topic can say of it.
pub(crate) const MESSAGE_BYTES: RangeInclusive<usize> = 1_024..=1_048_576;

/// Days that an archive can keep messages.
pub(crate) const ARCHIVE_DAYS: RangeInclusive<u32> = 1..=365;

/// How much before the beginning of an archive a replay can start: the beginning moves on while somebody reads it.
pub(crate) const REPLAY_START_TOLERANCE: Duration = Duration::from_mins(1);

/// Replays by policy of an account that are under way.
pub(crate) const REPLAYS_PER_ACCOUNT: usize = 100;

/// How much of the successful deliveries can be reported, in percent.
pub(crate) const SAMPLE_RATE: RangeInclusive<u32> = 0..=100;

/// Bytes of a policy.
pub(crate) const POLICY_BYTES_MAX: usize = 30 * 1_024;

/// Statements of a policy.
pub(crate) const POLICY_STATEMENTS: RangeInclusive<usize> = 1..=100;

/// Accounts that a statement of a policy is about.
pub(crate) const POLICY_PRINCIPALS_MAX: usize = 200;

/// Characters of a data protection policy.
pub(crate) const DATA_PROTECTION_POLICY_CHARACTERS_MAX: usize = 30_720;

/// Bytes of the attribute `MessageSchema`.
pub(crate) const SCHEMA_BYTES_MAX: usize = 65_536;

/// How deep the values of a schema lie within each other.
pub(crate) const SCHEMA_DEPTH_MAX: usize = 32;

/// How deep those of a message lie that a schema is asked about; fewer where each is asked about much.
pub(crate) const MESSAGE_DEPTH_MAX: usize = 64;

/// References of a schema.
pub(crate) const SCHEMA_REFERENCES_MAX: usize = 256;

/// How many parts of a schema, each leading to the next, can be about one and the same value.
pub(crate) const SCHEMA_CHAIN_MAX: usize = 16;

/// How many parts of a schema can be asked on the way to any one value of a message.
pub(crate) const SCHEMA_VISITS_MAX: usize = 65_536;

/// The product of the values of a message and of the parts that are asked about each: some tens of milliseconds.
pub(crate) const SCHEMA_WORK_MAX: usize = 10_000_000;

/// Patterns of a schema: each is compiled for its own, and asked about every text.
pub(crate) const SCHEMA_PATTERNS_MAX: usize = 64;

/// Bytes of memory that a compiled pattern takes.
pub(crate) const PATTERN_BYTES_MAX: usize = 262_144;

/// Tags of a topic.
pub(crate) const TAGS_MAX: usize = 50;

/// Characters of the key of a tag.
pub(crate) const TAG_KEY: RangeInclusive<usize> = 1..=128;

/// Characters of the value of a tag.
pub(crate) const TAG_VALUE: RangeInclusive<usize> = 0..=256;

/// Subscriptions of a FIFO topic.
pub(crate) const SUBSCRIPTIONS_PER_FIFO_TOPIC: usize = 100;

/// Subscriptions of any other topic.
pub(crate) const SUBSCRIPTIONS_PER_TOPIC: usize = 12_500_000;

/// Subscriptions of a topic whose messages may be larger than usual; asked when that is set, not afterwards.
pub(crate) const SUBSCRIPTIONS_OF_LARGE: usize = 100;

/// Filter policies of one topic, unless the hub is told otherwise: AWS raises it on request.
pub(crate) const FILTERS_PER_TOPIC: u32 = 200;

/// Filter policies of all topics of an account in a region.
pub(crate) const FILTERS_PER_ACCOUNT: usize = 10_000;

/// Bytes of the address of an endpoint: what browsers and proxies bear of a URL.
pub(crate) const ENDPOINT_BYTES_MAX: usize = 2_048;

/// How long an endpoint can agree to its subscription, or take back that it ended it.
pub(crate) const CONFIRMATION_WITHIN: Duration = Duration::from_secs(48 * 3_600);

/// Topics or subscriptions that one page of a list has.
pub(crate) const PAGE: usize = 100;

/// Characters of a subject.
pub(crate) const SUBJECT_CHARACTERS_MAX: usize = 99;

/// Characters of a group id and of a deduplication id.
pub(crate) const ID_CHARACTERS_MAX: usize = 128;

/// Bytes of the name of a message attribute.
pub(crate) const MESSAGE_ATTRIBUTE_NAME_BYTES_MAX: usize = 256;

/// Messages of one batch.
pub(crate) const BATCH_ENTRIES: usize = 10;

/// Characters of the id of a batch entry.
pub(crate) const BATCH_ENTRY_ID_CHARACTERS_MAX: usize = 80;

/// Digits of a telephone number.
pub(crate) const PHONE_NUMBER_DIGITS: RangeInclusive<usize> = 2..=15;

/// Characters of a text message.
pub(crate) const TEXT_MESSAGE_CHARACTERS_MAX: usize = 1_600;
