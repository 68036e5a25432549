//! [`CreateQueue`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html):
//! creates a queue, or finds the one that is already as it was to be.
//!
//! Differs from AWS: a name can be used again at once after its queue was deleted, unless the hub is strict. Of an
//! existing queue, tags are neither compared nor added. A `Policy` is checked for its form only.

use crate::operation::{Context, Operation};
use crate::shape::change::{Step, change};
use crate::shape::queue::refusal::OF_QUEUES;
use crate::shape::queue::setting::Settings;
use crate::shape::queue::{name, tag, url};
use crate::shape::reply;
use crate::wire::{Code, Fault, Pairs};
use queue_core::{Command, CreateQueue as Create, Name, QueueAttributes, Tags};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    queue_name: Option<String>,
    attributes: Option<Pairs<String>>,
    #[serde(rename = "tags", alias = "Tags")]
    tags: Option<Pairs<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Created {
    queue_url: String,
}

impl Operation for CreateQueue {
    const NAME: &'static str = "CreateQueue";
    type Output = Created;

    async fn run(self, cx: &Context) -> Result<Created, Fault> {
        let text = self.queue_name.ok_or_else(name::missing)?;
        let given = self.attributes.unwrap_or_default();
        let fifo = Settings::ask_for_fifo(&given);
        name::check(&text, fifo)?;
        let settings = Settings::parse(&given, fifo)?;
        let attributes = settings.applied_to(&QueueAttributes::default())?;
        let tags = tag::add(&Tags::new(), &self.tags.unwrap_or_default(), &text)?;
        let hold_deleted_name = cx.hub.settings.strict;
        let create = Create { name: named(&text, cx), attributes, tags, hold_deleted_name };
        find_or_create(&create, &settings, cx).await?;
        Ok(Created { queue_url: url::of(&create.name, cx) })
    }
}

fn named(name: &str, cx: &Context) -> Name {
    Name::new(&cx.caller.account, &cx.caller.region, name)
}

async fn find_or_create(create: &Create, settings: &Settings, cx: &Context) -> Result<(), Fault> {
    let attempt = || {
        let mut create = create.clone();
        settings.compose(&create.name, &mut create.attributes, &cx.hub.catalogue)?;
        if let Some(existing) = cx.hub.catalogue.queue(&create.name) {
            return compare(settings, &create.attributes, &existing.attributes).map(Step::Answer);
        }
        if let Some(policy) = settings.redrive_policy() {
            policy.check(&create.name, create.attributes.fifo, &cx.hub.catalogue)?;
        }
        Ok(Step::Propose(Command::CreateQueue(create), Vec::new()))
    };
    let settle = |reply| reply::queue_created(reply).map(drop);
    change(cx, &OF_QUEUES, attempt, settle).await
}

fn compare(settings: &Settings, wanted: &QueueAttributes, existing: &QueueAttributes) -> Result<(), Fault> {
    let Some(different) = settings.first_difference(wanted, existing) else {
        return Ok(());
    };
    let different = different.name();
    let message =
        format!("A queue already exists with the same name and a different value for attribute {different}");
    Err(Fault::new(Code::QueueNameExists, message))
}
