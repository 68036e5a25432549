//! [`UntagQueue`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_UntagQueue.html): removes
//! tags from a queue. Keys that it does not have do no harm.

use crate::catalogue::QueueView;
use crate::operation::{Context, Operation};
use crate::shape::queue::url::QueueUrl;
use crate::shape::queue::{command, tag};
use crate::wire::{Fault, List};
use queue_core::{Command, SetQueueTags};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagQueue {
    #[serde(default)]
    queue_url: QueueUrl,
    tag_keys: Option<List<String>>,
}

impl Operation for UntagQueue {
    const NAME: &'static str = "UntagQueue";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let keys = self.tag_keys.filter(|keys| !keys.is_empty()).ok_or_else(tag::bad_key)?;
        let remove = |queue: &QueueView| {
            keys.iter().try_for_each(|key| tag::check_key(key))?;
            let mut tags = queue.tags.clone();
            tags.retain(|key, _| !keys.iter().any(|removed| **removed == **key));
            let set = SetQueueTags { queue: queue.id, seen: queue.version, tags };
            Ok((set.tags != queue.tags).then_some(Command::SetQueueTags(set)))
        };
        command::change(cx, Self::NAME, &self.queue_url, remove).await
    }
}
