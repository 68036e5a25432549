//! From operations of SQS to commands of the machine, and from its replies back.

use super::message::Ready;
use super::refusal::{About, OF_QUEUES};
use super::url::QueueUrl;
use crate::catalogue::QueueView;
use crate::operation::Context;
use crate::shape::change::{self, Step};
use crate::shape::reply;
use crate::socket::Stake;
use crate::wire::Fault;
use futures_util::future::join_all;
use queue_core::{Accepted, Command, Error, Send as SendCommand};

/// Executes a command of which there is nothing to say but that it is done.
pub(crate) async fn execute(cx: &Context, command: Command, about: About<'_>) -> Result<(), Fault> {
    let stake = Stake::of(&command, &cx.hub);
    let reply = cx.hub.engine.execute(command, Vec::new()).await;
    reply::done(reply.map_err(|error| about.fault(error))?)?;
    stake.lose(&[], &cx.hub).await;
    Ok(())
}

/// Changes a queue by what it is now. If it has changed in between, the change is computed again; no command means
/// that there is nothing to change.
pub(crate) async fn change(
    cx: &Context,
    action: &'static str,
    url: &QueueUrl,
    compute: impl Fn(&QueueView) -> Result<Option<Command>, Fault> + Sync,
) -> Result<(), Fault> {
    let attempt = || {
        let queue = url.queue(action, cx)?;
        Ok(match compute(&queue)? {
            Some(command) => Step::Propose(command, Vec::new()),
            None => Step::Answer(()),
        })
    };
    change::change(cx, &OF_QUEUES, attempt, reply::done).await
}

/// Executes a command about several receives; tells what became of each.
pub(crate) async fn each(cx: &Context, command: Command) -> Result<Vec<Result<(), Error>>, Fault> {
    let stake = Stake::of(&command, &cx.hub);
    let reply = cx.hub.engine.execute(command, Vec::new()).await;
    let outcomes = reply::each(reply.map_err(|error| About::default().fault(error))?)?;
    stake.lose(&outcomes, &cx.hub).await;
    Ok(outcomes)
}

/// Executes a command about one receive.
pub(crate) async fn one(cx: &Context, command: Command, about: About<'_>) -> Result<(), Fault> {
    let outcome = each(cx, command).await?.into_iter().next();
    outcome.ok_or_else(Fault::internal)?.map_err(|error| about.refusal(error))
}

/// Sends messages to the queues that they are for, those for one queue all or none; tells what each was accepted as, or
/// why it was not. Where none was accepted, there is nothing to tell of each.
pub(crate) async fn send(
    cx: &Context,
    messages: &mut [Ready],
) -> Result<Vec<Result<Accepted, Fault>>, Fault> {
    let mut queues: Vec<_> = messages.iter().map(|message| message.queue).collect();
    queues.sort_unstable();
    queues.dedup();
    let mut sendings = Vec::with_capacity(queues.len());
    for queue in queues {
        let own = || messages.iter().enumerate().filter(|(_, message)| message.queue == queue);
        let places: Vec<_> = own().map(|(place, _)| place).collect();
        let outgoing = own().map(|(_, message)| message.outgoing.clone()).collect();
        let own = messages.iter_mut().filter(|message| message.queue == queue);
        let bodies = own.map(|message| std::mem::take(&mut message.body)).collect();
        let command = Command::Send(SendCommand { queue, messages: outgoing });
        sendings.push(async move { (places, cx.hub.engine.execute(command, bodies).await) });
    }
    let mut outcomes: Vec<_> = messages.iter().map(|_| Err(Fault::internal())).collect();
    let mut refusal = None;
    let mut is_any_accepted = false;
    // All at once, so that they come into one entry of the log.
    for (places, reply) in join_all(sendings).await {
        let reply = reply.map_err(|error| About::default().fault(error)).and_then(reply::sent);
        let outcome: Vec<_> = match reply {
            Ok(accepted) => accepted.into_iter().map(Ok).collect(),
            Err(fault) => places.iter().map(|_| Err(refusal.insert(fault.clone()).clone())).collect(),
        };
        is_any_accepted |= outcome.iter().any(Result::is_ok);
        for (place, outcome) in places.into_iter().zip(outcome) {
            if let Some(kept) = outcomes.get_mut(place) {
                *kept = outcome;
            }
        }
    }
    match refusal {
        Some(fault) if !is_any_accepted => Err(fault),
        _ => Ok(outcomes),
    }
}
