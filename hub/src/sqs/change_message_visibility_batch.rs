//! [`ChangeMessageVisibilityBatch`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html):
//! changes how long up to ten received messages stay hidden, each by itself.

use crate::catalogue::QueueView;
use crate::operation::{Context, Operation};
use crate::shape::queue::batch::{self, Done, Entries, Entry, Outcomes};
use crate::shape::queue::refusal::About;
use crate::shape::queue::url::QueueUrl;
use crate::shape::queue::{command, receipt_handle, visibility_timeout};
use crate::wire::Fault;
use queue_core::{ChangeVisibility, Command, Receipt};
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeMessageVisibilityBatch {
    #[serde(default)]
    queue_url: QueueUrl,
    entries: Option<Entries<ChangeEntry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChangeEntry {
    id: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

impl Entry for ChangeEntry {
    const TYPE: &'static str = "ChangeMessageVisibilityBatchRequestEntry";

    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// An entry that can be tried.
struct Checked<'a> {
    about: About<'a>,
    receipt: Receipt,
}

impl ChangeEntry {
    fn check(&self, number: usize, queue: &QueueView, cx: &Context) -> Result<Checked<'_>, Fault> {
        let parameter = |name| batch::member(Self::TYPE, number, name);
        let handle =
            receipt_handle::required(self.receipt_handle.as_deref(), &parameter(receipt_handle::NAME))?;
        let timeout =
            visibility_timeout::required(self.visibility_timeout, &parameter(visibility_timeout::NAME))?;
        let timeout_seconds = visibility_timeout::check(timeout)?;
        let receipt = receipt_handle::read(handle, queue, cx)?;
        Ok(Checked { about: About { handle, timeout_seconds, ..About::default() }, receipt })
    }
}

impl Operation for ChangeMessageVisibilityBatch {
    const NAME: &'static str = "ChangeMessageVisibilityBatch";
    type Output = Outcomes<Done>;

    async fn run(self, cx: &Context) -> Result<Self::Output, Fault> {
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let entries = self.entries.unwrap_or_default();
        let ids = batch::ids(&entries)?;
        let entries = entries.into_kept();
        let checked: Vec<_> =
            entries.iter().zip(1..).map(|(entry, number)| entry.check(number, &queue, cx)).collect();
        let change =
            |entry: &Checked<'_>| (entry.receipt, Duration::from_secs(entry.about.timeout_seconds.into()));
        let changes: Vec<_> = checked.iter().flatten().map(change).collect();
        let replies = match changes.is_empty() {
            true => Vec::new(),
            false => {
                let change = ChangeVisibility { queue: queue.id, changes };
                command::each(cx, Command::ChangeVisibility(change)).await?
            }
        };
        let outcome = |entry: Checked<'_>, reply: Result<(), queue_core::Error>| {
            reply.map_err(|error| entry.about.refusal(error))
        };
        Ok(Outcomes::done(ids.into_iter().zip(batch::merge(checked, replies, outcome))))
    }
}
