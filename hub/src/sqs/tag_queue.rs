//! [`TagQueue`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_TagQueue.html): adds tags to
//! a queue, or changes their values.

use crate::catalogue::QueueView;
use crate::operation::{Context, Operation};
use crate::shape::queue::url::QueueUrl;
use crate::shape::queue::{command, tag};
use crate::wire::{Fault, Pairs};
use queue_core::{Command, SetQueueTags};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagQueue {
    #[serde(default)]
    queue_url: QueueUrl,
    tags: Option<Pairs<String>>,
}

impl Operation for TagQueue {
    const NAME: &'static str = "TagQueue";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let added = self.tags.filter(|tags| !tags.is_empty());
        let added = added.ok_or_else(|| Fault::missing_parameter("Tags"))?;
        let add = |queue: &QueueView| {
            let tags = tag::add(&queue.tags, &added, &queue.name.name)?;
            let set = SetQueueTags { queue: queue.id, seen: queue.version, tags };
            Ok((set.tags != queue.tags).then_some(Command::SetQueueTags(set)))
        };
        command::change(cx, Self::NAME, &self.queue_url, add).await
    }
}
