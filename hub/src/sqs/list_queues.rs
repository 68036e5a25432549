//! [`ListQueues`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html): lists
//! the caller's queues, by name.

use crate::operation::{Context, Operation};
use crate::shape::queue::page::Page;
use crate::shape::queue::url;
use crate::wire::Fault;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    queue_name_prefix: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListQueues {
    const NAME: &'static str = "ListQueues";
    type Output = Listed;

    async fn run(self, cx: &Context) -> Result<Listed, Fault> {
        let page = Page::parse(self.max_results, self.next_token.as_deref())?;
        let prefix = self.queue_name_prefix.as_deref().unwrap_or_default();
        let (account, region) = (&cx.caller.account, &cx.caller.region);
        let mut queues =
            cx.hub.catalogue.queues(account, region, prefix, page.after.as_deref(), page.size + 1);
        let next_token = page.cut(&mut queues);
        Ok(Listed { queue_urls: queues.iter().map(|queue| url::of(&queue.name, cx)).collect(), next_token })
    }
}
