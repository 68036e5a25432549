//! The attributes of a queue, by name, and how each is shown.

use super::{priority, redrive_policy};
use crate::catalogue::QueueView;
use crate::shape::arn;
use crate::wire::{Code, Fault};
use queue_core::{Counts, DeduplicationScope, QueueAttributes};
use std::time::Duration;

/// Declares the attributes, in the order in which they are shown.
macro_rules! attributes {
    ($($name:ident)+) => {
        /// An attribute of a queue. Named as on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Attribute {
            $($name,)+
        }

        impl Attribute {
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)+];

            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

attributes! {
    ApproximateNumberOfMessages
    ApproximateNumberOfMessagesDelayed
    ApproximateNumberOfMessagesNotVisible
    ContentBasedDeduplication
    CreatedTimestamp
    DeduplicationScope
    DelaySeconds
    FifoQueue
    FifoThroughputLimit
    KmsDataKeyReusePeriodSeconds
    KmsMasterKeyId
    LastModifiedTimestamp
    MaximumMessageSize
    MessageRetentionPeriod
    Policy
    PriorityDepths
    PriorityMembers
    QueueArn
    ReceiveMessageWaitTimeSeconds
    RedriveAllowPolicy
    RedrivePolicy
    SqsManagedSseEnabled
    VisibilityTimeout
}

/// What the attributes that the machine only keeps are while nobody has set them.
const DATA_KEY_REUSE_BY_DEFAULT: &str = "300";
const MANAGED_BY_DEFAULT: &str = "true";
const THROUGHPUT_LIMIT_BY_DEFAULT: &str = "perQueue";

impl Attribute {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|attribute| attribute.name() == name)
    }

    /// Whether it is one of the counters, which change with every message.
    pub(crate) fn is_counter(self) -> bool {
        matches!(
            self,
            Self::ApproximateNumberOfMessages
                | Self::ApproximateNumberOfMessagesDelayed
                | Self::ApproximateNumberOfMessagesNotVisible
                | Self::PriorityDepths
        )
    }

    /// Whether it means nothing for a priority queue, which holds no messages, and something for its members.
    pub(crate) fn is_of_members(self) -> bool {
        matches!(
            self,
            Self::DeduplicationScope
                | Self::DelaySeconds
                | Self::FifoThroughputLimit
                | Self::MessageRetentionPeriod
                | Self::RedriveAllowPolicy
                | Self::RedrivePolicy
        )
    }

    /// The attribute as a reader is shown it; none if it does not apply or is not set.
    /// The counts are those of each queue that holds what is in this one.
    pub(crate) fn shown(self, queue: &QueueView, counts: Option<&[Counts]>) -> Option<String> {
        let count =
            |of: fn(&Counts) -> u64| counts.map(|counts| counts.iter().map(of).sum::<u64>().to_string());
        let priority = queue.attributes.priority.as_ref();
        if self.is_of_members() && priority.is_some() {
            return None;
        }
        match self {
            Self::ApproximateNumberOfMessages => count(|counts| counts.visible),
            Self::ApproximateNumberOfMessagesDelayed => count(|counts| counts.delayed),
            Self::ApproximateNumberOfMessagesNotVisible => count(|counts| counts.in_flight),
            Self::CreatedTimestamp => Some(queue.created.seconds().to_string()),
            Self::LastModifiedTimestamp => Some(queue.modified.seconds().to_string()),
            Self::QueueArn => Some(arn::of_queue(&queue.name)),
            Self::PriorityDepths => {
                priority.zip(counts).map(|(priority, counts)| priority::depths(priority, counts))
            }
            Self::KmsDataKeyReusePeriodSeconds => {
                let has_key = Self::KmsMasterKeyId.value(&queue.attributes).is_some();
                self.value(&queue.attributes).filter(|_| has_key)
            }
            Self::ContentBasedDeduplication
            | Self::DeduplicationScope
            | Self::DelaySeconds
            | Self::FifoQueue
            | Self::FifoThroughputLimit
            | Self::KmsMasterKeyId
            | Self::MaximumMessageSize
            | Self::MessageRetentionPeriod
            | Self::Policy
            | Self::PriorityMembers
            | Self::ReceiveMessageWaitTimeSeconds
            | Self::RedriveAllowPolicy
            | Self::RedrivePolicy
            | Self::SqsManagedSseEnabled
            | Self::VisibilityTimeout => self.value(&queue.attributes),
        }
    }

    /// The value of an attribute that can be set, in the form that AWS gives it.
    pub(crate) fn value(self, attributes: &QueueAttributes) -> Option<String> {
        let seconds = |duration: Duration| Some(duration.as_secs().to_string());
        let of_fifo = |text: &str| attributes.fifo.then(|| text.to_owned());
        let stored = self.stored(attributes);
        match self {
            Self::ContentBasedDeduplication => of_fifo(&attributes.content_based_deduplication.to_string()),
            Self::DeduplicationScope => of_fifo(match attributes.deduplication_scope {
                DeduplicationScope::Everything => "queue",
                DeduplicationScope::Group => "messageGroup",
            }),
            Self::DelaySeconds => seconds(attributes.delay),
            Self::FifoQueue => of_fifo("true"),
            Self::FifoThroughputLimit => of_fifo(stored.unwrap_or(THROUGHPUT_LIMIT_BY_DEFAULT)),
            Self::KmsDataKeyReusePeriodSeconds => {
                Some(stored.unwrap_or(DATA_KEY_REUSE_BY_DEFAULT).to_owned())
            }
            Self::KmsMasterKeyId | Self::Policy | Self::RedriveAllowPolicy => stored.map(str::to_owned),
            Self::MaximumMessageSize => Some(attributes.maximum_message_bytes.to_string()),
            Self::MessageRetentionPeriod => seconds(attributes.retention),
            Self::ReceiveMessageWaitTimeSeconds => seconds(attributes.receive_wait),
            Self::PriorityMembers => attributes.priority.as_deref().map(priority::show),
            Self::RedrivePolicy => attributes.redrive.as_ref().map(redrive_policy::show),
            Self::SqsManagedSseEnabled => Some(stored.unwrap_or(MANAGED_BY_DEFAULT).to_owned()),
            Self::VisibilityTimeout => seconds(attributes.visibility_timeout),
            Self::ApproximateNumberOfMessages
            | Self::ApproximateNumberOfMessagesDelayed
            | Self::ApproximateNumberOfMessagesNotVisible
            | Self::CreatedTimestamp
            | Self::LastModifiedTimestamp
            | Self::PriorityDepths
            | Self::QueueArn => None,
        }
    }

    /// What was stored of an attribute that the machine only keeps.
    pub(crate) fn stored(self, attributes: &QueueAttributes) -> Option<&str> {
        attributes.texts.get(self.name()).map(|text| &**text)
    }
}

/// What is said of a name that is no attribute's, or not of one that this queue can have.
pub(crate) fn unknown(name: &str) -> Fault {
    Fault::new(Code::InvalidAttributeName, format!("Unknown Attribute {name}."))
}

/// The attributes that a reader asks for; `All` stands for all.
pub(crate) fn named<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<Vec<Attribute>, Fault> {
    let (mut wanted, mut all) = (Vec::new(), false);
    for name in names {
        match Attribute::named(name) {
            Some(attribute) => wanted.push(attribute),
            None if name == "All" => all = true,
            None => return Err(unknown(name)),
        }
    }
    Ok(Attribute::ALL.iter().copied().filter(|attribute| all || wanted.contains(attribute)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use queue_core::{Member, Name, Priority, PriorityPolicy, QueueId, Timestamp};
    use std::sync::Arc;

    fn queue(attributes: QueueAttributes) -> QueueView {
        QueueView {
            id: QueueId(1),
            name: Name::new("000000000000", "us-east-1", "orders"),
            attributes,
            tags: Default::default(),
            version: 1,
            created: Timestamp(1_700_000_000_999),
            modified: Timestamp(1_700_000_001_000),
        }
    }

    fn shown(attributes: QueueAttributes) -> Vec<(&'static str, String)> {
        let (queue, counts) = (queue(attributes), Counts { visible: 1, in_flight: 2, delayed: 3 });
        let show =
            |attribute: &Attribute| Some((attribute.name(), attribute.shown(&queue, Some(&[counts]))?));
        Attribute::ALL.iter().filter_map(show).collect()
    }

    #[test]
    fn all_attributes_of_a_new_queue_are_twelve() {
        let expected = [
            ("ApproximateNumberOfMessages", "1"),
            ("ApproximateNumberOfMessagesDelayed", "3"),
            ("ApproximateNumberOfMessagesNotVisible", "2"),
            ("CreatedTimestamp", "1700000000"),
            ("DelaySeconds", "0"),
            ("LastModifiedTimestamp", "1700000001"),
            ("MaximumMessageSize", "1048576"),
            ("MessageRetentionPeriod", "345600"),
            ("QueueArn", "arn:aws:sqs:us-east-1:000000000000:orders"),
            ("ReceiveMessageWaitTimeSeconds", "0"),
            ("SqsManagedSseEnabled", "true"),
            ("VisibilityTimeout", "30"),
        ];
        assert_eq!(shown(QueueAttributes::default()), expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn a_fifo_queue_has_four_more() {
        let fifo = shown(QueueAttributes { fifo: true, ..QueueAttributes::default() });
        assert_eq!(fifo.len(), 16);
        for (name, value) in [
            ("ContentBasedDeduplication", "false"),
            ("DeduplicationScope", "queue"),
            ("FifoQueue", "true"),
            ("FifoThroughputLimit", "perQueue"),
        ] {
            assert!(fifo.contains(&(name, value.to_owned())), "{name}");
        }
    }

    #[test]
    fn a_priority_queue_shows_its_members_and_the_sums_of_their_counters() {
        let member = |name: &str| Member { queue: QueueId(2), name: name.into(), weight: 1 };
        let members = vec![member("high"), member("low")];
        let priority = Priority { policy: PriorityPolicy::Strict, members, maximum_wait: None };
        let queue =
            queue(QueueAttributes { priority: Some(Arc::new(priority)), ..QueueAttributes::default() });
        let counts = [
            Counts { visible: 1, in_flight: 2, delayed: 3 },
            Counts { visible: 4, in_flight: 5, delayed: 6 },
        ];
        let check = |attribute: Attribute, expected: Option<&str>| {
            assert_eq!(attribute.shown(&queue, Some(&counts)).as_deref(), expected, "{}", attribute.name());
        };
        check(Attribute::ApproximateNumberOfMessages, Some("5"));
        check(Attribute::ApproximateNumberOfMessagesNotVisible, Some("7"));
        check(Attribute::ApproximateNumberOfMessagesDelayed, Some("9"));
        check(Attribute::PriorityDepths, Some(r#"{"high":1,"low":4}"#));
        check(Attribute::PriorityMembers, Some(r#"{"policy":"strict","members":["high","low"]}"#));
        check(Attribute::DelaySeconds, None);
        check(Attribute::MessageRetentionPeriod, None);
    }

    #[test]
    fn the_reuse_of_a_data_key_is_shown_only_with_a_key() {
        let mut attributes = QueueAttributes::default();
        assert_eq!(Attribute::KmsDataKeyReusePeriodSeconds.shown(&queue(attributes.clone()), None), None);
        attributes.texts.insert("KmsMasterKeyId".into(), "alias/key".into());
        let shown = Attribute::KmsDataKeyReusePeriodSeconds.shown(&queue(attributes), None);
        assert_eq!(shown.as_deref(), Some("300"));
    }

    #[test]
    fn names_of_attributes_are_all_or_exact() {
        let check = |names: &[&str], expected: Result<usize, &str>| {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            let found = named(&names).map(|attributes| attributes.len());
            assert_eq!(
                found.map_err(|fault| fault.message().to_owned()),
                expected.map_err(str::to_owned),
                "{names:?}"
            );
        };
        check(&[], Ok(0));
        check(&["All"], Ok(23));
        check(&["QueueArn", "Policy", "QueueArn"], Ok(2));
        check(&["QueueArn", "All"], Ok(23));
        check(&["queueArn"], Err("Unknown Attribute queueArn."));
        check(&["All", ""], Err("Unknown Attribute ."));
    }
}
