//! [`ChangeMessageVisibility`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html):
//! changes how long a received message stays hidden, from now on.
//!
//! On a standard queue the latest receive may do so even after its end; an older one has no effect. So
//! `MessageNotInflight` is never answered.

use crate::operation::{Context, Operation};
use crate::shape::queue::refusal::About;
use crate::shape::queue::url::QueueUrl;
use crate::shape::queue::{command, receipt_handle, visibility_timeout};
use crate::wire::Fault;
use queue_core::{ChangeVisibility, Command};
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeMessageVisibility {
    #[serde(default)]
    queue_url: QueueUrl,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

impl Operation for ChangeMessageVisibility {
    const NAME: &'static str = "ChangeMessageVisibility";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let handle = receipt_handle::required(self.receipt_handle.as_deref(), receipt_handle::NAME)?;
        let timeout = visibility_timeout::required(self.visibility_timeout, visibility_timeout::NAME)?;
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let timeout_seconds = visibility_timeout::check(timeout)?;
        let receipt = receipt_handle::read(handle, &queue, cx)?;
        let timeout = Duration::from_secs(timeout_seconds.into());
        let change = ChangeVisibility { queue: queue.id, changes: vec![(receipt, timeout)] };
        let about = About { handle, timeout_seconds, ..About::default() };
        command::one(cx, Command::ChangeVisibility(change), about).await
    }
}
