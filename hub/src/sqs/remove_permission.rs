//! [`RemovePermission`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_RemovePermission.html):
//! removes a statement from the policy of a queue; the policy goes with its last one.

use crate::catalogue::QueueView;
use crate::operation::{Context, Operation};
use crate::shape::queue::url::QueueUrl;
use crate::shape::queue::{command, permission};
use crate::wire::Fault;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemovePermission {
    #[serde(default)]
    queue_url: QueueUrl,
    label: Option<String>,
}

impl Operation for RemovePermission {
    const NAME: &'static str = "RemovePermission";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let label = permission::label(self.label)?;
        let remove = |queue: &QueueView| permission::remove_from(queue, &label).map(Some);
        command::change(cx, Self::NAME, &self.queue_url, remove).await
    }
}
