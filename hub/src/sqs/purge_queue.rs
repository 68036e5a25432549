//! [`PurgeQueue`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html): deletes
//! all messages of a queue.
//!
//! Differs from AWS: the messages are gone at once, and there need not be 60 seconds between two purges, unless the
//! hub is strict.

use crate::operation::{Context, Operation};
use crate::shape::queue::refusal::About;
use crate::shape::queue::url::QueueUrl;
use crate::shape::queue::{command, limits};
use crate::wire::Fault;
use queue_core::{Command, PurgeQueue as Purge};
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PurgeQueue {
    #[serde(default)]
    queue_url: QueueUrl,
}

impl Operation for PurgeQueue {
    const NAME: &'static str = "PurgeQueue";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let not_within = if cx.hub.settings.strict { limits::BETWEEN_PURGES } else { Duration::ZERO };
        let about = About { queue: &queue.name.name, ..About::default() };
        command::execute(cx, Command::PurgeQueue(Purge { queue: queue.id, not_within }), about).await
    }
}
