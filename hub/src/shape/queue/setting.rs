//! What can be set of a queue: the parameter `Attributes` of CreateQueue and SetQueueAttributes.

use super::attribute::{Attribute, unknown};
use super::{encryption, limits, policy, priority, redrive_allow_policy, redrive_policy};
use crate::catalogue::Catalogue;
use crate::wire::{Code, Fault, Pairs};
use queue_core::{DeduplicationScope, Name, QueueAttributes};
use std::ops::RangeInclusive;
use std::time::Duration;

/// The throughput limit that needs a deduplication scope of its own.
const PER_GROUP: &str = "perMessageGroupId";

/// One attribute with the value that it is to have. No value means that it is not set any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setting {
    ContentBasedDeduplication(bool),
    DeduplicationScope(DeduplicationScope),
    DelaySeconds(u32),
    /// Always true.
    FifoQueue,
    FifoThroughputLimit(&'static str),
    KmsDataKeyReusePeriodSeconds(u32),
    KmsMasterKeyId(Option<Box<str>>),
    MaximumMessageSize(u32),
    MessageRetentionPeriod(u32),
    Policy(Option<Box<str>>),
    PriorityMembers(priority::Given),
    ReceiveMessageWaitTimeSeconds(u32),
    RedriveAllowPolicy(Option<Box<str>>),
    RedrivePolicy(Option<redrive_policy::Given>),
    SqsManagedSseEnabled(bool),
    VisibilityTimeout(u32),
}

/// All that is to be set at once.
#[derive(Debug, Default)]
pub(crate) struct Settings(Vec<Setting>);

impl Settings {
    /// Reads what is to be set of a queue of that kind. The first thing that is wrong counts.
    pub(crate) fn parse(given: &Pairs<String>, fifo: bool) -> Result<Self, Fault> {
        let settings = given.0.iter().map(|(name, value)| Setting::parse(name, value, fifo));
        settings.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a queue for which this is given is to be a FIFO queue.
    pub(crate) fn ask_for_fifo(given: &Pairs<String>) -> bool {
        let is_fifo = |(name, value): &(String, String)| {
            name == Attribute::FifoQueue.name() && switch(value) == Some(true)
        };
        given.0.iter().any(is_fifo)
    }

    /// The attributes of a queue after this has been set.
    pub(crate) fn applied_to(&self, attributes: &QueueAttributes) -> Result<QueueAttributes, Fault> {
        let mut attributes = attributes.clone();
        for setting in &self.0 {
            setting.apply(&mut attributes);
        }
        encryption::settle(&self.0, &mut attributes)?;
        let per_group = Attribute::FifoThroughputLimit.stored(&attributes) == Some(PER_GROUP);
        if per_group && attributes.deduplication_scope != DeduplicationScope::Group {
            return Err(invalid(
                "FifoThroughputLimit",
                " Reason: To set FifoThroughputLimit to perMessageGroupId, the DeduplicationScope must be \
                 messageGroup.",
            ));
        }
        Ok(attributes)
    }

    /// Finds the members that a queue of that name is to have from now on, and what only they can have.
    pub(crate) fn compose(
        &self,
        of: &Name,
        attributes: &mut QueueAttributes,
        catalogue: &Catalogue,
    ) -> Result<(), Fault> {
        if let Some(given) = self.0.iter().find_map(Setting::members) {
            attributes.priority = Some(given.resolve(of, attributes.fifo, catalogue)?);
        }
        let wrong = self.0.iter().map(Setting::attribute).find(|attribute| attribute.is_of_members());
        match wrong.filter(|_| attributes.priority.is_some()) {
            Some(attribute) => Err(priority::of_members(attribute.name())),
            None => Ok(()),
        }
    }

    /// A queue that holds messages cannot become a list of queues.
    pub(crate) fn refuse_members(&self) -> Result<(), Fault> {
        let is_asked = self.0.iter().any(|setting| setting.members().is_some());
        if is_asked {
            Err(invalid("PriorityMembers", " Reason: The queue is no priority queue."))
        } else {
            Ok(())
        }
    }

    /// The redrive policy that is to be set.
    pub(crate) fn redrive_policy(&self) -> Option<&redrive_policy::Given> {
        self.0.iter().find_map(|setting| match setting {
            Setting::RedrivePolicy(policy) => policy.as_ref(),
            Setting::ContentBasedDeduplication(_)
            | Setting::DeduplicationScope(_)
            | Setting::DelaySeconds(_)
            | Setting::FifoQueue
            | Setting::FifoThroughputLimit(_)
            | Setting::KmsDataKeyReusePeriodSeconds(_)
            | Setting::KmsMasterKeyId(_)
            | Setting::MaximumMessageSize(_)
            | Setting::MessageRetentionPeriod(_)
            | Setting::Policy(_)
            | Setting::PriorityMembers(_)
            | Setting::ReceiveMessageWaitTimeSeconds(_)
            | Setting::RedriveAllowPolicy(_)
            | Setting::SqsManagedSseEnabled(_)
            | Setting::VisibilityTimeout(_) => None,
        })
    }

    /// The first attribute among those to be set in which a queue differs from what is wanted.
    pub(crate) fn first_difference(
        &self,
        wanted: &QueueAttributes,
        existing: &QueueAttributes,
    ) -> Option<Attribute> {
        let differs = |attribute: &Attribute| {
            let (wanted, existing) = (attribute.value(wanted), attribute.value(existing));
            wanted != existing && !are_same_json(wanted.as_deref(), existing.as_deref())
        };
        self.0.iter().map(Setting::attribute).find(differs)
    }
}

impl Setting {
    fn parse(name: &str, value: &str, fifo: bool) -> Result<Self, Fault> {
        let attribute = Attribute::named(name).ok_or_else(|| unknown(name))?;
        check_kind(attribute, fifo)?;
        let number = |range| number(value, range).ok_or_else(|| invalid(name, ""));
        let switch = || switch(value).ok_or_else(|| invalid(name, ""));
        let text = (!value.is_empty()).then_some(value);
        Ok(match attribute {
            Attribute::ContentBasedDeduplication => Self::ContentBasedDeduplication(switch()?),
            Attribute::DeduplicationScope => Self::DeduplicationScope(match value {
                "queue" => DeduplicationScope::Everything,
                "messageGroup" => DeduplicationScope::Group,
                _ => return Err(invalid(name, "")),
            }),
            Attribute::DelaySeconds => Self::DelaySeconds(number(limits::DELAY)?),
            Attribute::FifoQueue if switch()? => Self::FifoQueue,
            Attribute::FifoQueue => {
                return Err(invalid(name, " Reason: Modifying queue type is not supported."));
            }
            Attribute::FifoThroughputLimit => Self::FifoThroughputLimit(match value {
                "perQueue" => "perQueue",
                PER_GROUP => PER_GROUP,
                _ => return Err(invalid(name, "")),
            }),
            Attribute::KmsDataKeyReusePeriodSeconds => {
                Self::KmsDataKeyReusePeriodSeconds(number(limits::DATA_KEY_REUSE)?)
            }
            Attribute::KmsMasterKeyId => Self::KmsMasterKeyId(text.map(Into::into)),
            Attribute::MaximumMessageSize => Self::MaximumMessageSize(number(limits::MESSAGE_BYTES)?),
            Attribute::MessageRetentionPeriod => Self::MessageRetentionPeriod(number(limits::RETENTION)?),
            Attribute::Policy if text.is_some_and(|text| !policy::is_valid(text)) => {
                return Err(invalid(name, ""));
            }
            Attribute::Policy => Self::Policy(text.map(Into::into)),
            Attribute::PriorityMembers => Self::PriorityMembers(priority::Given::parse(value)?),
            Attribute::ReceiveMessageWaitTimeSeconds => {
                Self::ReceiveMessageWaitTimeSeconds(number(limits::WAIT)?)
            }
            Attribute::RedriveAllowPolicy => {
                text.map(redrive_allow_policy::check).transpose()?;
                Self::RedriveAllowPolicy(text.map(Into::into))
            }
            Attribute::RedrivePolicy => {
                Self::RedrivePolicy(text.map(redrive_policy::Given::parse).transpose()?)
            }
            Attribute::SqsManagedSseEnabled => Self::SqsManagedSseEnabled(switch()?),
            Attribute::VisibilityTimeout => Self::VisibilityTimeout(number(limits::VISIBILITY)?),
            Attribute::ApproximateNumberOfMessages
            | Attribute::ApproximateNumberOfMessagesDelayed
            | Attribute::ApproximateNumberOfMessagesNotVisible
            | Attribute::CreatedTimestamp
            | Attribute::LastModifiedTimestamp
            | Attribute::PriorityDepths
            | Attribute::QueueArn => return Err(unknown(name)),
        })
    }

    fn members(&self) -> Option<&priority::Given> {
        if let Self::PriorityMembers(given) = self { Some(given) } else { None }
    }

    fn attribute(&self) -> Attribute {
        match self {
            Self::ContentBasedDeduplication(_) => Attribute::ContentBasedDeduplication,
            Self::DeduplicationScope(_) => Attribute::DeduplicationScope,
            Self::DelaySeconds(_) => Attribute::DelaySeconds,
            Self::FifoQueue => Attribute::FifoQueue,
            Self::FifoThroughputLimit(_) => Attribute::FifoThroughputLimit,
            Self::KmsDataKeyReusePeriodSeconds(_) => Attribute::KmsDataKeyReusePeriodSeconds,
            Self::KmsMasterKeyId(_) => Attribute::KmsMasterKeyId,
            Self::MaximumMessageSize(_) => Attribute::MaximumMessageSize,
            Self::MessageRetentionPeriod(_) => Attribute::MessageRetentionPeriod,
            Self::Policy(_) => Attribute::Policy,
            Self::PriorityMembers(_) => Attribute::PriorityMembers,
            Self::ReceiveMessageWaitTimeSeconds(_) => Attribute::ReceiveMessageWaitTimeSeconds,
            Self::RedriveAllowPolicy(_) => Attribute::RedriveAllowPolicy,
            Self::RedrivePolicy(_) => Attribute::RedrivePolicy,
            Self::SqsManagedSseEnabled(_) => Attribute::SqsManagedSseEnabled,
            Self::VisibilityTimeout(_) => Attribute::VisibilityTimeout,
        }
    }

    fn apply(&self, attributes: &mut QueueAttributes) {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        match self {
            Self::ContentBasedDeduplication(on) => attributes.content_based_deduplication = *on,
            Self::DeduplicationScope(scope) => attributes.deduplication_scope = *scope,
            Self::DelaySeconds(delay) => attributes.delay = seconds(*delay),
            Self::FifoQueue => attributes.fifo = true,
            Self::MaximumMessageSize(bytes) => attributes.maximum_message_bytes = *bytes,
            Self::MessageRetentionPeriod(period) => attributes.retention = seconds(*period),
            Self::ReceiveMessageWaitTimeSeconds(wait) => attributes.receive_wait = seconds(*wait),
            Self::RedrivePolicy(given) => {
                attributes.redrive = given.as_ref().map(|given| given.policy.clone())
            }
            Self::VisibilityTimeout(timeout) => attributes.visibility_timeout = seconds(*timeout),
            // Its queues must be found first.
            Self::PriorityMembers(_) => {}
            Self::FifoThroughputLimit(limit) => self.keep(Some((*limit).into()), attributes),
            Self::KmsDataKeyReusePeriodSeconds(period) => {
                self.keep(Some(period.to_string().into()), attributes)
            }
            Self::SqsManagedSseEnabled(on) => self.keep(Some(on.to_string().into()), attributes),
            Self::KmsMasterKeyId(text) | Self::Policy(text) | Self::RedriveAllowPolicy(text) => {
                self.keep(text.clone(), attributes);
            }
        }
    }

    /// Stores an attribute that the machine only keeps.
    fn keep(&self, text: Option<Box<str>>, attributes: &mut QueueAttributes) {
        let name = self.attribute().name();
        match text {
            Some(text) => attributes.texts.insert(name.into(), text),
            None => attributes.texts.remove(name),
        };
    }
}

/// Some attributes are for FIFO queues only.
fn check_kind(attribute: Attribute, fifo: bool) -> Result<(), Fault> {
    if fifo {
        return Ok(());
    }
    let name = attribute.name();
    match attribute {
        Attribute::FifoQueue | Attribute::ContentBasedDeduplication => Err(unknown(name)),
        Attribute::DeduplicationScope | Attribute::FifoThroughputLimit => Err(Fault::new(
            Code::InvalidAttributeName,
            format!("You can specify the {name} only when FifoQueue is set to true."),
        )),
        Attribute::ApproximateNumberOfMessages
        | Attribute::ApproximateNumberOfMessagesDelayed
        | Attribute::ApproximateNumberOfMessagesNotVisible
        | Attribute::CreatedTimestamp
        | Attribute::DelaySeconds
        | Attribute::KmsDataKeyReusePeriodSeconds
        | Attribute::KmsMasterKeyId
        | Attribute::LastModifiedTimestamp
        | Attribute::MaximumMessageSize
        | Attribute::MessageRetentionPeriod
        | Attribute::Policy
        | Attribute::PriorityDepths
        | Attribute::PriorityMembers
        | Attribute::QueueArn
        | Attribute::ReceiveMessageWaitTimeSeconds
        | Attribute::RedriveAllowPolicy
        | Attribute::RedrivePolicy
        | Attribute::SqsManagedSseEnabled
        | Attribute::VisibilityTimeout => Ok(()),
    }
}

fn invalid(name: &str, reason: &str) -> Fault {
    Fault::new(Code::InvalidAttributeValue, format!("Invalid value for the parameter {name}.{reason}"))
}

fn number(text: &str, range: RangeInclusive<u32>) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && range.contains(number))
}

fn switch(text: &str) -> Option<bool> {
    text.to_ascii_lowercase().parse().ok()
}

fn are_same_json(one: Option<&str>, other: Option<&str>) -> bool {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let json = one.and_then(json).zip(other.and_then(json));
    json.is_some_and(|(one, other)| one == other)
}

#[cfg(test)]
mod tests;
