//! [`SendMessageBatch`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html):
//! puts up to ten messages into a queue, in order.
//!
//! The entries that can be sent are sent together or, should the hub stop, not at all; in a priority queue those for the
//! same member.

use crate::content::{digits, md5_of_body, sequence_number};
use crate::operation::{Context, Operation};
use crate::shape::attribute::AttributeValue;
use crate::shape::queue::batch::{self, Entries, Entry, Outcomes};
use crate::shape::queue::message::{self, Given, Place, Ready};
use crate::shape::queue::url::QueueUrl;
use crate::shape::queue::{command, limits};
use crate::wire::{Code, Fault, Pairs};
use queue_core::Accepted;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SendMessageBatch {
    #[serde(default)]
    queue_url: QueueUrl,
    entries: Option<Entries<SendEntry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEntry {
    id: Option<String>,
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: Option<Pairs<AttributeValue>>,
    message_system_attributes: Option<Pairs<AttributeValue>>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

impl Entry for SendEntry {
    const TYPE: &'static str = message::ENTRY;

    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SentEntry {
    id: String,
    message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_message_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<String>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_message_system_attributes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
}

impl Operation for SendMessageBatch {
    const NAME: &'static str = "SendMessageBatch";
    type Output = Outcomes<SentEntry>;

    async fn run(self, cx: &Context) -> Result<Self::Output, Fault> {
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let entries = self.entries.unwrap_or_default();
        let ids = batch::ids(&entries)?;
        let entries = entries.into_kept();
        let given: Vec<_> = entries.into_iter().map(Given::from).collect();
        check_size(&given)?;
        let draft = |(given, number): (Given, usize)| given.draft(Place::Entry(number), &queue);
        let drafts = given.into_iter().zip(1..).map(draft).collect::<Result<Vec<_>, _>>()?;
        let mut ready = Vec::with_capacity(drafts.len());
        let finished = drafts.into_iter().map(|draft| draft.finish(&queue, cx));
        let finished: Vec<_> = finished.map(|message| message.map(|message| ready.push(message))).collect();
        let accepted = command::send(cx, &mut ready).await?;
        let mut sent = ready.into_iter().zip(accepted);
        let outcome = |finished: Result<(), Fault>| {
            finished?;
            let (ready, accepted) = sent.next().ok_or_else(Fault::internal)?;
            Ok((ready, accepted?))
        };
        let outcomes: Vec<_> = finished.into_iter().map(outcome).collect();
        Ok(Outcomes::of(ids.into_iter().zip(outcomes), SentEntry::new))
    }
}

/// The messages of a batch together may be as large as the largest single one can be.
fn check_size(given: &[Given]) -> Result<(), Fault> {
    let (limit, bytes) = (limits::BATCH_BYTES, given.iter().map(Given::bytes).sum::<usize>());
    if bytes <= limit {
        return Ok(());
    }
    let message = format!("Batch requests cannot be longer than {limit} bytes. You have sent {bytes} bytes.");
    Err(Fault::new(Code::BatchRequestTooLong, message))
}

impl From<SendEntry> for Given {
    fn from(entry: SendEntry) -> Self {
        Self {
            body: entry.message_body,
            delay_seconds: entry.delay_seconds,
            attributes: entry.message_attributes.unwrap_or_default(),
            system_attributes: entry.message_system_attributes.unwrap_or_default(),
            deduplication_id: entry.message_deduplication_id,
            group: entry.message_group_id,
        }
    }
}

impl SentEntry {
    fn new(id: String, (ready, accepted): (Ready, Accepted)) -> Self {
        Self {
            id,
            message_id: message::id(&accepted),
            md5_of_message_body: ready.md5_of_body,
            md5_of_message_attributes: ready.md5_of_attributes,
            md5_of_message_system_attributes: ready.md5_of_system_attributes,
            sequence_number: accepted.sequence.map(sequence_number),
        }
    }
}

impl SendMessageBatch {
    /// What is answered to messages that go nowhere: the measure of what the rest costs.
    pub(crate) fn unsent(self, id: impl Fn() -> Uuid) -> Result<Outcomes<SentEntry>, Fault> {
        let entries = self.entries.unwrap_or_default();
        let ids = batch::ids(&entries)?;
        let bodies = entries.into_kept().into_iter().zip(1..).map(|(entry, number)| {
            entry.message_body.ok_or_else(|| Fault::missing_parameter(&Place::Entry(number).of_body()))
        });
        Ok(Outcomes::of(ids.into_iter().zip(bodies), |entry, body| SentEntry {
            id: entry,
            message_id: id().to_string(),
            md5_of_message_body: digits(md5_of_body(&body)),
            md5_of_message_attributes: None,
            md5_of_message_system_attributes: None,
            sequence_number: None,
        }))
    }
}
