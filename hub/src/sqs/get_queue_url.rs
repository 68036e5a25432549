//! [`GetQueueUrl`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html): finds
//! the URL of a queue by its name.

use crate::operation::{Context, Operation};
use crate::shape::queue::{name, url};
use crate::wire::Fault;
use queue_core::Name;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Found {
    queue_url: String,
}

impl Operation for GetQueueUrl {
    const NAME: &'static str = "GetQueueUrl";
    type Output = Found;

    async fn run(self, cx: &Context) -> Result<Found, Fault> {
        let name = self.name(cx).ok_or_else(name::missing)?;
        let queue = cx.hub.catalogue.queue(&name).ok_or_else(Fault::queue_does_not_exist)?;
        url::authorize(Self::NAME, &queue, cx)?;
        Ok(Found { queue_url: url::of(&queue.name, cx) })
    }
}

impl GetQueueUrl {
    fn name(&self, cx: &Context) -> Option<Name> {
        let name = self.queue_name.as_deref().filter(|name| !name.is_empty())?;
        let owner = self.owner.as_deref().filter(|owner| !owner.is_empty());
        Some(Name::new(owner.unwrap_or(&cx.caller.account), &cx.caller.region, name))
    }
}
