//! The replays that subscriptions ask for by their attribute `ReplayPolicy`. How far each has come is in the machine, so
//! a restart goes on where the last one ended.

use super::{Sieve, page};
use crate::catalogue::SubscriptionView;
use crate::engine::{Error, Span};
use crate::hub::Hub;
use crate::shape::subscription::endpoint;
use crate::work::{Stop, stopped};
use queue_core::{Command, Consent, Progress, Redeliver, SubscriptionId, Target};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// How long a replay that cannot go on waits: for its end, for room, or for the disk.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves one of them until it is over or the hub stops: a page whenever it has its turn.
pub(crate) async fn run(hub: Arc<Hub>, id: SubscriptionId, turns: Arc<Semaphore>, mut stop: Stop) {
    loop {
        let turn = tokio::select! {
            biased;
            () = stopped(&mut stop) => return,
            turn = turns.acquire() => turn,
        };
        let Some(subscription) = hub.catalogue.served_as(id).filter(|view| can_go_on(view)) else {
            return;
        };
        let stepped = step(&hub, &subscription).await;
        drop(turn);
        match stepped {
            // If refused, it, or what it asks for, is not what it was: the next look shows it.
            Ok(true) | Err(Error::Refused(_)) => continue,
            Ok(false) => {}
            Err(Error::Stopped) => return,
            Err(error @ (Error::Full(_) | Error::Damaged)) => tracing::debug!(%error, "a replay waits"),
        }
        tokio::select! {
            () = stopped(&mut stop) => return,
            () = sleep(PAUSE) => {}
        }
    }
}

/// Whether there is something left to replay to an endpoint that wants it.
pub(crate) fn can_go_on(subscription: &SubscriptionView) -> bool {
    let agreed = match subscription.consent {
        Consent::Given(_) => true,
        Consent::Pending(_) | Consent::Withdrawn(_) => false,
    };
    agreed && subscription.replay.is_some_and(|replay| !replay.completed)
}

/// Delivers the next page. Says whether that led on: before the start there is nothing, before the end
/// there may be nothing more yet.
async fn step(hub: &Hub, subscription: &SubscriptionView) -> Result<bool, Error> {
    let (Some(policy), Some(replay)) = (subscription.attributes.replay, subscription.replay) else {
        return Ok(false);
    };
    // What is published before its start is neither replayed nor delivered.
    if policy.from > hub.now() {
        return Ok(false);
    }
    let topic = subscription.topic;
    if hub.catalogue.topic(&subscription.topic_name).is_none_or(|found| found.id != topic) {
        return Ok(false);
    }
    let span = Span { topic, from: policy.from, to: policy.to };
    let protocol = endpoint::protocol(&subscription.endpoint).into();
    let sieve = Sieve { protocol, filters: subscription.policy.iter().cloned().collect() };
    let page = page(hub, span, replay.reached, &sieve).await?;
    let ends_later = policy.to.is_some_and(|to| to >= hub.now());
    if page.reached == replay.reached && ends_later {
        return Ok(false);
    }
    let progress = Progress {
        subscription: subscription.id,
        version: subscription.version,
        seen: replay.reached,
        reached: page.reached,
    };
    let redeliver = Redeliver { topic, target: Target::Policy(progress), messages: page.passed };
    hub.engine.execute(Command::Redeliver(redeliver), Vec::new()).await?;
    Ok(true)
}
