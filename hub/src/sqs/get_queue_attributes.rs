//! [`GetQueueAttributes`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html):
//! tells the attributes of a queue.
//!
//! Differs from AWS: the counters are exact, as of this moment.

use crate::catalogue::QueueView;
use crate::operation::{Context, Operation};
use crate::shape::queue::attribute::{self, Attribute};
use crate::shape::queue::refusal::About;
use crate::shape::queue::url::QueueUrl;
use crate::wire::{Fault, List, Pairs};
use queue_core::{Counts, Machine, Queue};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueAttributes {
    #[serde(default)]
    queue_url: QueueUrl,
    attribute_names: Option<List<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Told {
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    attributes: Pairs<String>,
}

impl Operation for GetQueueAttributes {
    const NAME: &'static str = "GetQueueAttributes";
    type Output = Told;

    async fn run(self, cx: &Context) -> Result<Told, Fault> {
        let queue = self.queue_url.queue(Self::NAME, cx)?;
        let wanted = attribute::named(self.attribute_names.iter().flatten())?;
        let counts = match wanted.iter().any(|attribute| attribute.is_counter()) {
            true => Some(counts(&queue, cx).await?),
            false => None,
        };
        let pair = |attribute: Attribute| {
            Some((attribute.name().to_owned(), attribute.shown(&queue, counts.as_deref())?))
        };
        Ok(Told { attributes: Pairs(wanted.into_iter().filter_map(pair).collect()) })
    }
}

/// Of each queue that holds what is in this one.
async fn counts(queue: &QueueView, cx: &Context) -> Result<Vec<Counts>, Fault> {
    let id = queue.id;
    let counts = move |machine: &Machine| machine.queues_of(id).map(Queue::counts).collect::<Vec<_>>();
    let counts = cx.hub.engine.read(Some(id), counts).await;
    let counts = counts.map_err(|error| About::default().fault(error))?;
    if counts.is_empty() { Err(Fault::queue_does_not_exist()) } else { Ok(counts) }
}
