//! [`ListDeadLetterSourceQueues`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListDeadLetterSourceQueues.html):
//! lists the queues whose dead-letter queue this is, by name.

use crate::operation::{Context, Operation};
use crate::shape::queue::page::Page;
use crate::shape::queue::url::{self, QueueUrl};
use crate::wire::Fault;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListDeadLetterSourceQueues {
    #[serde(default)]
    queue_url: QueueUrl,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    #[serde(rename = "queueUrls", skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListDeadLetterSourceQueues {
    const NAME: &'static str = "ListDeadLetterSourceQueues";
    type Output = Listed;

    async fn run(self, cx: &Context) -> Result<Listed, Fault> {
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let page = Page::parse(self.max_results, self.next_token.as_deref())?;
        let mut sources = cx.hub.catalogue.sources_of(&queue.name);
        sources.retain(|source| page.after.as_deref().is_none_or(|after| *source.name.name > *after));
        let next_token = page.cut(&mut sources);
        Ok(Listed {
            queue_urls: sources.iter().map(|source| url::of(&source.name, cx)).collect(),
            next_token,
        })
    }
}
