//! [`DeleteQueue`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html):
//! deletes a queue with all it holds.
//!
//! Differs from AWS: the queue is gone at once, and receives that wait on it are told so.

use crate::operation::{Context, Operation};
use crate::shape::queue::command;
use crate::shape::queue::refusal::About;
use crate::shape::queue::url::QueueUrl;
use crate::wire::Fault;
use queue_core::Command;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteQueue {
    #[serde(default)]
    queue_url: QueueUrl,
}

impl Operation for DeleteQueue {
    const NAME: &'static str = "DeleteQueue";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let about = About { queue: &queue.name.name, ..About::default() };
        command::execute(cx, Command::DeleteQueue(queue.id), about).await
    }
}
