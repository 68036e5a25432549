//! [`DeleteMessageBatch`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html):
//! deletes up to ten messages that were received, each by itself.

use crate::catalogue::QueueView;
use crate::operation::{Context, Operation};
use crate::shape::queue::batch::{self, Done, Entries, Entry, Outcomes};
use crate::shape::queue::refusal::About;
use crate::shape::queue::url::QueueUrl;
use crate::shape::queue::{command, receipt_handle};
use crate::wire::Fault;
use queue_core::{Command, Delete, Receipt};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessageBatch {
    #[serde(default)]
    queue_url: QueueUrl,
    entries: Option<Entries<DeleteEntry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteEntry {
    id: Option<String>,
    receipt_handle: Option<String>,
}

impl Entry for DeleteEntry {
    const TYPE: &'static str = "DeleteMessageBatchRequestEntry";

    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl DeleteEntry {
    fn check(&self, number: usize, queue: &QueueView, cx: &Context) -> Result<(&str, Receipt), Fault> {
        let parameter = batch::member(Self::TYPE, number, receipt_handle::NAME);
        let handle = receipt_handle::required(self.receipt_handle.as_deref(), &parameter)?;
        Ok((handle, receipt_handle::read(handle, queue, cx)?))
    }
}

impl Operation for DeleteMessageBatch {
    const NAME: &'static str = "DeleteMessageBatch";
    type Output = Outcomes<Done>;

    async fn run(self, cx: &Context) -> Result<Self::Output, Fault> {
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let entries = self.entries.unwrap_or_default();
        let ids = batch::ids(&entries)?;
        let entries = entries.into_kept();
        let checked: Vec<_> =
            entries.iter().zip(1..).map(|(entry, number)| entry.check(number, &queue, cx)).collect();
        let receipts: Vec<_> = checked.iter().flatten().map(|(_, receipt)| *receipt).collect();
        let replies = match receipts.is_empty() {
            true => Vec::new(),
            false => command::each(cx, Command::Delete(Delete { queue: queue.id, receipts })).await?,
        };
        let outcome = |(handle, _), reply: Result<(), queue_core::Error>| {
            reply.map_err(|error| About { handle, ..About::default() }.refusal(error))
        };
        Ok(Outcomes::done(ids.into_iter().zip(batch::merge(checked, replies, outcome))))
    }
}
