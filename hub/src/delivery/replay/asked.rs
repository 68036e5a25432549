//! A replay that is asked for once, to a queue or to a subscription, and is over with its answer.

use super::{Sieve, page};
use crate::engine::Span;
use crate::hub::Hub;
use crate::shape::reply;
use crate::shape::subscription::endpoint;
use crate::shape::topic::refusal::OF_TOPICS;
use crate::wire::Fault;
use filters::Policy;
use queue_core::{Command, Redeliver, Target};
use serde::Serialize;

/// What became of the messages of a span.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    /// They are in a queue again.
    replayed: u64,
    /// A filter kept them back.
    filtered: u64,
    /// No queue took them, or they could not be read any more.
    dropped: u64,
}

/// Delivers all messages of a span that pass every filter.
pub(crate) async fn replay(
    hub: &Hub,
    span: Span,
    target: &Target,
    filters: Vec<Policy>,
) -> Result<Tally, Fault> {
    let protocol = match target {
        Target::Subscription(id) => {
            let view = hub.catalogue.subscription(hub.secrets.subscription(*id));
            view.map_or_else(|| "sqs".into(), |view| endpoint::protocol(&view.endpoint).into())
        }
        Target::Policy(_) | Target::Queue(_) => "sqs".into(),
    };
    let sieve = Sieve { protocol, filters: filters.into() };
    let (mut tally, mut after) = (Tally::default(), 0);
    loop {
        let page = page(hub, span, after, &sieve).await.map_err(OF_TOPICS.fault)?;
        if page.reached == after {
            return Ok(tally);
        }
        after = page.reached;
        let passed = page.passed.len() as u64;
        let redeliver = Redeliver { topic: span.topic, target: target.clone(), messages: page.passed };
        let reply = hub.engine.execute(Command::Redeliver(redeliver), Vec::new()).await;
        let replayed = reply::redelivered(reply.map_err(OF_TOPICS.fault)?)?;
        tally.replayed += replayed;
        tally.filtered += page.filtered;
        tally.dropped += page.damaged + passed.saturating_sub(replayed);
    }
}
