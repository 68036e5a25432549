//! [`DeleteMessage`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html):
//! deletes a message that was received.
//!
//! On a standard queue any receive of the message will do, also one that has ended; on a FIFO queue only the
//! current one. A message that is gone is deleted already.

use crate::operation::{Context, Operation};
use crate::shape::queue::refusal::About;
use crate::shape::queue::url::QueueUrl;
use crate::shape::queue::{command, receipt_handle};
use crate::wire::Fault;
use queue_core::{Command, Delete};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteMessage {
    #[serde(default)]
    pub(crate) queue_url: QueueUrl,
    pub(crate) receipt_handle: Option<String>,
}

impl Operation for DeleteMessage {
    const NAME: &'static str = "DeleteMessage";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let handle = receipt_handle::required(self.receipt_handle.as_deref(), receipt_handle::NAME)?;
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let receipt = receipt_handle::read(handle, &queue, cx)?;
        let delete = Command::Delete(Delete { queue: queue.id, receipts: vec![receipt] });
        let about = About { handle, ..About::default() };
        command::one(cx, delete, about).await
    }
}
