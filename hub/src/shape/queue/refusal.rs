//! What is said when the engine does not do what an operation of SQS asked: the one place where the core's errors
//! become AWS's.

use crate::engine::Error as Engine;
use crate::shape::change::Refusals;
use crate::wire::{Code, Fault};
use queue_core::Error;

/// What was asked, as far as the texts speak of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct About<'a> {
    /// The name of the queue.
    pub(crate) queue: &'a str,
    /// The receipt handle as it was given.
    pub(crate) handle: &'a str,
    /// The visibility timeout as it was given.
    pub(crate) timeout_seconds: u32,
}

/// For changes of queues.
pub(crate) const OF_QUEUES: Refusals =
    Refusals { is_overtaken, fault: |error| About::default().fault(error), contended };

fn is_overtaken(error: Error) -> bool {
    match error {
        Error::Stale | Error::QueueExists => true,
        Error::NoSuchQueue
        | Error::QueueDeletedRecently
        | Error::PurgedRecently
        | Error::OverLimit
        | Error::ReceiptExpired
        | Error::NoSuchMessage
        | Error::BeyondVisibilityTotal
        | Error::NoGroup
        | Error::NoSuchTopic
        | Error::NoSuchSubscription
        | Error::TopicExists
        | Error::SubscriptionExists
        | Error::MoveRunning
        | Error::NoSuchMove
        | Error::NoReplay
        | Error::Purged
        | Error::NoDeadLetterQueue
        | Error::UnfitMembers
        | Error::IsMember
        | Error::GenesisTwice => false,
    }
}

impl About<'_> {
    /// Why a command was not executed.
    pub(crate) fn fault(&self, error: Engine) -> Fault {
        match error {
            Engine::Refused(error) => self.refusal(error),
            Engine::Full(lack) => Fault::full(lack),
            Engine::Damaged => Fault::internal(),
            Engine::Stopped => {
                Fault::new(Code::ServiceUnavailable, "The service is unavailable. Please try again.")
            }
        }
    }

    /// Why a command, or an entry of one, was refused.
    pub(crate) fn refusal(&self, error: Error) -> Fault {
        let Self { queue, handle, timeout_seconds } = self;
        match error {
            Error::NoSuchQueue => Fault::queue_does_not_exist(),
            Error::QueueDeletedRecently => Fault::new(
                Code::QueueDeletedRecently,
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            ),
            Error::PurgedRecently => Fault::new(
                Code::PurgeQueueInProgress,
                format!("Only one PurgeQueue operation on {queue} is allowed every 60 seconds."),
            ),
            Error::OverLimit => Fault::new(Code::OverLimit, "Too many messages in flight."),
            Error::ReceiptExpired => {
                Fault::invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.")
            }
            Error::NoSuchMessage | Error::Purged => Fault::invalid_value(
                handle,
                "ReceiptHandle",
                "Message does not exist or is not available for visibility timeout change.",
            ),
            Error::BeyondVisibilityTotal => Fault::invalid_value(
                timeout_seconds,
                "VisibilityTimeout",
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].",
            ),
            Error::MoveRunning => Fault::new(
                Code::InvalidParameterValue,
                "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
            ),
            Error::NoDeadLetterQueue => Fault::new(
                Code::InvalidParameterValue,
                format!("The queue {queue} has no dead-letter queue."),
            ),
            Error::UnfitMembers => Fault::new(
                Code::InvalidAttributeValue,
                "Invalid value for the parameter PriorityMembers. Reason: Members must be existing queues of the same type that are no priority queues, each named once.",
            ),
            Error::IsMember => Fault::new(
                Code::InvalidParameterValue,
                format!("The queue {queue} is a member of a priority queue."),
            ),
            Error::NoSuchMove => Fault::new(Code::ResourceNotFoundException, "Task does not exist."),
            Error::NoGroup => Fault::missing_parameter("MessageGroupId"),
            // What an operation that is told so computes again, until it has done so too often.
            Error::Stale | Error::QueueExists => contended(),
            Error::NoSuchTopic
            | Error::NoSuchSubscription
            | Error::TopicExists
            | Error::SubscriptionExists
            | Error::NoReplay
            | Error::GenesisTwice => {
                tracing::error!(
                    ?error,
                    queue,
                    "a command about a queue was refused for a reason that is not about queues"
                );
                Fault::internal()
            }
        }
    }
}

/// Others changed the same thing again and again.
fn contended() -> Fault {
    Fault::new(Code::ServiceUnavailable, "The queue is being changed by other requests. Please try again.")
}
