//! What is said when the engine does not do what an operation of SNS asked.

use crate::engine;
use crate::shape::change::Refusals;
use crate::wire::{Code, Fault};
use queue_core::Error;

/// For changes of topics and subscriptions.
pub(crate) const OF_TOPICS: Refusals =
    Refusals { is_overtaken, fault, contended: || Fault::new(Code::Throttling, "Rate exceeded") };

fn is_overtaken(error: Error) -> bool {
    match error {
        Error::Stale
        | Error::NoSuchTopic
        | Error::NoSuchSubscription
        | Error::TopicExists
        | Error::SubscriptionExists => true,
        Error::NoSuchQueue
        | Error::QueueExists
        | Error::QueueDeletedRecently
        | Error::PurgedRecently
        | Error::OverLimit
        | Error::ReceiptExpired
        | Error::NoSuchMessage
        | Error::BeyondVisibilityTotal
        | Error::NoGroup
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

/// Of the machine's refusals only the one of a group can get here, and only if what was checked before is not what
/// the machine asks for; the rest are overtaken, or concern queues.
fn fault(error: engine::Error) -> Fault {
    match error {
        engine::Error::Stopped => {
            Fault::new(Code::ServiceUnavailable, "The service is stopping. Please try again.")
        }
        engine::Error::Full(lack) => Fault::full(lack),
        engine::Error::Damaged => Fault::internal(),
        engine::Error::Refused(error) => {
            tracing::error!(?error, "a command for a topic was refused against expectation");
            Fault::internal()
        }
    }
}
