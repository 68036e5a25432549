//! A message on its way into a queue: what SendMessage and the entries of SendMessageBatch have in common.

use super::{batch, limits, message_attribute, number, priority, text};
use crate::catalogue::QueueView;
use crate::content::{self, Attribute, Content, Sent, Value};
use crate::operation::Context;
use crate::shape::attribute::AttributeValue;
use crate::wire::{Code, Fault, Pairs};
use queue_core::{Accepted, Outgoing, QueueId};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// What AWS calls an entry of SendMessageBatch.
pub(crate) const ENTRY: &str = "SendMessageBatchRequestEntry";

/// A message as it was given.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) body: Option<String>,
    pub(crate) delay_seconds: Option<i64>,
    pub(crate) attributes: Pairs<AttributeValue>,
    pub(crate) system_attributes: Pairs<AttributeValue>,
    pub(crate) deduplication_id: Option<String>,
    pub(crate) group: Option<String>,
}

/// Where a message was given; AWS says some things differently for entries of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Alone,
    /// The number of the entry, from 1.
    Entry(usize),
}

/// A message of which everything is right that concerns a batch as a whole.
#[derive(Debug)]
pub(crate) struct Draft {
    given: Given,
    place: Place,
    attributes: Vec<Attribute>,
    trace: Option<Attribute>,
}

/// A message that can be sent, and what is answered when it has been.
#[derive(Debug)]
pub(crate) struct Ready {
    /// Where it goes: a member, if it was sent to a priority queue.
    pub(crate) queue: QueueId,
    pub(crate) outgoing: Outgoing,
    pub(crate) body: Vec<u8>,
    pub(crate) md5_of_body: String,
    pub(crate) md5_of_attributes: Option<String>,
    pub(crate) md5_of_system_attributes: Option<String>,
}

impl Given {
    /// Its size as limits count it, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.body.as_ref().map_or(0, String::len) + message_attribute::bytes(&self.attributes)
    }

    /// Whether there is a body at all.
    pub(crate) fn has_body(&self) -> bool {
        self.body.as_ref().is_some_and(|body| !body.is_empty())
    }

    /// Checks what is wrong with a batch as a whole if it is wrong with one of its entries.
    pub(crate) fn draft(self, place: Place, queue: &QueueView) -> Result<Draft, Fault> {
        self.check_group(place, queue)?;
        self.check_deduplication(queue)?;
        let attributes = message_attribute::parse(&self.attributes)?;
        let trace = message_attribute::parse_system(&self.system_attributes)?;
        Ok(Draft { given: self, place, attributes, trace })
    }

    fn check_group(&self, place: Place, queue: &QueueView) -> Result<(), Fault> {
        const GROUP: &str = "MessageGroupId";
        match (&self.group, place) {
            (Some(group), _) => text::check_id(group, GROUP),
            (None, _) if !queue.attributes.fifo => Ok(()),
            (None, Place::Alone) => Err(Fault::missing_parameter(GROUP)),
            (None, Place::Entry(_)) => Err(Fault::new(
                Code::InvalidParameterValue,
                format!("The request must contain the parameter {GROUP}."),
            )),
        }
    }

    fn check_deduplication(&self, queue: &QueueView) -> Result<(), Fault> {
        const ID: &str = "MessageDeduplicationId";
        let attributes = &queue.attributes;
        match &self.deduplication_id {
            Some(id) if attributes.fifo => text::check_id(id, ID),
            Some(id) => {
                let reason = "The request includes a parameter that is not valid for this queue type.";
                Err(Fault::invalid_value(id, ID, reason))
            }
            None if attributes.fifo && !attributes.content_based_deduplication => Err(Fault::new(
                Code::InvalidParameterValue,
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                 explicitly",
            )),
            None => Ok(()),
        }
    }

    fn check_delay(&self, queue: &QueueView) -> Result<Option<Duration>, Fault> {
        const DELAY: &str = "DelaySeconds";
        let Some(seconds) = self.delay_seconds else {
            return Ok(None);
        };
        if queue.attributes.fifo && seconds != 0 {
            let reason = "The request include parameter that is not valid for this queue type.";
            return Err(Fault::invalid_value(seconds, DELAY, reason));
        }
        let seconds = number::check(seconds, &limits::DELAY, DELAY, "DelaySeconds must be >= 0 and <= 900.")?;
        Ok(Some(Duration::from_secs(seconds.into())))
    }
}

impl Draft {
    /// Checks the rest, and makes the message.
    pub(crate) fn finish(self, queue: &Arc<QueueView>, cx: &Context) -> Result<Ready, Fault> {
        let destination = priority::destination(queue, &self.attributes, &cx.hub.catalogue)?;
        self.check_body(queue)?;
        self.check_body(&destination)?;
        let delay = self.given.check_delay(queue)?;
        let Self { given, attributes, trace, .. } = self;
        let body = given.body.unwrap_or_default();
        let deduplication_id = queue
            .attributes
            .fifo
            .then(|| given.deduplication_id.unwrap_or_else(|| content::content_id(&body)));
        let keys = given.group.as_ref().zip(deduplication_id.as_ref());
        let md5 = content::md5_of_body(&body);
        let outgoing = |body| Outgoing {
            body,
            delay,
            group: given.group.as_deref().map(Into::into),
            deduplication: keys.map(|(group, id)| cx.hub.secrets.deduplication(group, id)),
        };
        let md5_of_attributes = content::md5_of_attributes(&attributes);
        let md5_of_system_attributes = content::md5_of_attributes(trace.as_slice());
        let content = Content::Sent(Sent {
            body,
            md5,
            attributes,
            sender: cx.caller.account.as_str().into(),
            trace: trace.and_then(text_of).or_else(|| cx.trace_header.as_deref().map(Into::into)),
            group: given.group.as_deref().map(Into::into),
            deduplication_id: deduplication_id.as_deref().map(Into::into),
        });
        let (reference, body) = content.to_body();
        let (outgoing, md5_of_body) = (outgoing(reference), content::digits(md5));
        Ok(Ready {
            queue: destination.id,
            outgoing,
            body,
            md5_of_body,
            md5_of_attributes,
            md5_of_system_attributes,
        })
    }

    fn check_body(&self, queue: &QueueView) -> Result<(), Fault> {
        let body = self.given.body.as_deref().unwrap_or_default();
        if body.is_empty() {
            return Err(Fault::missing_parameter(&self.place.of_body()));
        }
        if !text::is_valid(body) {
            return Err(Fault::new(Code::InvalidMessageContents, text::INVALID_CHARACTERS));
        }
        let maximum = queue.attributes.maximum_message_bytes;
        if u32::try_from(self.given.bytes()).is_ok_and(|bytes| bytes <= maximum) {
            return Ok(());
        }
        let start = match self.place {
            Place::Alone => "One or more parameters are invalid.",
            Place::Entry(_) => "One or more parameters cannot be validated.",
        };
        let message = format!("{start} Reason: Message must be shorter than {maximum} bytes.");
        Err(Fault::new(Code::InvalidParameterValue, message))
    }
}

impl Place {
    /// The parameter that holds the body.
    pub(crate) fn of_body(self) -> String {
        const BODY: &str = "MessageBody";
        match self {
            Self::Alone => BODY.to_owned(),
            Self::Entry(number) => batch::member(ENTRY, number, BODY),
        }
    }
}

/// The identity of a message as it is shown.
pub(crate) fn id(accepted: &Accepted) -> String {
    Uuid::from_u128(accepted.id).to_string()
}

fn text_of(attribute: Attribute) -> Option<Box<str>> {
    match attribute.value {
        Value::Text(text) => Some(text),
        Value::Binary(_) => None,
    }
}
