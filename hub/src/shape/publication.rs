//! What publishing one message and publishing a batch share: from the members of a request to what is stored, and
//! to whom it goes.

pub(crate) mod attributes;
mod dead_letter;
pub(crate) mod direct;
mod measure;
mod request;

pub(crate) use request::{Receipt, publish, publish_one};

use measure::Filtered;

use crate::catalogue::{self, TopicView, Verdict};
use crate::content::{Attribute, Content, Draft, Published, Texts, content_id};
use crate::delivery::envelope;
use crate::live::Tap;
use crate::operation::Context;
use crate::secrets::Secrets;
use crate::shape::attribute::AttributeValue;
use crate::shape::priority;
use crate::shape::queue::text;
use crate::shape::topic::attributes::message_bytes_max;
use crate::shape::topic::limits;
use crate::telemetry::span;
use crate::wire::{Code, Fault, Pairs};
use filters::Policy;
use queue_core::{BodyRef, Command, Outbound, Position, Publish};
use std::sync::Arc;

/// A message as a request brings it.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// What leads to its members in faults that name one: nothing, or the place in a batch and a dot.
    pub(crate) path: &'a str,
    pub(crate) message: Option<&'a str>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) structure: Option<&'a str>,
    pub(crate) attributes: &'a Pairs<AttributeValue>,
    pub(crate) group: Option<&'a str>,
    pub(crate) deduplication_id: Option<&'a str>,
}

/// Checks a message, but for its size and whether there is any text in it.
pub(crate) fn check(asked: &Asked<'_>, topic: &TopicView, cx: &Context) -> Result<Draft, Fault> {
    let message = asked.message.ok_or_else(|| Fault::null_member(&format!("{}message", asked.path)))?;
    check_characters("Message", message)?;
    check_subject(asked.subject)?;
    let attributes = attributes::parse(asked.attributes, asked.path)?;
    // What is empty counts as missing: some clients send all that they have a name for.
    let group = id("MessageGroupId", asked.group)?;
    let given_id = id("MessageDeduplicationId", asked.deduplication_id)?;
    let deduplication_id = deduplication_id(message, group, given_id, topic)?;
    let texts = texts(asked.structure, message)?;
    let published = Published {
        topic: topic.name.clone(),
        message: message.to_owned(),
        structured: texts.is_some(),
        subject: asked.subject.map(Into::into),
        attributes,
        trace: cx.trace_header.as_deref().map(Into::into),
        group: group.map(Into::into),
        deduplication_id: deduplication_id.map(Into::into),
        base_url: cx.base_url.as_str().into(),
    };
    Ok(Draft { published, texts })
}

/// XML cannot carry all characters: a receiver would get another text than the one that was published, and one that
/// its checksum does not fit.
fn check_characters(parameter: &str, text: &str) -> Result<(), Fault> {
    if text::is_valid(text) {
        return Ok(());
    }
    let reason = text::INVALID_CHARACTERS;
    Err(Fault::invalid_parameter(format_args!("{parameter} Reason: {reason}")))
}

/// A message needs a text.
pub(crate) fn check_text(message: &str) -> Result<(), Fault> {
    if message.is_empty() { Err(Fault::invalid_parameter("Empty message")) } else { Ok(()) }
}

/// How much of the topic's limit a message takes.
pub(crate) fn bytes(published: &Published) -> usize {
    published.message.len() + attribute_bytes(published)
}

fn attribute_bytes(published: &Published) -> usize {
    published.attributes.iter().map(Attribute::bytes).sum()
}

/// Whether a topic takes messages of so many bytes.
pub(crate) fn fits(bytes: usize, topic: &TopicView) -> bool {
    bytes <= message_bytes_max(&topic.attributes)
}

/// A publish that is to come about.
struct Proposed {
    command: Command,
    bodies: Vec<Vec<u8>>,
    /// What those are shown who read the topic live.
    tap: Tap,
    /// What the filters kept away.
    filtered: Filtered,
}

/// Publishes messages to whom the filters let them through.
fn propose(drafts: Vec<Draft>, topic: Arc<TopicView>, secrets: &Secrets) -> Proposed {
    let span = span::fan_out(&topic.name.name, topic.subscriptions.len(), drafts.len());
    let mut verdicts = Vec::with_capacity(drafts.len());
    let mut tap = Tap { topic: topic.id, drafts: Vec::with_capacity(drafts.len()) };
    let outbound = drafts.into_iter().map(|draft| {
        let outbound = outbound(&draft, &topic, secrets, &mut verdicts);
        let Draft { published, texts } = draft;
        let content = Content::Published(published);
        let (body, bytes) = content.to_body();
        tap.drafts.extend(content.into_published().map(|published| Draft { published, texts }));
        (Outbound { body, ..outbound }, bytes)
    });
    let (messages, bodies) = outbound.unzip::<Outbound, _, Vec<_>, _>();
    span::matched(&span, messages.iter().map(|message| message.matches.len()));
    let publish = Publish { topic: topic.id, seen: topic.subscriptions_version, messages };
    Proposed { command: Command::Publish(publish), bodies, tap, filtered: Filtered { topic, verdicts } }
}

fn outbound(draft: &Draft, topic: &TopicView, secrets: &Secrets, verdicts: &mut Vec<Verdict>) -> Outbound {
    let (places, verdict) = topic.listeners(draft);
    verdicts.push(verdict);
    let (mut matches, mut in_envelope) = (Vec::with_capacity(places.len()), false);
    for subscription in places.into_iter().filter_map(|place| topic.subscriptions.get(place)) {
        matches.push(subscription.id);
        in_envelope |= !subscription.attributes.raw;
    }
    let text = draft.text_for("sqs");
    let envelope_bytes = if in_envelope { envelope::length(&draft.published, text, false) } else { 0 };
    Outbound { matches, ..outline(&draft.published, text, envelope_bytes, secrets) }
}

/// A message of an archive as it is delivered again by a protocol, if every filter lets its text through.
pub(crate) fn again(
    published: &Published,
    body: BodyRef,
    protocol: &str,
    secrets: &Secrets,
    filters: &[Policy],
) -> Option<Outbound> {
    let text = published.text_for(protocol);
    let message = catalogue::message(&text, &published.attributes);
    let envelope_bytes = || envelope::length(published, &text, true);
    let passes = filters.iter().all(|filter| filter.matches(&message));
    passes.then(|| Outbound { body, ..outline(published, &text, envelope_bytes(), secrets) })
}

/// What the machine is told of a message besides its body and whom it goes to.
fn outline(published: &Published, text: &str, envelope_bytes: usize, secrets: &Secrets) -> Outbound {
    let group = published.group.as_deref();
    let keys = group.zip(published.deduplication_id.as_deref());
    Outbound {
        body: BodyRef { position: Position(0), bytes: 0 },
        matches: Vec::new(),
        group: group.map(Into::into),
        priority: priority::asked(&published.attributes).map(Into::into),
        deduplication: keys.map(|(group, id)| secrets.deduplication(group, id)),
        raw_bytes: counted(text.len() + attribute_bytes(published)),
        envelope_bytes: counted(envelope_bytes),
        attributes: counted(published.attributes.len()),
    }
}

/// A number that a request's size bounds far below the most that can be said.
fn counted(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn check_subject(subject: Option<&str>) -> Result<(), Fault> {
    let is_one = |subject: &str| {
        let length = subject.chars().count();
        let begins = subject.chars().next().is_some_and(|first| first.is_ascii_graphic());
        begins
            && length <= limits::SUBJECT_CHARACTERS_MAX
            && !subject.chars().any(char::is_control)
            && text::is_valid(subject)
    };
    if subject.is_none_or(is_one) { Ok(()) } else { Err(Fault::invalid_parameter("Subject")) }
}

/// The texts of a message that is an object with one for each protocol, `default` among them.
fn texts(structure: Option<&str>, message: &str) -> Result<Option<Texts>, Fault> {
    match structure {
        None | Some("") => return Ok(None),
        Some("json") => {}
        Some(_) => return Err(Fault::invalid_parameter("MessageStructure")),
    }
    let wrong = |what: &str| Fault::invalid_parameter(format_args!("Message Structure - {what}"));
    let texts = Texts::parse(message).map_err(|_| wrong("JSON message body failed to parse"))?;
    texts.all().try_for_each(|text| check_characters("Message Structure", text))?;
    if texts.has_default() { Ok(Some(texts)) } else { Err(wrong("No default entry in JSON message body")) }
}

/// A group or deduplication id, if there is one.
fn id<'a>(parameter: &str, text: Option<&'a str>) -> Result<Option<&'a str>, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.len() <= limits::ID_CHARACTERS_MAX && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(text));
    }
    let maximum = limits::ID_CHARACTERS_MAX;
    let rule =
        format_args!("can only include alphanumeric and punctuation characters. 1 to {maximum} in length");
    Err(Fault::invalid_parameter(format_args!("{parameter} Reason: {parameter} {rule}")))
}

/// What a message of a FIFO topic is told from others by.
fn deduplication_id(
    message: &str,
    group: Option<&str>,
    given: Option<&str>,
    topic: &TopicView,
) -> Result<Option<String>, Fault> {
    if !topic.attributes.fifo {
        let parameter = "MessageDeduplicationId";
        return match given {
            None => Ok(None),
            Some(_) => Err(Fault::invalid_parameter(format_args!(
                "{parameter} Reason: The request includes {parameter} parameter that is not valid for this topic type"
            ))),
        };
    }
    if group.is_none() {
        return Err(Fault::invalid_parameter("The MessageGroupId parameter is required for FIFO topics"));
    }
    match given {
        Some(id) => Ok(Some(id.to_owned())),
        None if topic.attributes.content_based_deduplication => Ok(Some(content_id(message))),
        None => Err(Fault::invalid_parameter(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        )),
    }
}

/// The fault of a message that is too large.
pub(crate) fn too_long() -> Fault {
    Fault::invalid_parameter("Message too long")
}

/// The fault of a batch whose messages are too large together.
pub(crate) fn too_long_together() -> Fault {
    Fault::new(
        Code::BatchRequestTooLong,
        "The length of all the messages put together is more than the limit.",
    )
}
