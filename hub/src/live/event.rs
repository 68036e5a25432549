//! [`Event`]: a published message as live readers see it. All of them share one, and the text that is made of it.

use super::place::Place;
use crate::content::{Attribute, Draft, topic_sequence_number};
use crate::delivery::envelope::iso_8601;
use crate::shape::attribute::AttributeValue;
use crate::wire::Pairs;
use queue_core::{Accepted, Timestamp};
use serde::Serialize;
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// What an event takes besides its text and attributes.
const BESIDES_BYTES: usize = 512;

/// A published message in the ring of its topic.
#[derive(Debug)]
pub(crate) struct Event {
    pub(super) epoch: Arc<str>,
    pub(super) offset: u64,
    /// Its place among the events of all topics.
    pub(super) order: u64,
    pub(super) time: Timestamp,
    accepted: Accepted,
    draft: Draft,
    json: OnceLock<Box<str>>,
}

/// An event as JSON, in the order in which its members are written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    offset: u64,
    epoch: &'a str,
    topic: &'a str,
    message_id: String,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    attributes: Pairs<AttributeValue>,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<&'a str>,
}

/// Where an event stands.
pub(super) struct Standing {
    pub(super) epoch: Arc<str>,
    pub(super) offset: u64,
    pub(super) order: u64,
    pub(super) time: Timestamp,
}

impl Event {
    pub(super) fn new(standing: Standing, accepted: Accepted, draft: Draft) -> Self {
        let Standing { epoch, offset, order, time } = standing;
        Self { epoch, offset, order, time, accepted, draft, json: OnceLock::new() }
    }

    /// How much memory it counts for: its text may be there once more as JSON.
    pub(super) fn weight(&self) -> usize {
        let Draft { published, texts } = &self.draft;
        let attributes: usize = published.attributes.iter().map(Attribute::bytes).sum();
        let times = if texts.is_some() { 3 } else { 2 };
        BESIDES_BYTES + times * (published.message.len() + attributes)
    }

    /// The name of its topic.
    pub(super) fn topic(&self) -> &str {
        &self.draft.published.topic.name
    }

    /// What a filter is shown in place of it.
    pub(super) fn message(&self) -> filters::Message<'_> {
        crate::catalogue::message(self.text(), &self.draft.published.attributes)
    }

    /// The message; of a structured one the text that every protocol can fall back to.
    pub(super) fn text(&self) -> &str {
        self.draft.text_for("default")
    }

    /// Where a reader goes on that has had it.
    pub(crate) fn place(&self) -> Place {
        Place { epoch: Arc::clone(&self.epoch), offset: self.offset }
    }

    /// Its members in JSON, without braces, so that each reader can put its own beside them. Made once for all.
    pub(crate) fn json(&self) -> &str {
        self.json.get_or_init(|| self.rendered().into())
    }

    fn rendered(&self) -> String {
        let published = &self.draft.published;
        let attributes = published.attributes.iter().map(|one| (one.name.to_string(), one.clone().into()));
        let shown = Shown {
            offset: self.offset,
            epoch: &self.epoch,
            topic: self.topic(),
            message_id: Uuid::from_u128(self.accepted.id).to_string(),
            message: self.text(),
            subject: published.subject.as_deref(),
            attributes: Pairs(attributes.collect()),
            time: iso_8601(self.time),
            sequence_number: self.accepted.sequence.map(topic_sequence_number),
            group_id: published.group.as_deref(),
        };
        super::members(&shown)
    }
}
