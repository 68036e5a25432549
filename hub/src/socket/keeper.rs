//! What time does to sessions: leases are renewed, sessions whose clients do not come back end, and clients are told
//! how their queues stand. One task looks at all of them.

use super::held::Renewal;
use super::protocol::{Loss, Said, Stats};
use super::session::Session;
use super::settling::{self, Returned, give_back};
use crate::engine;
use crate::hub::Hub;
use crate::work::{Stop, stopped};
use futures_util::future::join_all;
use queue_core::{Command, Error, Machine, QueueId, Renew, Reply};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it looks. A third of the shortest lease is longer.
const EVERY: Duration = Duration::from_millis(250);

/// Keeps the sessions of a hub until it stops.
pub(crate) async fn run(hub: Arc<Hub>, mut stop: Stop) {
    let keeping = async {
        loop {
            tokio::time::sleep(EVERY).await;
            keep(&hub).await;
        }
    };
    tokio::select! {
        () = stopped(&mut stop) => {}
        () = keeping => {}
    }
}

/// Does what is due now.
pub(crate) async fn keep(hub: &Arc<Hub>) {
    let (now, real) = (hub.now(), Instant::now());
    let mut work = Vec::new();
    let mut returned = Returned::default();
    for session in hub.sockets.sessions() {
        let due = session.with(|state| state.due(now, real));
        for (sub, number, renewal) in due.renewals {
            work.push(renew(hub, Arc::clone(&session), sub, number, renewal));
        }
        for (sub, queue) in due.reports {
            let (hub, session) = (Arc::clone(hub), Arc::clone(&session));
            // Nobody waits for it.
            tokio::spawn(async move { report(&hub, &session, &sub, queue).await });
        }
        if let Some(receipts) = due.ended {
            hub.sockets.forget(session.id);
            returned.seen.extend(receipts);
        }
    }
    tokio::join!(join_all(work), give_back(hub, returned));
}

/// Renews leases of a consumer by one command, and has the client told what it has lost.
async fn renew(hub: &Hub, session: Arc<Session>, sub: Box<str>, number: u64, renewal: Renewal) {
    let Renewal { queue, lease, receipts } = renewal;
    let (tags, receipts): (Vec<_>, Vec<_>) = receipts.into_iter().unzip();
    let at = hub.now();
    let renewed =
        hub.engine.execute(Command::Renew(Renew { queue, receipts, visibility: lease }), Vec::new()).await;
    let outcomes = match renewed {
        Ok(Reply::Each(outcomes)) => outcomes,
        Err(engine::Error::Refused(error)) => vec![Err(error); tags.len()],
        // The leases may still hold; it is tried again.
        Ok(_) | Err(engine::Error::Full(_) | engine::Error::Damaged | engine::Error::Stopped) => return,
    };
    let has_dead_letters =
        hub.catalogue.queue_by_id(queue).is_some_and(|view| view.attributes.redrive.is_some());
    session.with(|state| {
        let mut lost = Vec::new();
        let Some(consumer) = state.consumer(&sub, number) else { return };
        for (tag, outcome) in tags.into_iter().zip(outcomes) {
            match outcome {
                Ok(()) => consumer.held.renewed(tag, at.after(lease)),
                Err(error) => {
                    if let Some(held) = consumer.held.take(tag) {
                        lost.push((loss(error, held.until <= at, has_dead_letters), tag));
                    }
                }
            }
        }
        lost.sort_unstable();
        for same in lost.chunk_by(|(one, _), (other, _)| one == other) {
            let tags: Vec<_> = same.iter().map(|(_, tag)| *tag).collect();
            if let Some((why, _)) = same.first() {
                state.say_lost(&sub, &tags, *why);
            }
        }
    });
}

/// What a lease that cannot be renewed was lost to.
fn loss(error: Error, has_ended: bool, has_dead_letters: bool) -> Loss {
    match settling::loss(error).unwrap_or(Loss::Deleted) {
        // It was visible when it went: what was received too often is moved then, and what is kept too long expires.
        Loss::Deleted if has_ended && has_dead_letters => Loss::Moved,
        Loss::Deleted if has_ended => Loss::Expired,
        lost @ (Loss::Deleted | Loss::Expired | Loss::Purged | Loss::Moved) => lost,
    }
}

/// Tells a client how its queue stands; a priority queue, how its members do together.
async fn report(hub: &Hub, session: &Session, sub: &str, queue: QueueId) {
    let now = hub.now();
    let look = move |machine: &Machine| {
        let mut stats = (0, 0, None);
        for queue in machine.queues_of(queue) {
            let (counts, oldest) = (queue.counts(), queue.oldest());
            stats = (
                stats.0 + counts.visible,
                stats.1 + counts.in_flight,
                stats.2.into_iter().chain(oldest).min(),
            );
        }
        stats
    };
    if let Ok((ready, inflight, oldest)) = hub.engine.read(Some(queue), look).await {
        let oldest_age = oldest.map_or(0, |oldest| now.since(oldest).as_secs());
        session.say(&Said::Stats(Stats { sub, ready, inflight, oldest_age }));
    }
}
