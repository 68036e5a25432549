//! Changes of topics and subscriptions: computed from what can be seen, and computed again if that has moved on.

use crate::engine;
use crate::operation::Context;
use crate::wire::{Code, Fault};
use queue_core::{Command, Error, Reply};

/// How often a change is computed before the caller is asked to come back later.
const ATTEMPTS_MAX: usize = 20;

/// What an attempt came to.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for a moment; a box would cost every publish an allocation"
)]
pub(crate) enum Step<T> {
    /// Nothing has to change for this answer.
    Answer(T),
    /// This has to happen first. The bodies stand in the order of the command's references to them.
    Propose(Command, Vec<Vec<u8>>),
}

/// Makes attempts until one is not overtaken by another change. Each looks at everything anew; `settle` makes the
/// answer of what became of the command.
pub(crate) async fn change<T>(
    cx: &Context,
    mut attempt: impl FnMut() -> Result<Step<T>, Fault>,
    settle: impl FnOnce(Reply) -> Option<T>,
) -> Result<T, Fault> {
    for _ in 0..ATTEMPTS_MAX {
        let (command, bodies) = match attempt()? {
            Step::Answer(answer) => return Ok(answer),
            Step::Propose(command, bodies) => (command, bodies),
        };
        match cx.hub.engine.execute(command, bodies).await {
            Ok(reply) => {
                return settle(reply).ok_or_else(|| {
                    tracing::error!("a command was answered with another command's reply");
                    Fault::internal()
                });
            }
            Err(engine::Error::Refused(error)) if is_overtaken(error) => {}
            Err(error) => return Err(refused(error)),
        }
    }
    Err(Fault::new(Code::Throttling, "Rate exceeded"))
}

/// Whether a refusal means that something has changed since it was looked at.
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
        | Error::GenesisTwice => false,
    }
}

/// What SNS says when the engine refuses. Of the machine's refusals only the one of a group can get here, and only
/// if what was checked before is not what the machine asks for; the rest are overtaken, or concern queues.
fn refused(error: engine::Error) -> Fault {
    match error {
        engine::Error::Stopped => Fault::new(
            Code::ServiceUnavailable,
            "The service is stopping. Please try again.",
        ),
        engine::Error::Refused(error) => {
            tracing::error!(?error, "a command for a topic was refused against expectation");
            Fault::internal()
        }
    }
}
