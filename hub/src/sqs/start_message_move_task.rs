//! [`StartMessageMoveTask`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html):
//! starts to move the messages of a dead-letter queue back to where they came from, or elsewhere.
//!
//! Differs from AWS: a task takes as long as it needs, and an account can have any number of them. The task concerns the
//! messages that are in the source now, those in flight and delayed ones included.

use crate::catalogue::QueueView;
use crate::operation::{Context, Operation};
use crate::shape::queue::refusal::About;
use crate::shape::queue::{limits, move_task};
use crate::shape::reply;
use crate::wire::{Code, Fault};
use queue_core::{Command, Name, StartMove};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartMessageMoveTask {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Started {
    task_handle: String,
}

impl Operation for StartMessageMoveTask {
    const NAME: &'static str = "StartMessageMoveTask";
    type Output = Started;

    async fn run(self, cx: &Context) -> Result<Started, Fault> {
        let arn = self.source_arn.ok_or_else(|| Fault::missing_parameter("SourceArn"))?;
        let source = move_task::queue(&arn, "SourceArn", Self::NAME, cx)?;
        if cx.hub.catalogue.sources_of(&source.name).is_empty() {
            let message = "Source queue must be configured as a Dead Letter Queue.";
            return Err(Fault::new(Code::InvalidParameterValue, message));
        }
        let destination = self.destination_arn.map(|arn| destination(&arn, &source, cx)).transpose()?;
        let per_second = self.max_number_of_messages_per_second.map(rate).transpose()?;
        let command = Command::StartMove(StartMove { source: source.id, destination, per_second });
        let reply = cx.hub.engine.execute(command, Vec::new()).await;
        let task = reply::move_started(reply.map_err(|error| About::default().fault(error))?)?;
        Ok(Started { task_handle: move_task::handle(task, &source.name) })
    }
}

fn destination(arn: &str, source: &QueueView, cx: &Context) -> Result<Name, Fault> {
    let queue = move_task::queue(arn, "DestinationArn", StartMessageMoveTask::NAME, cx)?;
    if queue.attributes.fifo != source.attributes.fifo {
        let message = "Source and destination queues must be of the same type.";
        return Err(Fault::new(Code::UnsupportedOperation, message));
    }
    Ok(queue.name.clone())
}

fn rate(given: i64) -> Result<u32, Fault> {
    let rate = u32::try_from(given).ok().filter(|rate| limits::MOVES_PER_SECOND.contains(rate));
    rate.ok_or_else(|| {
        Fault::new(
            Code::InvalidParameterValue,
            "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a value that is \
             between 1 and 500.",
        )
    })
}
