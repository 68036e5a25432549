//! Changes: computed from what can be seen, and computed again if that has moved on.

use crate::engine;
use crate::live::Tap;
use crate::operation::Context;
use crate::wire::Fault;
use queue_core::{Command, Error, Reply};

/// How often a change is computed before the caller is asked to come back later.
const ATTEMPTS_MAX: usize = 20;

/// What an attempt came to.
pub(crate) enum Step<T> {
    /// Nothing has to change for this answer.
    Answer(T),
    /// This has to happen first. The bodies stand in the order of the command's references to them.
    Propose(Command, Vec<Vec<u8>>),
    /// The same, and those who read live are shown what is published.
    Publish(Command, Vec<Vec<u8>>, Tap),
}

/// What a service makes of a change that does not come about.
pub(crate) struct Refusals {
    /// Whether a refusal means that something has changed since it was looked at.
    pub(crate) is_overtaken: fn(Error) -> bool,
    /// What is said of every other failure.
    pub(crate) fault: fn(engine::Error) -> Fault,
    /// What is said if others change the same thing again and again.
    pub(crate) contended: fn() -> Fault,
}

/// Makes attempts until one is not overtaken by another change. Each looks at everything anew; `settle` makes the
/// answer of what became of the command.
pub(crate) async fn change<T>(
    cx: &Context,
    refusals: &Refusals,
    mut attempt: impl FnMut() -> Result<Step<T>, Fault>,
    settle: impl FnOnce(Reply) -> Result<T, Fault>,
) -> Result<T, Fault> {
    for _ in 0..ATTEMPTS_MAX {
        let engine = &cx.hub.engine;
        let changed = match attempt()? {
            Step::Answer(answer) => return Ok(answer),
            Step::Propose(command, bodies) => engine.execute(command, bodies).await,
            Step::Publish(command, bodies, tap) => engine.publish(command, bodies, tap).await,
        };
        match changed {
            Ok(reply) => return settle(reply),
            Err(engine::Error::Refused(error)) if (refusals.is_overtaken)(error) => {}
            Err(error) => return Err((refusals.fault)(error)),
        }
    }
    Err((refusals.contended)())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth;
    use crate::config::Settings;
    use crate::hub::Hub;
    use crate::shape::queue::refusal::OF_QUEUES;
    use crate::shape::reply;
    use crate::shape::topic::refusal::OF_TOPICS;
    use crate::wire::Code;
    use queue_core::TopicId;

    fn context() -> Context {
        Context {
            hub: Hub::in_memory(Settings::default()).unwrap(),
            caller: auth::authenticate(None, "eu-west-1").unwrap(),
            base_url: String::new(),
            queue_path: None,
            trace_header: None,
            span: tracing::Span::none(),
        }
    }

    /// Proposes to delete a topic that does not exist; says what came of it and how often it was tried.
    async fn delete(refusals: &Refusals) -> (Code, usize) {
        let mut attempts = 0;
        let attempt = || {
            attempts += 1;
            Ok(Step::Propose(Command::DeleteTopic(TopicId(7)), Vec::new()))
        };
        let fault = change(&context(), refusals, attempt, reply::done).await.unwrap_err();
        (fault.code(), attempts)
    }

    #[tokio::test]
    async fn a_change_that_is_overtaken_is_computed_again_but_not_for_ever() {
        assert_eq!(delete(&OF_TOPICS).await, (Code::Throttling, ATTEMPTS_MAX));
        let any = Refusals { is_overtaken: |_| true, ..OF_QUEUES };
        assert_eq!(delete(&any).await, (Code::ServiceUnavailable, ATTEMPTS_MAX));
    }

    #[tokio::test]
    async fn another_refusal_ends_it() {
        assert_eq!(delete(&OF_QUEUES).await, (Code::InternalFailure, 1));
    }
}
