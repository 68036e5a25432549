//! The replays that subscriptions ask for by their attribute `ReplayPolicy`. How far each has come is in the machine, so
//! a restart goes on where the last one ended.

use super::{Sieve, page};
use crate::catalogue::SubscriptionView;
use crate::engine::{Error, Span};
use crate::hub::Hub;
use crate::shape::subscription::endpoint;
use crate::work::Stop;
use queue_core::{Command, Consent, Progress, Redeliver, Target};
use std::future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How long a replay that cannot go on waits: for its end, for room, or for the disk.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves all of them in turn, a page each, until the hub stops.
pub(crate) async fn run(hub: Arc<Hub>, mut stop: Stop) {
    let mut served = hub.catalogue.watch_served();
    while !*stop.borrow() {
        served.mark_unchanged();
        let replaying: Vec<_> = hub.catalogue.served().into_iter().filter(can_go_on).collect();
        let mut has_moved = false;
        for subscription in &replaying {
            match step(&hub, subscription).await {
                Ok(moved) => has_moved |= moved,
                Err(Error::Stopped) => return,
                // It, or what it asks for, is not what it was: the next look shows it.
                Err(Error::Refused(_)) => has_moved = true,
                Err(error @ (Error::Full(_) | Error::Damaged)) => tracing::debug!(%error, "a replay waits"),
            }
            if *stop.borrow() {
                return;
            }
        }
        if has_moved {
            continue;
        }
        let pause = async { if replaying.is_empty() { future::pending().await } else { sleep(PAUSE).await } };
        tokio::select! {
            changed = served.changed() => if changed.is_err() { return },
            () = pause => {}
            _ = stop.changed() => return,
        }
    }
}

/// Whether there is something left to replay to an endpoint that wants it.
fn can_go_on(subscription: &Arc<SubscriptionView>) -> bool {
    let agreed = match subscription.consent {
        Consent::Given(_) => true,
        Consent::Pending(_) | Consent::Withdrawn(_) => false,
    };
    agreed && subscription.replay.is_some_and(|replay| !replay.completed)
}

/// Delivers the next page. Says whether that led on: before the end there may be nothing more yet.
async fn step(hub: &Hub, subscription: &Arc<SubscriptionView>) -> Result<bool, Error> {
    let (Some(policy), Some(replay)) = (subscription.attributes.replay, subscription.replay) else {
        return Ok(false);
    };
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
