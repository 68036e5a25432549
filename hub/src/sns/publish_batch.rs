//! [`PublishBatch`](https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html): publishes up to ten messages.
//!
//! As at AWS, nearly every mistake in one of them refuses them all; only an empty one fails by itself.
//!
//! Differs from AWS: messages and attributes with characters that XML cannot carry are refused in words of our own.

use crate::catalogue::TopicView;
use crate::content::{self, Published};
use crate::operation::{Context, Operation};
use crate::shape::attribute::AttributeValue;
use crate::shape::change::{Step, change};
use crate::shape::publication::{self, Asked, Measure};
use crate::shape::reply;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::shape::topic::{limits, reference};
use crate::wire::{Code, Counted, Fault, Pairs};
use queue_core::Accepted;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PublishBatch {
    topic_arn: Option<String>,
    #[serde(default)]
    publish_batch_request_entries: Entries,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    id: Option<String>,
    message: Option<String>,
    subject: Option<String>,
    message_structure: Option<String>,
    #[serde(default)]
    message_attributes: Pairs<AttributeValue>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Outcome {
    failed: Vec<Failed>,
    successful: Vec<Successful>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    code: &'static str,
    message: String,
    sender_fault: bool,
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Successful {
    message_id: String,
    id: String,
    sequence_number: Option<String>,
}

/// As many entries as there can be, and how many were sent.
type Entries = Counted<Entry, { limits::BATCH_ENTRIES }>;

/// The entries of a batch that is not refused as a whole.
struct Sorted<'e> {
    good: Vec<(&'e str, Published)>,
    failed: Vec<(&'e str, Fault)>,
}

impl Operation for PublishBatch {
    const NAME: &'static str = "PublishBatch";
    type Output = Outcome;

    async fn run(self, cx: &Context) -> Result<Outcome, Fault> {
        let arn = self.topic_arn.as_deref().ok_or_else(|| Fault::null_member("topicArn"))?;
        let entries = &self.publish_batch_request_entries;
        if entries.sent() == 0 {
            return Err(Fault::null_member("publishBatchRequestEntries"));
        }
        let name = reference::name("TopicArn", arn, &cx.caller)?;
        let mut outcome = Outcome::default();
        let mut ids = Vec::new();
        let mut measure = Measure::begin();
        let attempt = || {
            measure.filtered = None;
            let topic = reference::find(Self::NAME, &name, cx)?;
            let sorted = sort(entries, &topic, cx)?;
            outcome.failed = sorted.failed.iter().map(|(id, fault)| Failed::new(id, fault)).collect();
            let good;
            (ids, good) = sorted.good.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
            if good.is_empty() {
                return Ok(Step::Answer(Vec::new()));
            }
            let (command, bodies, filtered) = publication::command(good, topic, &cx.hub.secrets);
            measure.filtered = Some(filtered);
            Ok(Step::Propose(command, bodies))
        };
        let accepted = change(cx, &OF_TOPICS, attempt, reply::published).await?;
        measure.end(&cx.hub.metrics);
        outcome.successful =
            ids.into_iter().zip(&accepted).map(|(id, one)| Successful::new(id, one)).collect();
        Ok(outcome)
    }
}

/// Checks the batch as a whole, then each entry.
fn sort<'e>(entries: &'e Entries, topic: &TopicView, cx: &Context) -> Result<Sorted<'e>, Fault> {
    let ids = check_ids(entries)?;
    let entries = entries.kept();
    let mut sorted = Sorted { good: Vec::with_capacity(entries.len()), failed: Vec::new() };
    let mut bytes = 0;
    for ((number, entry), id) in (1..).zip(entries).zip(ids) {
        let path = path(number);
        let published = publication::check(&entry.asked(&path), topic, cx)?;
        bytes += publication::bytes(&published);
        match publication::check_text(&published.message) {
            Ok(()) => sorted.good.push((id, published)),
            Err(fault) => sorted.failed.push((id, fault)),
        }
    }
    if publication::fits(bytes, topic) { Ok(sorted) } else { Err(publication::too_long_together()) }
}

/// The ids of the entries, by which their outcomes are told apart.
fn check_ids(entries: &Entries) -> Result<Vec<&str>, Fault> {
    if entries.sent() > limits::BATCH_ENTRIES {
        let message = "The batch request contains more entries than permissible.";
        return Err(Fault::new(Code::TooManyEntriesInBatchRequest, message));
    }
    let null = |number| Fault::null_member(&format!("{}id", path(number)));
    let ids =
        (1..).zip(entries.kept()).map(|(number, entry)| entry.id.as_deref().ok_or_else(|| null(number)));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    if ids.iter().collect::<HashSet<_>>().len() < ids.len() {
        let message = "Two or more batch entries in the request have the same Id.";
        return Err(Fault::new(Code::BatchEntryIdsNotDistinct, message));
    }
    ids.iter().try_for_each(|id| check_id(id))?;
    Ok(ids)
}

fn check_id(id: &str) -> Result<(), Fault> {
    let the_id = "The Id of a batch entry in the batch request";
    let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    if id.is_empty() || !id.chars().all(allowed) {
        let message = format!("{the_id} contains an impermissible character: {id}");
        return Err(Fault::new(Code::InvalidBatchEntryId, message));
    }
    if id.len() > limits::BATCH_ENTRY_ID_CHARACTERS_MAX {
        return Err(Fault::new(Code::InvalidBatchEntryId, format!("{the_id} is too long: {id}")));
    }
    Ok(())
}

/// What leads to the members of an entry, in faults that name one.
fn path(number: usize) -> String {
    format!("publishBatchRequestEntries.{number}.member.")
}

impl Entry {
    fn asked<'a>(&'a self, path: &'a str) -> Asked<'a> {
        Asked {
            path,
            message: self.message.as_deref(),
            subject: self.subject.as_deref(),
            structure: self.message_structure.as_deref(),
            attributes: &self.message_attributes,
            group: self.message_group_id.as_deref(),
            deduplication_id: self.message_deduplication_id.as_deref(),
        }
    }
}

impl Failed {
    fn new(id: &str, fault: &Fault) -> Self {
        Self {
            code: fault.entry_code(),
            message: fault.message().to_owned(),
            sender_fault: fault.sender(),
            id: id.to_owned(),
        }
    }
}

impl Successful {
    fn new(id: &str, accepted: &Accepted) -> Self {
        Self {
            message_id: Uuid::from_u128(accepted.id).to_string(),
            id: id.to_owned(),
            sequence_number: accepted.sequence.map(content::topic_sequence_number),
        }
    }
}
