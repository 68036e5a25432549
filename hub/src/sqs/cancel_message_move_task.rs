//! [`CancelMessageMoveTask`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html):
//! ends a message move task; what it has moved stays moved.
//!
//! Differs from AWS: with the answer the task is cancelled, so nobody sees one that is being cancelled.

use crate::operation::{Context, Operation};
use crate::shape::queue::move_task;
use crate::shape::queue::refusal::About;
use crate::shape::reply;
use crate::wire::Fault;
use queue_core::{CancelMove, Command};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CancelMessageMoveTask {
    task_handle: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Cancelled {
    approximate_number_of_messages_moved: u64,
}

impl Operation for CancelMessageMoveTask {
    const NAME: &'static str = "CancelMessageMoveTask";
    type Output = Cancelled;

    async fn run(self, cx: &Context) -> Result<Cancelled, Fault> {
        let handle = self.task_handle.ok_or_else(|| Fault::missing_parameter("TaskHandle"))?;
        let (task, source) = move_task::read(&handle)?;
        let source = move_task::named(&source, "SourceArn", Self::NAME, cx)?;
        let command = Command::CancelMove(CancelMove { source: source.id, task });
        let reply = cx.hub.engine.execute(command, Vec::new()).await;
        let moved = reply::move_cancelled(reply.map_err(|error| About::default().fault(error))?)?;
        Ok(Cancelled { approximate_number_of_messages_moved: moved })
    }
}
