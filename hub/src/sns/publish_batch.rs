//! [`PublishBatch`](https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html): publishes up to ten messages.
//!
//! As at AWS, nearly every mistake in one of them refuses them all; only one that is empty, or does not fit the schema
//! of its topic, fails by itself.
//!
//! Differs from AWS: messages and attributes with characters that XML cannot carry are refused in words of our own.

use crate::catalogue::TopicView;
use crate::content::Draft;
use crate::operation::{Context, Operation};
use crate::shape::attribute::AttributeValue;
use crate::shape::publication::{self, Asked, Receipt};
use crate::shape::topic::{limits, reference};
use crate::wire::{Code, Counted, Fault, Pairs};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

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
        let check = || {
            let topic = reference::find(Self::NAME, &name, cx)?;
            let checked = check(entries, &topic, cx)?;
            Ok((topic, checked))
        };
        let receipts = publication::publish(cx, check).await?;
        let mut outcome = Outcome::default();
        for (entry, receipt) in entries.kept().iter().zip(receipts) {
            let id = entry.id.clone().unwrap_or_default();
            match receipt {
                Ok(receipt) => outcome.successful.push(Successful::new(id, receipt)),
                Err(fault) => outcome.failed.push(Failed::new(id, &fault)),
            }
        }
        Ok(outcome)
    }
}

/// Checks the batch as a whole, then each entry.
fn check(entries: &Entries, topic: &TopicView, cx: &Context) -> Result<Vec<Result<Draft, Fault>>, Fault> {
    check_ids(entries)?;
    let mut checked = Vec::with_capacity(entries.kept().len());
    let mut bytes = 0;
    for (number, entry) in (1..).zip(entries.kept()) {
        let path = path(number);
        let draft = publication::check(&entry.asked(&path), topic, cx)?;
        bytes += publication::bytes(&draft.published);
        checked.push(publication::check_text(&draft.published.message).map(|()| draft));
    }
    if publication::fits(bytes, topic) { Ok(checked) } else { Err(publication::too_long_together()) }
}

/// Outcomes are told apart by the ids of their entries.
fn check_ids(entries: &Entries) -> Result<(), Fault> {
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
    ids.iter().try_for_each(|id| check_id(id))
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
    fn new(id: String, fault: &Fault) -> Self {
        Self {
            code: fault.entry_code(),
            message: fault.message().to_owned(),
            sender_fault: fault.sender(),
            id,
        }
    }
}

impl Successful {
    fn new(id: String, receipt: Receipt) -> Self {
        let Receipt { message_id, sequence_number } = receipt;
        Self { message_id, id, sequence_number }
    }
}
