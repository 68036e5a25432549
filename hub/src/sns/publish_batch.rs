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
use queue_core::Name;
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
        let paths: Vec<_> = (1..=entries.kept().len()).map(Batch::path).collect();
        let kept = entries.kept().iter().zip(&paths);
        let kept = kept.map(|(entry, path)| BatchEntry { id: entry.id.as_deref(), asked: entry.asked(path) });
        let batch = Batch { sent: entries.sent(), entries: kept.collect() };
        let mut outcome = Outcome::default();
        for (id, receipt) in batch.publish(&name, cx).await? {
            match receipt {
                Ok(receipt) => outcome.successful.push(Successful::new(id, receipt)),
                Err(fault) => outcome.failed.push(Failed::new(id, &fault)),
            }
        }
        Ok(outcome)
    }
}

/// Messages that are published together.
pub(crate) struct Batch<'a> {
    /// How many were sent.
    pub(crate) sent: usize,
    /// As many of them as there can be.
    pub(crate) entries: Vec<BatchEntry<'a>>,
}

/// One of them.
pub(crate) struct BatchEntry<'a> {
    pub(crate) id: Option<&'a str>,
    pub(crate) asked: Asked<'a>,
}

impl Batch<'_> {
    /// What leads to the members of an entry, by its number from 1, in faults that name one.
    pub(crate) fn path(number: usize) -> String {
        format!("publishBatchRequestEntries.{number}.member.")
    }

    /// Publishes the batch; tells what became of each entry, by its id.
    pub(crate) async fn publish(
        &self,
        name: &Name,
        cx: &Context,
    ) -> Result<Vec<(String, Result<Receipt, Fault>)>, Fault> {
        let check = || {
            let topic = reference::find(PublishBatch::NAME, name, cx)?;
            let checked = self.check(&topic, cx)?;
            Ok((topic, checked))
        };
        let receipts = publication::publish(cx, check).await?;
        let ids = self.entries.iter().map(|entry| entry.id.unwrap_or_default().to_owned());
        Ok(ids.zip(receipts).collect())
    }

    /// Checks the batch as a whole, then each entry.
    fn check(&self, topic: &TopicView, cx: &Context) -> Result<Vec<Result<Draft, Fault>>, Fault> {
        self.check_ids()?;
        let mut checked = Vec::with_capacity(self.entries.len());
        let mut bytes = 0;
        for entry in &self.entries {
            let draft = publication::check(&entry.asked, topic, cx)?;
            bytes += publication::bytes(&draft.published);
            checked.push(publication::check_text(&draft.published.message).map(|()| draft));
        }
        if publication::fits(bytes, topic) { Ok(checked) } else { Err(publication::too_long_together()) }
    }

    /// Outcomes are told apart by the ids of their entries.
    fn check_ids(&self) -> Result<(), Fault> {
        if self.sent > limits::BATCH_ENTRIES {
            let message = "The batch request contains more entries than permissible.";
            return Err(Fault::new(Code::TooManyEntriesInBatchRequest, message));
        }
        let null = |number| Fault::null_member(&format!("{}id", Self::path(number)));
        let ids = (1..).zip(&self.entries).map(|(number, entry)| entry.id.ok_or_else(|| null(number)));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        if ids.iter().collect::<HashSet<_>>().len() < ids.len() {
            let message = "Two or more batch entries in the request have the same Id.";
            return Err(Fault::new(Code::BatchEntryIdsNotDistinct, message));
        }
        ids.iter().try_for_each(|id| check_id(id))
    }
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
