//! [`ListMessageMoveTasks`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html):
//! tells of the last message move tasks of a queue, the newest first.
//!
//! Differs from AWS: the numbers are those of the last entry of the log, so they are at most a second or two old.

use crate::catalogue::QueueView;
use crate::operation::{Context, Operation};
use crate::shape::arn;
use crate::shape::queue::refusal::About;
use crate::shape::queue::{limits, move_task};
use crate::wire::{Code, Fault};
use queue_core::{MoveFailure, MoveStatus, MoveTask};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListMessageMoveTasks {
    source_arn: Option<String>,
    max_results: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    results: Vec<Task>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Task {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_handle: Option<String>,
    status: &'static str,
    source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_number_of_messages_per_second: Option<u32>,
    approximate_number_of_messages_moved: u64,
    approximate_number_of_messages_to_move: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<&'static str>,
    /// In milliseconds.
    started_timestamp: u64,
}

impl Operation for ListMessageMoveTasks {
    const NAME: &'static str = "ListMessageMoveTasks";
    type Output = Listed;

    async fn run(self, cx: &Context) -> Result<Listed, Fault> {
        let arn = self.source_arn.ok_or_else(|| Fault::missing_parameter("SourceArn"))?;
        let source = move_task::queue(&arn, "SourceArn", Self::NAME, cx)?;
        let maximum = self.max_results.map_or(Ok(*limits::MOVE_TASKS.start()), maximum)?;
        let id = source.id;
        let tasks = cx
            .hub
            .engine
            .read(None, move |machine| machine.move_tasks(id).take(maximum).cloned().collect::<Vec<_>>());
        let tasks = tasks.await.map_err(|error| About::default().fault(error))?;
        Ok(Listed { results: tasks.iter().map(|task| shown(task, &source)).collect() })
    }
}

fn maximum(given: i64) -> Result<usize, Fault> {
    let maximum = usize::try_from(given).ok().filter(|maximum| limits::MOVE_TASKS.contains(maximum));
    maximum.ok_or_else(|| {
        Fault::new(
            Code::InvalidParameterValue,
            "Value for parameter MaxResults is invalid. Reason: You must enter a value that is between 1 and 10.",
        )
    })
}

fn shown(task: &MoveTask, source: &QueueView) -> Task {
    let (status, failure_reason) = match task.status {
        MoveStatus::Running => ("RUNNING", None),
        MoveStatus::Completed => ("COMPLETED", None),
        MoveStatus::Cancelled => ("CANCELLED", None),
        MoveStatus::Failed(MoveFailure::NoSuchQueue) => {
            ("FAILED", Some("AWS.SimpleQueueService.NonExistentQueue"))
        }
        MoveStatus::Failed(MoveFailure::NoSource) => ("FAILED", Some("CouldNotDetermineMessageSource")),
    };
    let is_running = task.status == MoveStatus::Running;
    Task {
        task_handle: is_running.then(|| move_task::handle(task.id, &source.name)),
        status,
        source_arn: arn::of_queue(&source.name),
        destination_arn: task.destination.as_ref().map(arn::of_queue),
        max_number_of_messages_per_second: task.per_second,
        approximate_number_of_messages_moved: task.moved,
        approximate_number_of_messages_to_move: task.total,
        failure_reason,
        started_timestamp: task.started.milliseconds(),
    }
}
