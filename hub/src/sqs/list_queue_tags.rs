//! [`ListQueueTags`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueueTags.html):
//! tells the tags of a queue.

use crate::operation::{Context, Operation};
use crate::shape::queue::url::QueueUrl;
use crate::wire::{Fault, Pairs};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueueTags {
    #[serde(default)]
    queue_url: QueueUrl,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    tags: Pairs<String>,
}

impl Operation for ListQueueTags {
    const NAME: &'static str = "ListQueueTags";
    type Output = Listed;

    async fn run(self, cx: &Context) -> Result<Listed, Fault> {
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let tags = queue.tags.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        Ok(Listed { tags: Pairs(tags.collect()) })
    }
}
