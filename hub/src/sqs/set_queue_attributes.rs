//! [`SetQueueAttributes`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html):
//! changes attributes of a queue, all or none.
//!
//! Differs from AWS: a change takes effect at once. A `Policy` is checked for its form only.

use crate::catalogue::QueueView;
use crate::operation::{Context, Operation};
use crate::shape::queue::command;
use crate::shape::queue::setting::Settings;
use crate::shape::queue::url::QueueUrl;
use crate::wire::{Fault, Pairs};
use queue_core::{Command, SetQueueAttributes as Set};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetQueueAttributes {
    #[serde(default)]
    queue_url: QueueUrl,
    attributes: Option<Pairs<String>>,
}

impl Operation for SetQueueAttributes {
    const NAME: &'static str = "SetQueueAttributes";
    type Output = ();

    async fn run(self, cx: &Context) -> Result<(), Fault> {
        let given = self.attributes.filter(|given| !given.is_empty());
        let given = given.ok_or_else(|| Fault::missing_parameter("Attributes"))?;
        let set = |queue: &QueueView| {
            let fifo = queue.attributes.fifo;
            let settings = Settings::parse(&given, fifo)?;
            let mut attributes = settings.applied_to(&queue.attributes)?;
            if attributes.priority.is_none() {
                settings.refuse_members()?;
            }
            settings.compose(&queue.name, &mut attributes, &cx.hub.catalogue)?;
            if let Some(policy) = settings.redrive_policy() {
                policy.check(&queue.name, fifo, &cx.hub.catalogue)?;
            }
            Ok(Some(Command::SetQueueAttributes(Set { queue: queue.id, seen: queue.version, attributes })))
        };
        command::change(cx, Self::NAME, &self.queue_url, set).await
    }
}
