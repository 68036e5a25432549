//! From operations of SQS to commands of the machine, and from its replies back.

use super::limits;
use super::message::Ready;
use super::refusal::{About, contended, unexpected};
use super::url::QueueUrl;
use crate::catalogue::QueueView;
use crate::engine::Error as Engine;
use crate::operation::Context;
use crate::wire::Fault;
use queue_core::{Accepted, Command, Error, Reply, Send as SendCommand};

/// Executes a command of which there is nothing to say but that it is done.
pub(crate) async fn execute(cx: &Context, command: Command, about: About<'_>) -> Result<(), Fault> {
    match cx.hub.engine.execute(command, Vec::new()).await {
        Ok(Reply::Done) => Ok(()),
        Ok(reply) => Err(unexpected(&reply)),
        Err(error) => Err(about.fault(error)),
    }
}

/// Changes a queue by what it is now. If it has changed in between, the change is computed again; no command means
/// that there is nothing to change.
pub(crate) async fn change(
    cx: &Context,
    url: &QueueUrl,
    compute: impl Fn(&QueueView) -> Result<Option<Command>, Fault> + Sync,
) -> Result<(), Fault> {
    for _ in 0..limits::ATTEMPTS {
        let queue = url.queue(cx)?;
        let Some(command) = compute(&queue)? else {
            return Ok(());
        };
        match cx.hub.engine.execute(command, Vec::new()).await {
            Ok(Reply::Done) => return Ok(()),
            Ok(reply) => return Err(unexpected(&reply)),
            Err(Engine::Refused(Error::Stale)) => {}
            Err(error) => {
                return Err(About {
                    queue: &queue.name.name,
                    ..About::default()
                }
                .fault(error));
            }
        }
    }
    Err(contended())
}

/// Executes a command about several receives; tells what became of each.
pub(crate) async fn each(cx: &Context, command: Command) -> Result<Vec<Result<(), Error>>, Fault> {
    match cx.hub.engine.execute(command, Vec::new()).await {
        Ok(Reply::Each(outcomes)) => Ok(outcomes),
        Ok(reply) => Err(unexpected(&reply)),
        Err(error) => Err(About::default().fault(error)),
    }
}

/// Executes a command about one receive.
pub(crate) async fn one(cx: &Context, command: Command, about: About<'_>) -> Result<(), Fault> {
    let outcome = each(cx, command).await?.into_iter().next();
    outcome
        .ok_or_else(Fault::internal)?
        .map_err(|error| about.refusal(error))
}

/// Sends messages to a queue, all or none; tells what each was accepted as.
pub(crate) async fn send(
    cx: &Context,
    queue: &QueueView,
    messages: &mut [Ready],
) -> Result<Vec<Accepted>, Fault> {
    let outgoing = messages.iter().map(|message| message.outgoing.clone()).collect();
    let bodies = messages
        .iter_mut()
        .map(|message| std::mem::take(&mut message.body))
        .collect();
    let command = Command::Send(SendCommand {
        queue: queue.id,
        messages: outgoing,
    });
    match cx.hub.engine.execute(command, bodies).await {
        Ok(Reply::Sent(accepted)) => Ok(accepted),
        Ok(reply) => Err(unexpected(&reply)),
        Err(error) => Err(About::default().fault(error)),
    }
}
